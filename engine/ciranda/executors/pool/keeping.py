"""What workers keep from call to call, and how they hear that nobody needs it any more."""

from collections.abc import Iterable, Mapping
from typing import Final, final

import anyio

from ciranda.errors import StepError

from .ask import Ask
from .outcome import Notify
from .warm import WarmWorker
from .worker import frames

__all__ = ["Keeping"]

_PARTING: Final = 15.0  # seconds that letting go may take; then the process is killed


@final
class Keeping:
    """Knows which worker keeps something under which key.

    A worker that dies takes what it kept along: nobody has to be told then.

    Args:
        release: Name of the call that has a worker let go; its payload is the key.
        patience: Seconds it has for that; then it is killed.
    """

    def __init__(self, release: str, patience: float = _PARTING) -> None:
        self._release: Final = release
        self._patience: Final = patience
        self._kept: Final[dict[WarmWorker, dict[str, Notify]]] = {}
        self._over: Final[dict[WarmWorker, dict[str, Notify]]] = {}

    def note(self, worker: WarmWorker, keys: Mapping[str, Notify]) -> None:
        """Note what a worker keeps from now on, and who hears what it tells on letting go."""
        self._kept[worker] = {**keys, **self._kept.get(worker, {})}

    def end(self, key: str) -> list[WarmWorker]:
        """Note that a key is over; return the workers that have to hear of it."""
        found = [worker for worker, kept in self._kept.items() if key in kept]
        for worker in found:
            self._over.setdefault(worker, {})[key] = self._kept[worker].pop(key)
        return found

    def due(self, worker: WarmWorker) -> bool:
        """Tell whether a worker keeps what is over."""
        return worker in self._over

    def holds(self, worker: WarmWorker) -> bool:
        """Tell whether a worker keeps anything."""
        return bool(self._kept.get(worker)) or worker in self._over

    async def settle(self, worker: WarmWorker) -> None:
        """Have a worker that is free let go of what is over; it is killed when it does not."""
        for key, notify in self._over.pop(worker, {}).items():
            if not worker.healthy():
                return
            asked = Ask(self._release, key, notify=notify, patience=self._patience)
            try:
                await worker.call(asked)
            except StepError as error:
                notify(frames.Log(0, "warning", error.message))

    async def part(self, workers: Iterable[WarmWorker]) -> None:
        """Have workers that are free let go of everything, all at once: they end after that."""
        async with anyio.create_task_group() as group:
            for worker in workers:
                kept = self._kept.pop(worker, {})
                if kept:
                    self._over.setdefault(worker, {}).update(kept)
                if worker in self._over:
                    group.start_soon(self.settle, worker)
