"""Run the import of a plugin so that whatever it does ends in a module or in one sentence."""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, TypeVar

from ciranda.actions import signalled
from ciranda.errors import PluginError

__all__ = ["BUDGET", "guarded", "place_of"]

T = TypeVar("T")

BUDGET: Final = 10.0  # seconds that one plugin's import may take
_TICKS: Final = 10  # none comes while the process cannot run: a stalled machine is no fault


class _TooSlowError(BaseException):
    """Not an Exception, so that `except Exception` in a plugin cannot swallow it."""


def guarded(
    name: str, load: Callable[[], T], wrote: Callable[[str], bool], seconds: float = BUDGET
) -> T:
    """Return what `load` returns.

    Where signals allow it (the main thread, outside Windows, and nobody uses the timer) a load
    that takes longer than `seconds` is broken off. `wrote` knows the author's files by name.

    Raises:
        PluginError: It raised, left the program, hung, or is not Python; the cause is chained.
    """
    try:
        with _watched(seconds):
            return load()
    except PluginError:
        raise
    except SyntaxError as error:
        place = f"{error.filename}:{error.lineno}" if error.filename else "its source"
        raise PluginError(f"plugin '{name}' is not valid Python: {error.msg} ({place})") from error
    except _TooSlowError as error:
        place = place_of(error, wrote)
        raise PluginError(
            f"plugin '{name}' was still being imported after {seconds:g} s{place}; "
            "move slow work from its top level into its functions"
        ) from None
    except SystemExit as error:
        if signalled(error):
            raise
        raise PluginError(
            f"plugin '{name}' leaves the program when it is imported: "
            f"sys.exit({error.code!r}){place_of(error, wrote)}"
        ) from error
    except (Exception, KeyboardInterrupt) as error:
        if signalled(error):
            raise
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        error.add_note(f"in plugin '{name}'")
        raise PluginError(
            f"plugin '{name}' cannot be imported: {said}{place_of(error, wrote)}"
        ) from error


def place_of(error: BaseException, wrote: Callable[[str], bool]) -> str:
    """Return ` (file:line)` of the author's last frame, or nothing."""
    ours = str(Path(__file__).parents[1])
    frames = traceback.extract_tb(error.__traceback__)[::-1]
    for author in (wrote, lambda file: not file.startswith(("<", ours))):
        for frame in frames:
            if author(frame.filename):
                return f" ({frame.filename}:{frame.lineno})"
    return ""


@contextmanager
def _watched(seconds: float) -> Iterator[None]:
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
        or signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0)
    ):
        yield
        return

    left = _TICKS

    def tick(_number: int, _frame: FrameType | None) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise _TooSlowError

    before = signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, seconds / _TICKS, seconds / _TICKS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
