"""What a run raised, as an error of the template: where it happened, and in which words."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final

from ciranda.expressions.inline import reason

from .error import QuantumError, kind_of
from .reader import Source

MARK: Final = "c_source"  # what the globals of generated code hold their text under


def explain(error: BaseException) -> QuantumError:
    """Return the error to raise instead of what generated code raised."""
    source, line, column, known = _where(error.__traceback__)
    if isinstance(error, QuantumError):
        if error.file or source is None:
            return error
        return error.placed(source.file, line, column, source.line(line))
    kind, message = reason(error, known)
    made = QuantumError(kind_of(kind), message)
    if source is None:
        return made
    return made.placed(source.file, line, column, source.line(line))


def _where(trace: TracebackType | None) -> tuple[Source | None, int, int, list[str]]:
    """Return text, line and column of the innermost place in a template, and its names."""
    source: Source | None = None
    line = column = 0
    known: list[str] = []
    while trace is not None:
        frame = trace.tb_frame
        found: Any = frame.f_globals.get(MARK)
        if found is not None:
            source = found
            line, column = _place(trace)
            known = [
                name[2:] for name in frame.f_locals if name.startswith(("v_", "p_"))
            ]  # fmt: skip
        trace = trace.tb_next
    return source, line, column or 1, known


def _place(trace: TracebackType) -> tuple[int, int]:
    code = trace.tb_frame.f_code
    positions = getattr(code, "co_positions", None)
    if positions is not None and trace.tb_lasti >= 0:
        for place, (line, _, column, _) in enumerate(positions()):
            if place == trace.tb_lasti // 2:
                return line or trace.tb_lineno, column or 0
    return trace.tb_lineno, 0
