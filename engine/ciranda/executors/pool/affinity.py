"""Which worker a key went to, so that calls with one key meet again what they left."""

from collections.abc import Sequence
from typing import Final, final

from .warm import WarmWorker

__all__ = ["Affinity"]

_KEYS: Final = 4096  # remembered


@final
class Affinity:
    """Remembers the worker of each key while that lives."""

    def __init__(self) -> None:
        self._workers: Final[dict[str, WarmWorker]] = {}

    def choose(self, key: str | None, idle: Sequence[WarmWorker]) -> WarmWorker | None:
        """Return the idle worker of a key; one that no key has chosen, or None, if it is not idle.

        Of several that may be chosen it is the one used last.
        """
        known = self._workers.get(key) if key is not None else None
        if known in idle:
            return known
        taken = self._workers.values() if key is not None else ()
        return next((worker for worker in reversed(idle) if worker not in taken), None)

    def remember(self, key: str, worker: WarmWorker) -> None:
        """Note the worker of a key; it keeps the one it has, even when that was busy this time."""
        self._workers[key] = self._workers.pop(key, worker)
        if len(self._workers) > _KEYS:
            del self._workers[next(iter(self._workers))]

    def forget(self, worker: WarmWorker) -> None:
        """Forget a worker that ends."""
        for key in [key for key, value in self._workers.items() if value is worker]:
            del self._workers[key]
