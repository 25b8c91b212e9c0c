"""The process: its standard streams, its signals, its end."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # `typing` is not needed before the commands are
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

__all__ = ["main"]

_PATIENCE = 0.1  # seconds
_OBJECTS = 200_000  # made between two searches for garbage: imports make many, and no garbage


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave the process with its exit code."""
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
    import signal

    from ciranda.cli import streams
    from ciranda.cli.entry import outcome

    streams.prepare()
    signal.signal(signal.SIGTERM, _terminated)
    code = int(outcome(list(sys.argv[1:] if arguments is None else arguments)))
    # What is still buffered may fail to be written, and that must show in the exit code.
    code = _finished(code)
    if _lingering():
        os._exit(code)  # all is written and closed; Python would wait for them without end
    gc.freeze()  # Python would search all objects several times on its way out: 20 ms
    sys.exit(code)


def _lingering() -> bool:
    """Say whether threads still work for steps that were cancelled: nothing can stop them."""
    threading = sys.modules.get("threading")
    if threading is None:
        return False
    own = threading.main_thread()
    others = [each for each in threading.enumerate() if each is not own and not each.daemon]
    for each in others:
        each.join(_PATIENCE / len(others))  # idle ones were told to end and are about to
    return any(each.is_alive() for each in others)


def _terminated(signum: int, frame: object) -> NoReturn:
    from ciranda.cli.exits import Exit

    raise SystemExit(Exit.TERMINATED)


def _finished(code: int) -> int:
    from ciranda.cli import screen, streams
    from ciranda.cli.exits import Exit

    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError as failure:
        gone = isinstance(failure, BrokenPipeError)
        if not gone:
            screen.error(f"the result cannot be written: {failure.strerror}")
        streams.silence()
        return code if gone or code else Exit.USAGE
    return code
