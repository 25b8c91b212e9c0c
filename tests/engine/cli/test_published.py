"""What steps tell besides their outputs, as `ciranda show` and log lines have it."""

import json

import pytest

from ciranda.cli.entry import outcome
from ciranda.cli.history import opened, read_timeline
from ciranda.observe.spans import Spans

PLUGIN = """\
from ciranda import Context, action, hookimpl
from ciranda.events import Event


class Translated(Event, frozen=True, kw_only=True, tag=True):
    text: str
    pages: int = 1


@action("word.translate")
async def translate(text: str, *, ctx: Context) -> str:
    await ctx.publish(Translated(text=text))
    return text[::-1]


@hookimpl
def actions():
    return [translate]
"""


@pytest.fixture
def words(project, monkeypatch):
    (project / "word.py").write_text(PLUGIN)
    (project / "word.yaml").write_text(
        "ciranda: 1\nname: word\nplugins: [./word.py]\nsecrets: {TOKEN: {env: TOKEN}}\n"
        "steps:\n  one: {uses: word.translate, with: {text: 'a ${{ secrets.TOKEN }}'}}\n"
        "  many:\n    uses: word.translate\n    map: ${{ range(22) }}\n"
        "    with: {text: '${{ str(item) }}'}\n"
    )
    monkeypatch.setenv("TOKEN", "hush-hush")


@pytest.mark.usefixtures("words")
def test_show_lists_what_plugins_published(cli):
    cli("run", "word.yaml")
    shown = cli("show", "last").out

    assert "Translated text=a *** pages=1" in shown
    assert "and 3 more: -o json tells all" in shown
    published = cli("show", "last", "-o", "json").data["published"]
    assert len(published) == 23
    assert {"type": "Translated", "text": "a ***", "pages": 1}.items() <= published[0].items()


@pytest.mark.usefixtures("words")
def test_log_lines_tell_that_something_was_published(cli, monkeypatch):
    monkeypatch.setenv("CIRANDA_LOG", "info")
    lines = [json.loads(line) for line in cli("run", "word.yaml", "-o", "json").err.splitlines()]

    assert [line["event"] for line in lines].count("published Translated") == 23


COSTLY = """\
from ciranda import Context, StepError, action, hookimpl


@action("model.ask", idempotent=True)
async def ask(tokens: float, *, fails: bool = False, ctx: Context) -> None:
    ctx.used(tokens=tokens, usd=0.004)
    if fails and ctx.attempt == 1:
        raise StepError("unavailable", "later")


@action("model.wrong")
async def wrong(*, ctx: Context) -> None:
    ctx.used(tokens="many")


@hookimpl
def actions():
    return [ask, wrong]
"""


@pytest.fixture
def models(project):
    (project / "model.py").write_text(COSTLY)
    (project / "model.yaml").write_text(
        "ciranda: 1\nname: model\nplugins: [./model.py]\nsteps:\n"
        "  one: {uses: model.ask, with: {tokens: 1200}}\n"
        "  again:\n    uses: model.ask\n    with: {tokens: 5, fails: true}\n"
        "    retry: {attempts: 2, backoff: 1ms}\n"
        "  many: {uses: model.ask, map: '${{ range(3) }}', with: {tokens: '${{ item }}'}}\n"
        "  free: {run: [echo, hi]}\n"
    )
    (project / "wrong.yaml").write_text(
        "ciranda: 1\nname: wrong\nplugins: [./model.py]\nsteps: {bad: {uses: model.wrong}}\n"
    )


USED = {
    "one": {"tokens": 1200, "usd": 0.004},
    "again": {"tokens": 10, "usd": 0.008},
    "many": {"tokens": 3, "usd": 0.012},
}


@pytest.mark.usefixtures("models")
def test_what_steps_used_is_in_their_record(cli):
    assert cli("run", "model.yaml", "-o", "json").data["used"] == USED

    assert "used: tokens 1,200, usd 0.004" in cli("show", "last").out
    steps = cli("show", "last", "-o", "json").data["steps"]
    assert {name: view["used"] for name, view in steps.items()} == {**USED, "free": {}}
    assert steps["many"]["items"][2]["used"] == {"tokens": 2, "usd": 0.004}


@pytest.mark.usefixtures("models")
def test_what_was_used_is_an_attribute_of_the_spans_of_steps(cli):
    cli("run", "model.yaml", "-q")
    with opened(None) as log:
        timeline = read_timeline(log, log.run("last").id)
    segment = timeline.segment
    assert segment is not None
    found = {
        span.name: {
            name.removeprefix("ciranda.used."): amount
            for name, amount in (span.attributes or {}).items()
            if name.startswith("ciranda.used.")
        }
        for track in (*segment.steps(), None)
        for span in Spans().of(timeline, segment, track)
    }

    assert {name: used for name, used in found.items() if used} == USED


@pytest.mark.usefixtures("models")
def test_an_amount_that_is_no_number_is_named(cli):
    assert "ctx.used(tokens='many'): the amount" in cli("run", "wrong.yaml", code=1).err


def test_failures_of_observers_are_json_where_log_lines_are(cli, project, monkeypatch, capsys):
    (project / "deaf.py").write_text(
        "from ciranda import hookimpl\n\n@hookimpl\ndef step_completed(event):\n    1 / 0\n\n"
        "@hookimpl\ndef step_logged(event):\n    raise ValueError('logged')\n\n"
        "from ciranda import Context, action\n\n@action('deaf.log')\n"
        "async def log(*, ctx: Context) -> None:\n    ctx.log.info('hello')\n\n"
        "@hookimpl\ndef actions():\n    return [log]\n"
    )
    (project / "deaf.yaml").write_text(
        "ciranda: 1\nname: deaf\nplugins: [./deaf.py]\nsteps: {one: {uses: deaf.log}}\n"
    )
    monkeypatch.setenv("CIRANDA_LOG", "info")
    assert outcome(["run", "deaf.yaml"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    told = {line["observer"]: line for line in lines if line["event"] == "observer failed"}
    assert told["step_completed"]["reason"] == "division by zero"
    assert "1 / 0" in told["step_completed"]["exception"]
    assert told["step_logged"]["event_type"] == "StepLogged"
    assert told["step_logged"]["level"] == "error"
    assert "ZeroDivision" not in cli("logs", "last").out
