"""What steps tell besides their outputs, as `ciranda show` and log lines have it."""

import json

import pytest

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
