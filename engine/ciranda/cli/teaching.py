"""The examples at the end of each command's help."""

from __future__ import annotations

__all__ = ["EXIT_CODES", "examples"]

EXIT_CODES = """

\b
Exit codes:
  0 the run succeeded, 1 a step failed or the run was cancelled,
  2 the file, the arguments or the store are at fault, 4 ciranda is,
  5 the run waits and is parked (--park),
  130 Ctrl-C, 143 SIGTERM"""


def examples(*lines: str) -> str:
    """Return an epilog in which click keeps the lines as they are."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))
