"""Whether the examples in a plugin's documentation are right."""

from __future__ import annotations

import doctest
import io
from collections.abc import Iterator
from typing import Any, Final

import anyio
import msgspec

from ciranda.actions import Action
from ciranda.actions.docstring import parse_docstring
from ciranda.conformance.examined import Examined, place_of
from ciranda.conformance.finding import Finding
from ciranda.conformance.samples import FENCE, example_of
from ciranda.errors import CirandaError
from ciranda.testing import harness

__all__ = ["example_rules"]

RULE: Final = "examples"


def example_rules(one: Examined) -> Iterator[Finding]:
    """Yield examples that do not work: steps, workflows and Python in docstrings, the README."""
    looked = 0
    for action in one.actions.values():
        place = place_of(action.function)
        looked += bool(parse_docstring(action.function.__doc__).example)
        for problem in _python(action, one):
            yield Finding.fail(RULE, f"the example of `{action.name}` {problem}", place)
        try:
            shown = example_of(action)
        except CirandaError as error:
            yield Finding.fail(RULE, f"the example of `{action.name}` is no YAML: {error}", place)
            continue
        for data in shown:
            problem = anyio.run(_workflow, one, _as_text(data))
            if problem:
                yield Finding.fail(RULE, f"the example of `{action.name}` {problem}", place)
    for number, text in enumerate(_readme(one), 1):
        looked += 1
        problem = anyio.run(_workflow, one, text)
        if problem:
            yield Finding.fail(RULE, f"workflow {number} of its README {problem}", "README.md")
    if not looked:
        yield Finding.skip(RULE, "its documentation has no examples")


def _python(action: Action, one: Examined) -> Iterator[str]:
    text = parse_docstring(action.function.__doc__).example
    if ">>>" not in text:
        return
    names = dict(vars(one.module)) | dict(getattr(action.function, "__globals__", {}))
    test = doctest.DocTestParser().get_doctest(text, names, action.name, None, None)
    said = io.StringIO()
    results = doctest.DocTestRunner(verbose=False).run(test, out=said.write)
    if results.failed:
        lines = [line.strip() for line in said.getvalue().splitlines() if line.strip()]
        yield f"goes otherwise: {' '.join(lines[-4:])}"


def _as_text(data: dict[str, Any]) -> str:
    """Return the text of a workflow; a step becomes one of its own."""
    whole = data if "steps" in data else {"steps": {"step": data}}
    return msgspec.json.encode({"ciranda": 1, **whole}).decode()


async def _workflow(one: Examined, text: str) -> str:
    """Return what is wrong with a workflow; nothing of it is run."""
    async with harness(one.handed, one.settings) as opened:
        try:
            opened.engine.plugins.load(declared=one.declared)
            opened.engine.check(opened.load(text))
        except CirandaError as error:
            return f"is faulty: {str(error).splitlines()[0]}"
    return ""


def _readme(one: Examined) -> Iterator[str]:
    folder = one.subject.folder
    file = None if folder is None else folder / "README.md"
    if file is None or not file.is_file():
        return
    for block in FENCE.findall(file.read_text("utf-8", errors="replace")):
        if block.lstrip().startswith("ciranda: 1"):
            yield block
