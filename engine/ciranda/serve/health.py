"""Whether the server lives and takes work, and how much it did: for whoever watches it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, final

from ciranda.errors import StoreError
from ciranda.serve.exchange import Answer, Request
from ciranda.serve.refusal import RefusedError

__all__ = ["Health"]

_PATHS: Final = ("/livez", "/readyz", "/metrics")


@final
class Health:
    """Answers `/livez`, `/readyz` and `/metrics`.

    Args:
        look: Touches the store, raising StoreError, and returns how many runs wait.

    Attributes:
        draining: Whether the server is about to end.
        running: How many runs are being performed.
        listening: How many listeners of plugins are at work.
        failing: Whether the store could not be written the last time that it had to be.
    """

    def __init__(self, look: Callable[[], int]) -> None:
        self._look: Final = look
        self._counts: Final[Counter[tuple[str, str]]] = Counter()
        self.draining = False
        self.running = 0
        self.listening = 0
        self.failing = False

    def count(self, what: str, which: str = "") -> None:
        """Count something.

        Args:
            what: `requests`, `runs`, `accepted`, or `failures` of listeners.
            which: The status of a request, how a run ended, or the kind of a trigger.
        """
        self._counts[what, which] += 1

    def answer(self, request: Request) -> Answer | None:
        """Return the answer if the request is about the server itself."""
        if request.path not in _PATHS:
            return None
        if request.method not in ("GET", "HEAD"):
            raise RefusedError(405, f"{request.method} is not taken here", {"allow": "GET, HEAD"})
        if request.path == "/livez":
            return Answer(200, "ok\n")
        try:
            waiting = self._look()
        except StoreError:
            return Answer(503, "the store cannot be used\n")
        if request.path == "/metrics":
            return Answer(200, self._metrics(waiting))
        why = "the server is about to end" if self.draining else ""
        if self.failing:
            why = "the store cannot be written"
        return Answer(503, f"{why}\n") if why else Answer(200, "ok\n")

    def _metrics(self, waiting: int) -> str:
        lines = [
            "# TYPE ciranda_serve_running gauge",
            f"ciranda_serve_running {self.running}",
            "# TYPE ciranda_serve_waiting gauge",
            f"ciranda_serve_waiting {waiting}",
            "# TYPE ciranda_serve_listening gauge",
            f"ciranda_serve_listening {self.listening}",
        ]
        told = {
            "requests": "status",
            "runs": "status",
            "accepted": "trigger",
            "failures": "trigger",
        }
        for what, label in told.items():
            found = sorted((which, n) for (each, which), n in self._counts.items() if each == what)
            if found:
                lines.append(f"# TYPE ciranda_serve_{what}_total counter")
            lines += [f'ciranda_serve_{what}_total{{{label}="{which}"}} {n}' for which, n in found]
        return "\n".join(lines) + "\n"
