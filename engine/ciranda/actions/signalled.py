"""Whether a program is being left because of a signal, or because some code says so."""

from __future__ import annotations

import signal
from functools import partial
from opcode import opmap
from types import CodeType
from typing import Final

__all__ = ["signalled"]

_LEAVING: Final = (KeyboardInterrupt, SystemExit)
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def signalled(error: BaseException) -> bool:
    """Return whether `error` may come from Ctrl-C, SIGTERM or the end of an event loop.

    False for exceptions of every day, and for a `KeyboardInterrupt` or `SystemExit` that code
    raised by a statement of its own: these are mistakes of whoever wrote it. True for anything
    else, which nobody may hold back.
    """
    if isinstance(error, BaseExceptionGroup):
        return any(map(signalled, error.exceptions))
    if not isinstance(error, _LEAVING):
        return not isinstance(error, Exception)
    trace = error.__traceback__
    if trace is None:  # put into a group by hand
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    if code in map(_code, map(signal.getsignal, _SIGNALS)):  # event loops raise it in theirs
        return True
    # Python's own handler leaves no frame: what was under way is a call or a jump, no `raise`.
    return isinstance(error, KeyboardInterrupt) and (
        code.co_code[trace.tb_lasti] != opmap["RAISE_VARARGS"]
    )


def _code(handler: object) -> CodeType | None:
    function = handler.func if isinstance(handler, partial) else handler
    return getattr(function, "__code__", None)
