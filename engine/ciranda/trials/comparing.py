"""Whether a run came to what was expected of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ciranda.errors import WorkflowError
from ciranda.events import Event, StepCancelled, StepCompleted, StepSkipped
from ciranda.explaining import Chronicle
from ciranda.expressions import Expression, ExpressionError, Stored, compile_template
from ciranda.runs.outcome import RunResult
from ciranda.trials.case import Case
from ciranda.trials.verdict import Difference
from ciranda.workflow.binding import condition
from ciranda.workflow.durations import duration_text, parse_duration
from ciranda.workflow.places import Places

__all__ = ["compare"]

At = tuple[str | int, ...]
_NOT_BEGUN: Final = (StepSkipped, StepCancelled)
_CLOSE: Final = 0.001  # seconds by which a duration may differ


def compare(
    case: Case, result: RunResult, chronicle: Chronicle, places: Places
) -> list[Difference]:
    """Return what was expected and did not come, in the order of what matters.

    Raises:
        WorkflowError: An expression of the file is none.
    """
    return list(_Comparison(case, result, chronicle, places).all())


class _Comparison:
    def __init__(self, case: Case, result: RunResult, chronicle: Chronicle, places: Places) -> None:
        self._case: Final = case
        self._result: Final = result
        self._chronicle: Final = chronicle
        self._places: Final = places
        self._at: Final = (*case.at, "expect")
        self._names: Final[dict[str, Any]] = {
            "inputs": chronicle.started.inputs or {},
            "status": result.status,
            "outputs": result.outputs or {},
            "steps": dict(result.steps),
            "duration": result.duration,
            "error": result.error,
        }

    def all(self) -> Iterator[Difference]:
        expect, result = self._case.expect, self._result
        yield from self._same("status", expect.status, result.status, ("status",))
        outputs = result.outputs if isinstance(result.outputs, dict) else {}
        for name, value in expect.outputs.items():
            yield from self._named("outputs", name, value, outputs, ("outputs", name))
        for name, value in expect.error.items():
            yield from self._named("error", name, value, result.error or {}, ("error", name))
        for path, wanted in expect.steps.items():
            yield from self._step(path, wanted)
        yield from self._order()
        for path in expect.not_run:
            if self._began(path) is not None:
                status = self._chronicle.view(path)["status"]
                yield self._differs(f"steps.{path}", "not run", status, ("not-run",))
        yield from self._duration()
        for number, text in enumerate(expect.holds):
            yield from self._holds(text, ("holds", number))

    def _step(self, path: str, wanted: Mapping[str, Any]) -> Iterator[Difference]:
        view = self._chronicle.view(path)
        end = self._chronicle.end(path)
        view["reason"] = getattr(end, "reason", "")
        view["cached"] = isinstance(end, StepCompleted) and end.cached
        if path in self._result.steps:  # what expressions of the run saw
            view.update(self._result.steps[path])
        for name, value in wanted.items():
            at = ("steps", path, name)
            if name == "error":
                error = view["error"] or {}
                for field, each in value.items():
                    yield from self._named(f"steps.{path}.error", field, each, error, (*at, field))
            else:
                yield from self._same(f"steps.{path}.{name}", value, view.get(name), at)

    def _named(
        self, owner: str, name: str, expected: Any, found: Mapping[str, Any], at: At
    ) -> Iterator[Difference]:
        if name not in found:
            there = ", ".join(f"`{each}`" for each in found) or "none"
            yield self._differs(f"{owner}.{name}", expected, None, at, f"it is not there: {there}")
        else:
            yield from self._same(f"{owner}.{name}", expected, found[name], at)

    def _same(self, what: str, expected: Any, got: Any, at: At) -> Iterator[Difference]:
        if isinstance(expected, str) and "${{" in expected:
            yield from self._evaluated(what, expected, got, at)
        elif isinstance(expected, dict) and isinstance(got, dict) and _holds_expressions(expected):
            for key in expected.keys() | got.keys():
                if key in expected and key in got:
                    yield from self._same(f"{what}.{key}", expected[key], got[key], (*at, key))
                else:
                    yield self._differs(f"{what}.{key}", expected.get(key), got.get(key), at)
        elif (
            isinstance(expected, list)
            and isinstance(got, list)
            and len(expected) == len(got)
            and _holds_expressions(expected)
        ):
            for place, each in enumerate(expected):
                yield from self._same(f"{what}[{place}]", each, got[place], (*at, place))
        elif not _equal(expected, got):
            yield self._differs(what, expected, got, at)

    def _evaluated(self, what: str, text: str, got: Any, at: At) -> Iterator[Difference]:
        try:
            compiled = compile_template(text)
        except ExpressionError as error:
            raise self._fault(error, at) from None
        tests = any(each.root == "it" for one in compiled.expressions for each in one.references)
        try:
            value = compiled({**self._names, "it": got})
        except ExpressionError as error:
            yield self._differs(what, text, got, at, f"`{text}`: {error.message}")
            return
        if tests and compiled.single:
            if not value:
                yield self._differs(what, text, got, at, f"`{text}` does not hold")
        elif not _equal(value, got):
            yield self._differs(what, value, got, at)

    def _holds(self, text: str, at: At) -> Iterator[Difference]:
        try:
            compiled: Expression = condition(text)
        except ExpressionError as error:
            raise self._fault(error, at) from None
        read = ", ".join(".".join(map(str, each.path)) for each in compiled.references)
        try:
            if compiled(self._names):
                return
            note = f"`{text.strip()}` does not hold"
        except ExpressionError as error:
            note = f"`{text.strip()}`: {error.message}"
        got = {
            ".".join(map(str, each.path)): _reached(self._names, each.path)
            for each in compiled.references
        }
        yield self._differs("holds", f"true, of {read}" if read else True, got, at, note)

    def _order(self) -> Iterator[Difference]:
        wanted = self._case.expect.order
        began = {path: self._began(path) for path in wanted}
        came = sorted(
            (path for path in wanted if began[path] is not None),
            key=lambda path: began[path] or 0,
        )
        if came != list(wanted):
            yield self._differs("order", list(wanted), came, ("order",))

    def _began(self, path: str) -> int | None:
        """Return the place in the log where a step began; None when it never did."""
        events: list[Event] = self._chronicle.paths.get(path, [])
        return next((each.seq for each in events if not isinstance(each, _NOT_BEGUN)), None)

    def _duration(self) -> Iterator[Difference]:
        expected, got = self._case.expect.duration, self._result.duration
        if expected is None:
            return
        if "${{" in expected:
            yield from self._evaluated("duration", expected, got, ("duration",))
            return
        try:
            seconds = parse_duration(expected)
        except ValueError as error:
            raise WorkflowError([self._places.fault((*self._at, "duration"), str(error))]) from None
        if abs(seconds - got) > _CLOSE:
            told = duration_text(round(got, 3))
            yield self._differs("duration", expected, told, ("duration",))

    def _differs(self, what: str, expected: Any, got: Any, at: At, note: str = "") -> Difference:
        where = self._places.fault((*self._at, *at), "")
        return Difference(what, expected, got, note, where.line, where.column)

    def _fault(self, error: ExpressionError, at: At) -> WorkflowError:
        offset = error.offset if error.offset >= 0 else None
        fault = self._places.fault((*self._at, *at), error.message, offset=offset)
        return WorkflowError([fault])


def _equal(expected: Any, got: Any) -> bool:
    """Compare as the expressions do: 1 and True are not the same, 1 and 1.0 are."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(
            _equal(value, got[key]) for key, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(got, list | Stored):
        return len(expected) == len(got) and all(map(_equal, expected, got))
    return bool(expected == got)


def _holds_expressions(value: Any) -> bool:
    if isinstance(value, str):
        return "${{" in value
    if isinstance(value, dict):
        return any(map(_holds_expressions, value.values()))
    return isinstance(value, list) and any(map(_holds_expressions, value))


def _reached(value: Any, path: At) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
