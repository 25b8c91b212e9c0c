"""What becomes a server: runs in a fork of a worker, which adopts and kills all it starts.

It lies beside the client, not in it, so that a worker imports nothing else.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from ciranda.errors import StepError

__all__ = ["setup"]


def setup(_: Any) -> dict[str, Callable[[dict[str, Any], object], None]]:
    """Return what starts a server."""
    return {"serve": _serve}


def _serve(payload: dict[str, Any], _: object) -> None:
    """Become the program; our private socket is closed by that.

    Raises:
        StepError: `mcp.start`: it cannot be executed.
    """
    argv, env, cwd = payload["argv"], payload["env"], payload["cwd"]
    try:
        os.chdir(cwd)
        for signum in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a program would
            signal.signal(signum, signal.SIG_DFL)
        os.execvpe(argv[0], argv, env)
    except OSError as error:
        reason = (error.strerror or "refused by the system").lower()
        raise StepError(
            "mcp.start", f"`{argv[0]}` cannot be started in {cwd}: {reason}.", retryable=False
        ) from None
