"""The three standard streams, made anew on the descriptors that a run was given."""

import sys
from typing import Final

__all__ = ["renew", "renew_stdin"]

# A lone byte that is not UTF-8 passes through as it came; messages never fail to be written.
_STREAMS: Final = (
    ("stdin", 0, "r", "surrogateescape"),
    ("stdout", 1, "w", "surrogateescape"),
    ("stderr", 2, "w", "backslashreplace"),
)


def renew() -> None:
    """Replace `sys.stdin`, `sys.stdout` and `sys.stderr`.

    Output is passed on line by line: what was printed before a kill is not lost.
    """
    for name, fd, mode, errors in _STREAMS:
        _renew(name, fd, mode, errors)


def renew_stdin() -> None:
    """Replace `sys.stdin`, which has read ahead."""
    _renew(*_STREAMS[0])


def _renew(name: str, fd: int, mode: str, errors: str) -> None:
    buffering = 1 if mode == "w" else -1
    stream = open(  # noqa: SIM115  (as long as the process)
        fd, mode, buffering, encoding="utf-8", errors=errors, closefd=False
    )
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)
