"""The end of a Python program, as the interpreter would have made it.

A forked child leaves by `os._exit`: finalising an interpreter with everything that its parent
had imported takes many times as long as most scripts do.
"""

import atexit
import contextlib
import gc
import os
import signal
import sys
import threading
import traceback
from types import ModuleType, TracebackType
from typing import Final, NoReturn

__all__ = ["FLUSH_FAILED", "code_of", "finish", "interrupted"]

_HERE: Final = os.path.dirname(__file__)
FLUSH_FAILED: Final = 120  # what Python exits with when stdout cannot be flushed


def code_of(error: BaseException) -> int:
    """Return the exit code for what a program raised; tells it on stderr as Python does.

    The frames that lead to the program are left out.
    """
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        if isinstance(error.code, int):
            return error.code & 0xFF
        _write(f"{error.code}\n")
        return 1
    _show(error, _without_ours(error.__traceback__))
    return 1


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and os.path.dirname(trace.tb_frame.f_code.co_filename) == _HERE:
        trace = trace.tb_next
    return trace


def _show(error: BaseException, trace: TracebackType | None) -> None:
    try:
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    except MemoryError:
        _write(f"{type(error).__name__}\n")
    except BaseException as broken:  # the program replaced the hook, and its own is broken
        broken.__context__ = None
        for title, each in (
            ("Error in sys.excepthook", broken),
            ("\nOriginal exception was", error),
        ):
            said = traceback.format_exception(type(each), each, _without_ours(each.__traceback__))
            _write(f"{title}:\n{''.join(said)}")


def _write(text: str) -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()


def interrupted() -> NoReturn:
    """End by SIGINT, as a program does that nobody kept from it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)
    os._exit(130)


def finish(code: int, program: ModuleType | None = None) -> int:
    """Wait for threads, run what was registered for the end, drop a program's objects, flush.

    Args:
        code: The exit code so far.
        program: The module whose objects are dropped, so that files close and say goodbye.

    Returns:
        The exit code.
    """
    for act in (threading._shutdown, atexit._run_exitfuncs):  # type: ignore[attr-defined]  # noqa: SLF001  (what Py_Finalize calls)
        try:
            act()
        except BaseException as error:  # told, and the end goes on
            _show(error, error.__traceback__)
    if program is not None:
        for private in (True, False):
            for name in list(program.__dict__):
                if name.startswith("_") is private and name != "__builtins__":
                    program.__dict__[name] = None
        gc.collect()
    return _flushed(code)


def _flushed(code: int) -> int:
    try:
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
    except Exception as error:
        _write(f"Exception ignored in: <stdout>\n{type(error).__name__}: {error}\n")
        code = FLUSH_FAILED
    with contextlib.suppress(Exception):
        if sys.stderr is not None and not sys.stderr.closed:
            sys.stderr.flush()
    return code
