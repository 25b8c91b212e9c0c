"""From a test file to its cases, with every fault at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ciranda.errors import Fault, WorkflowError
from ciranda.trials.case import Answer, Attempt, Case, Expectation, Mock, Sent, TestFile
from ciranda.trials.schema import schema_of_tests
from ciranda.workflow.document import read_document
from ciranda.workflow.durations import parse_duration
from ciranda.workflow.load import sorted_faults
from ciranda.workflow.nearest import nearest
from ciranda.workflow.places import Places
from ciranda.workflow.violation import Violation, says, violations

__all__ = ["read_tests"]

At = tuple[str | int, ...]
_SUFFIX: Final = ".test"
_WORKFLOW: Final = frozenset({"ciranda", "steps"})  # keys that only workflows have
_WANTED: Final = (
    "a test file is YAML such as `cases: [{name: it works, expect: {status: succeeded}}]`"
)


def read_tests(file: str) -> TestFile:
    """Return the cases of a test file.

    Raises:
        WorkflowError: All faults found, in file order.
    """
    try:
        document = read_document(Path(file))
    except WorkflowError as error:
        raise WorkflowError([*_explained(error.faults, Path(file))]) from None
    places = Places(document)
    data: Any = document.plain()
    if isinstance(data, dict) and "cases" not in data and _WORKFLOW.intersection(data):
        raise WorkflowError([_workflow_fault(file, places)])
    faults = list(_shape_faults(data, places))
    if faults:
        raise WorkflowError(sorted_faults(faults))
    cases = tuple(
        _case(data, each, ("cases", number), places) for number, each in enumerate(data["cases"])
    )
    faults = [*_names_twice(cases, places), *_missing_workflows(cases, file, places)]
    if faults:
        raise WorkflowError(sorted_faults(faults))
    return TestFile(file=file, cases=cases, places=places)


def _explained(faults: Sequence[Fault], path: Path) -> Iterator[Fault]:
    """Yield the faults of a file that is no data; the last one says what is wanted instead."""
    *others, last = faults
    yield from others
    inside = sorted(path.glob(f"*{_SUFFIX}.y*ml")) if path.is_dir() else []
    wanted = f"name the test files in it: {inside[0]}" if inside else last.hint or _WANTED
    yield replace(last, hint=wanted)


def _workflow_fault(file: str, places: Places) -> Fault:
    path = Path(file)
    tests = path.with_name(f"{path.stem}{_SUFFIX}{path.suffix}")
    hint = f"name {tests}" if tests.is_file() else f"write {tests} beside it: {_WANTED}"
    return places.fault((), "this is a workflow, not a test file", hint=hint, key=True)


def _shape_faults(data: Any, places: Places) -> Iterator[Fault]:
    from jsonschema_rs import Draft202012Validator  # slow to load

    for error in violations(Draft202012Validator(schema_of_tests()), data):
        yield from _sentences(error, places)


def _sentences(error: Violation, places: Places) -> Iterator[Fault]:
    owner = f"`{_dotted(error.path)}`" if error.path else "the file"
    if error.keyword == "additionalProperties":
        known = _properties(error)
        for key in error.about["unexpected"]:
            meant = nearest(key, known)
            hint = f"did you mean `{meant}`?" if meant else f"it may have {_listed(known)}"
            yield places.fault(
                (*error.path, key), f"{owner} has no key `{key}`", hint=hint, key=True
            )
    elif error.keyword == "required":
        wanted = error.about["property"]
        yield places.fault(error.path, f"{owner} does not say `{wanted}`", key=True)
    elif error.keyword == "pattern":
        text = f"{owner} must be a duration such as `30s`, not `{error.value}`"
        yield places.fault(error.path, text)
    else:
        yield places.fault(error.path, f"{owner} {says(error)}")


def _properties(error: Violation) -> list[str]:
    schema: Any = schema_of_tests()
    for part in error.schema_path[:-1]:
        schema = schema[part]
    return list(schema.get("properties", ()))


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _dotted(path: At) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _case(data: dict[str, Any], own: dict[str, Any], at: At, places: Places) -> Case:
    where = places.fault(at, "")
    shared = {name: data[name] for name in ("workflow", "time", "real") if name in data}
    said = shared | own
    beside = Path(places.file)
    usual = f"{beside.stem.removesuffix(_SUFFIX)}{beside.suffix}"
    return Case(
        name=own["name"],
        workflow=str(beside.parent / said.get("workflow", usual)),
        inputs=own.get("inputs", {}),
        env={**data.get("env", {}), **own.get("env", {})},
        mocks={
            **_mocks(data.get("mocks", {}), ("mocks",)),
            **_mocks(own.get("mocks", {}), (*at, "mocks")),
        },
        events=tuple(_sent(each) for each in own.get("events", ())),
        approvals={name: _answer(each) for name, each in own.get("approvals", {}).items()},
        real=said.get("real", False),
        time=said.get("time", "virtual"),
        expect=_expectation(own.get("expect", {})),
        at=at,
        line=where.line,
        column=where.column,
    )


def _mocks(written: dict[str, Any], at: At) -> dict[str, Mock]:
    return {name: _mock(each, (*at, name)) for name, each in written.items()}


def _mock(written: dict[str, Any], at: At) -> Mock:
    each = written.get("attempts", [written])
    return Mock(
        attempts=tuple(_attempt(one) for one in each), real=written.get("real", False), at=at
    )


def _attempt(written: dict[str, Any]) -> Attempt:
    error = written.get("error")
    if isinstance(error, str):
        error = {"kind": error}
    elif error is not None and "retry-after" in error:
        error = {**error, "retry_after": parse_duration(error["retry-after"])}
    return Attempt(
        output=written.get("output"),
        error=error,
        duration=_seconds(written, "duration"),
    )


def _sent(written: dict[str, Any]) -> Sent:
    return Sent(**{**written, "at": _seconds(written, "at")})


def _answer(written: dict[str, Any]) -> Answer:
    return Answer(**{**written, "after": _seconds(written, "after")})


def _seconds(written: dict[str, Any], key: str) -> float:
    return parse_duration(written[key]) if key in written else 0.0


def _expectation(written: dict[str, Any]) -> Expectation:
    lists = ("order", "not-run", "holds")
    said: dict[str, Any] = {
        key.replace("-", "_"): tuple(value) if key in lists else value
        for key, value in written.items()
    }
    return Expectation(**said)


def _names_twice(cases: tuple[Case, ...], places: Places) -> Iterator[Fault]:
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            yield places.fault((*case.at, "name"), f"two cases are called `{case.name}`")
        seen.add(case.name)


def _missing_workflows(cases: tuple[Case, ...], file: str, places: Places) -> Iterator[Fault]:
    for named, case in {case.workflow: case for case in reversed(cases)}.items():
        if Path(named).is_file():
            continue
        own = (*case.at, "workflow")
        at = own if places.exists(own) else ("workflow",) if places.exists(("workflow",)) else ()
        hint = "" if at else f"name it: `workflow: {Path(file).stem}.yaml`"
        yield places.fault(at, f"there is no workflow {named}", hint=hint)
