"""The result of a run on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciranda.cli import screen, streams

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciranda.runs.outcome import RunResult

__all__ = ["print_result"]


def print_result(result: RunResult, form: str, places: Mapping[str, str]) -> None:
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
                        "failures": _failures(result, places),
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


def _failures(result: RunResult, places: Mapping[str, str]) -> dict[str, object]:
    failures: dict[str, object] = {}
    for step in result.failures:
        error = result.steps[step]["error"] or {}
        told = {key: error.get(key) for key in ("kind", "message")}
        failures[step] = {**told, "place": places.get(step) or None}
    if result.error is not None:
        failures[""] = {key: result.error.get(key) for key in ("kind", "message", "place")}
    return failures
