"""Each rule finds the plugin that breaks it, and no other rule does."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ciranda.conformance import RULES, Finding, Verdict, conform, find_subject
from ciranda.conformance.trying import TRIED

from .conftest import FRESH, GOOD, HERE, Failed, failing

SIGNED = '        return f"{text}, signed"'
LISTENS = """import socket
with socket.socket() as one:
    one.bind(("127.0.0.1", 0))"""
DEAF = """try:
            await anyio.sleep(0.2)
        except BaseException:
            pass"""
NAP = "        await anyio.sleep(0)\n"
ANSWERS = "            answer = await next(call)\n        return answer"
EXAMPLE = """        Example:
            ```yaml
            uses: sample.sign
            with: {text: hello}
            ```
"""
# Of each rule: what is replaced by what, and what is said then.
BROKEN = {
    "api": [(("CIRANDA_API = (1, 0)", ""), "write `CIRANDA_API = (1, 0)`")],
    "hooks": [
        (("def functions()", "def function()"), "no hook `function`; did you mean `functions`?"),
        (("def lifespan(engine)", "def lifespan(motor)"), "`engine`, `settings`, not `motor`"),
        (("@hookimpl\ndef modifiers", "def modifiers"), "`modifiers` bears the name of a hook"),
        (("return [specs]", "return [3]"), "hook specs are in a module"),
    ],
    "loads": [
        (("return [sign]", "return [3]"), "which is no action"),
        (("token: Secret\n", "token: Secret\n    size: bytearray\n"), "`size` of [sample] is not"),
    ],
    "settings-docs": [(("token: What", "other: What"), "`token` of [sample] has no line under")],
    "function-docs": [((', doc="In capitals."', ""), "`shout` has no `doc=`")],
    "hookspec-docs": [
        (('    """Sign a text; None leaves it to the next plugin."""', "    return None"),
         "the hook `sign_text` has no docstring"),
    ],
    "modifier-docs": [
        (("times: Turns", "turns: Turns"), "the option `times` of `sample.again` has no line"),
        (('    """Do a step again."""\n', ""), "`sample.again` has no docstring"),
    ],
    "trigger-docs": [
        (('    """Hear a bell."""\n', ""), "`sample.rang` has no docstring"),
        (("times: It", "turns: It"), "the option `times` of `sample.rang` has no line"),
    ],
    "action-docs": [(("text: What", "word: What"), "the input `text` of `sample.sign`")],
    "action-types": [
        (("sign(text: str) -> str", "sign(text) -> str"), "the input `text` of `sample.sign` has"),
        (("sign(text: str) -> str", "sign(text: str)"), "`sample.sign` does not say what it"),
    ],
    "error-kinds": [(('StepError("sample.empty"', 'StepError("sample.none"'), "`sample.none`")],
    "examples": [
        (("uses: sample.sign", "uses: sample.sing"), "there is no action `sample.sing`"),
        (("with: {text: hello}", "with: {text: hello, more: 1}"), "`more`"),
        (("with: {text", "with: {text: ]"), "is no YAML"),
        (("```yaml", ">>> 1 + 1\n            3\n\n            ```yaml"), "goes otherwise"),
    ],
    "loader-files": [
        (("data.decode()", "data[0:9] and {}[data] or ''"), "raised KeyError: "),
        (("return text if", "return 3 if"), "returned int: tell its author"),
    ],
    "action-runs": [
        ((SIGNED, "        return {}[text]"), "KeyError: 'hello'"),
        ((SIGNED, '        raise StepError("sample." + text, "no")'), "(kind `sample.hello`)"),
    ],
    "action-output": [((SIGNED, "        return 7"), "on asyncio its output is none")],
    "action-repeat": [((SIGNED, "        return str(next(counter))"), "answers equal inputs diff")],
    "secrets": [
        ((SIGNED, "        return settings.token.reveal()"), "publishes a secret"),
        ((NAP, "        logging.getLogger().error(settings.token.reveal())\n"), "prints or logs"),
    ],
    "middleware": [
        ((ANSWERS, ANSWERS.replace("return answer", "pass")), "loses the answer: write `return"),
        ((ANSWERS, "            try:\n                return await next(call)\n            except "
          "StepError:\n                return None"), "makes null of a failure"),
        ((ANSWERS, "            return (await next(call)).missing"), "fails where the action succ"),
        ((ANSWERS, "            try:\n                return await next(call)\n            except "
          "StepError as error:\n                raise KeyError('x') from error"), "crashes when"),
        ((ANSWERS, "            try:\n                return await next(call)\n            except "
          "StepError:\n                raise\n            except BaseException:\n"
          "                return 1"), "goes on when the step is cancelled"),
    ],
    "lifespan": [
        (("    yield None", "    raise KeyError('door')\n    yield"), "KeyError: 'door'"),
        (("    yield None", "    yield None\n    raise KeyError('door')"), "failed in its life"),
    ],
}  # fmt: skip
RUNNING = {"middleware", "trigger-cancel", "lifespan", "teardown", *TRIED}
STILL = [one for one in HERE if one not in RUNNING]  # no engine is opened for these
CASES = [
    pytest.param(rule, change, said, id=f"{rule} {number}")
    for rule, cases in BROKEN.items()
    for number, (change, said) in enumerate(cases)
]


def only(found: list[Finding], rule: str) -> str:
    """Return what is said of a rule, which alone is broken."""
    assert {one.rule for one in found} == {rule}, found
    return "\n".join(one.message for one in found)


def test_the_good_one_breaks_no_rule(failed: Failed) -> None:
    assert failed(only=HERE) == []


@pytest.mark.parametrize(("rule", "change", "said"), CASES)
def test_a_plugin_breaks_one_rule(
    failed: Failed, rule: str, change: tuple[str, str], said: str
) -> None:
    still = rule not in RUNNING
    found = only(failed(change, only=STILL if still else RUNNING), rule)

    assert said in found


def test_samples_that_do_not_fit_are_named(failed: Failed) -> None:
    annotated = ("sign(text: str)", "sign(text: Annotated[str, Arg(examples=[3])])")

    assert "do not fit" in only(failed(annotated, (EXAMPLE, ""), only=RUNNING), "action-inputs")


def test_an_action_that_goes_on_when_cancelled_is_named(failed: Failed) -> None:
    deaf = NAP.replace("await anyio.sleep(0)", DEAF)

    assert "goes on when it is cancelled" in only(
        failed((NAP, deaf), only=RUNNING), "action-cancel"
    )


SLOW = """        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.05)
"""
HEARS = '        await hear({"turn": turn}, id=str(turn))\n'


@pytest.mark.parametrize(
    ("old", "new", "written", "said"),
    [
        ("", "", {"times": 2}, ""),
        (HEARS, HEARS.replace("turn}", "'first'}"), {}, "hears what is no event (the data of"),
        (HEARS, "        raise KeyError('bell')\n", {}, "raises KeyError ('bell') on trio"),
        (HEARS, SLOW, {}, "s to end when cancelled on asyncio"),
        ("", "", {"times": "x"}, "the options to try it with do not fit: `times` of `sample.rang`"),
    ],
)
def test_a_listener_is_tried_with_the_options_that_there_are(
    tmp_path: Path, old: str, new: str, written: dict[str, Any], said: str
) -> None:
    file = tmp_path / "sample.py"
    file.write_text(GOOD.replace(old, new, 1))
    subject = replace(find_subject(str(file)), samples={"triggers": {"sample.rang": written}})

    found = conform(subject, only=["trigger-cancel"], patience=0.02)

    assert said in "\n".join(one.message for one in found)
    assert {one.verdict for one in found} == {Verdict.FAIL if said else Verdict.PASS}


@pytest.mark.parametrize(
    ("old", "new", "name", "said"),
    [
        ("", "", "sample.count", ""),
        ("", "", "sample.gone", "there is no exporter `sample.gone` to try"),
        ("        return SpanExportResult.SUCCESS", "        pass", "sample.count", "answers None"),
        (
            "        return SpanExportResult.SUCCESS",
            "        {}[spans]",
            "sample.count",
            "raises Key",
        ),
        ("        assert counter", "        {}[self]", "sample.count", "KeyError in `shutdown`"),
    ],
)
def test_an_exporter_is_tried_where_it_is_asked_for(
    tmp_path: Path, old: str, new: str, name: str, said: str
) -> None:
    file = tmp_path / "sample.py"
    file.write_text(GOOD.replace(old, new, 1))
    subject = replace(find_subject(str(file)), samples={"exporters": [name]})

    found = failing(conform(subject, only=["exporter-spans"]))

    assert said in "\n".join(one.message for one in found)
    assert bool(found) == bool(said)


def test_a_thread_that_is_left_is_named(failed: Failed) -> None:
    stop = threading.Event()
    threading.Event.left = stop  # type: ignore[attr-defined]  # how the plugin finds it
    leave = "    threading.Thread(target=threading.Event.left.wait, name='leak').start()\n    yield"
    try:
        assert "the thread `leak` goes on" in only(
            failed(("    yield None", leave), only=RUNNING, patience=0.3), "teardown"
        )
    finally:
        stop.set()
        del threading.Event.left  # type: ignore[attr-defined]  # as above


@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        ("import", "raise KeyError('x')", "importing fails: it raises KeyError: 'x'"),
        ("import-output", "print('hello')", "importing it prints 'hello'"),
        ("import-effects", "threading.Thread(target=print, args=['']).start()", "starts a thread"),
        ("import-effects", "import subprocess; subprocess.run(['true'])", "starts a process"),
        ("import-effects", LISTENS, "opens a socket"),
        ("import-effects", "import os; os.environ['SAMPLE'] = '1'", "changes the environment"),
    ],
)
def test_what_importing_does_is_named(failed: Failed, rule: str, code: str, said: str) -> None:
    found = failed(("CIRANDA_API = (1, 0)", f"CIRANDA_API = (1, 0)\n{code}"), only=FRESH)

    assert said in "\n".join(one.message for one in found)
    assert {one.rule for one in found} <= {rule, "import-output"}  # a thread may print


def test_each_rule_is_broken_here_and_explained_in_the_guide() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "plugin-authors.md").read_text("utf-8")
    elsewhere = {"import", "import-output", "import-effects", "commands", "package"}
    elsewhere |= {"action-inputs", "action-cancel", "trigger-cancel", "exporter-spans", "teardown"}

    assert {rule.id for rule in RULES} == BROKEN.keys() | elsewhere
    assert [
        rule.id for rule in RULES if not re.search(rf"^\| `{rule.id}` \|", guide, re.MULTILINE)
    ] == []
