"""The result of a run on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciranda.cli import screen, streams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciranda.events import Failure
    from ciranda.runs.outcome import RunResult

__all__ = ["print_result"]


def print_result(result: RunResult, form: str, errors: Mapping[str, Failure]) -> None:
    """Write the outputs of a run; a reader who left early does not change what became of it."""
    from ciranda.cli.values import as_json, lines_of

    try:
        if form == "json":
            screen.out(
                as_json(
                    {
                        "run": result.run_id,
                        "status": result.status,
                        "outputs": result.outputs,
                        "failures": _failures(result, errors),
                        "warnings": result.warnings,
                        "duration": round(result.duration, 6),
                        "used": result.used,
                    }
                )
            )
        elif isinstance(result.outputs, dict):
            for line in lines_of(result.outputs):
                screen.out(line)
    except BrokenPipeError:
        streams.silence()


def _failures(result: RunResult, errors: Mapping[str, Failure]) -> dict[str, object]:
    failures: dict[str, object] = {}
    for step in result.failures:
        error = errors.get(step)
        failures[step] = {
            "kind": None if error is None else error.kind,
            "message": None if error is None else error.message,
            "place": None if error is None else error.place or None,
        }
    if result.error is not None:
        failures[""] = {key: result.error.get(key) for key in ("kind", "message", "place")}
    return failures
