"""The clusters of one engine: opened when first needed, closed when nobody needs them."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, final

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup, TaskStatus

from ciranda.store import Durability
from ciranda.store.folder import state_folder
from ciranda_consensus.applications import Check
from ciranda_consensus.cluster.embedded import Embedded, open_embedded
from ciranda_consensus.cluster.keys import GENESIS, household, require_count
from ciranda_consensus.cluster.lock import locked
from ciranda_consensus.cluster.remote import Remote
from ciranda_consensus.node import Genesis, read_genesis
from ciranda_consensus.settings import Named

__all__ = ["Clusters", "Where", "genesis_of"]

LINGER: Final = 0.2  # seconds that a cluster stays open for whoever comes next


class Where:
    """Where clusters in a process keep their keys and chains.

    Args:
        folder: The project's folder, or its `.ciranda`.
        durability: What a finished transaction survives; with `off` nothing is kept at all.
    """

    def __init__(self, folder: Path, durability: Durability) -> None:
        self.durability: Final = durability
        self._given: Final = folder
        self._stack: Final = ExitStack()
        self._folder: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder, made when it is first asked for."""
        if self._folder is None:
            root = self._given
            if self.durability is Durability.OFF:
                made = tempfile.TemporaryDirectory(prefix="ciranda-")
                root = Path(self._stack.enter_context(made))
            self._folder = state_folder(root)
        return self._folder

    def close(self) -> None:
        """Remove what is not to be kept."""
        self._stack.close()
        self._folder = None


def genesis_of(folder: Path, validators: Named) -> Genesis:
    """Return the genesis of validators: of a file, or of a cluster that has been here.

    Args:
        folder: The project's `.ciranda`.
        validators: How they are named.

    Raises:
        SettingsError: There is none.
    """
    if isinstance(validators, Path):
        return read_genesis(validators)
    return read_genesis(folder / f"consensus-{validators}" / GENESIS)


@final
class Held:
    """A cluster that is open, and how many use it."""

    def __init__(self) -> None:
        self.users = 0
        self.left = anyio.Event()
        self.cluster: Embedded | None = None


@final
class Clusters:
    """Opens clusters and reaches validators.

    Args:
        where: Where those in this process are kept.
        tasks: Where they work.
        check: Checks proofs that entries carry.
        clock: Tells milliseconds since the epoch.
        patience: Seconds to wait for another process that uses the same keys.
    """

    def __init__(
        self,
        where: Where,
        tasks: TaskGroup,
        check: Check,
        *,
        clock: Callable[[], int],
        patience: float,
    ) -> None:
        self.where: Final = where
        self._tasks: Final = tasks
        self._check: Final = check
        self._clock: Final = clock
        self._patience: Final = patience
        self._held: Final[dict[int, Held]] = {}
        self._turn: Final = anyio.Lock()

    @asynccontextmanager
    async def use(self, validators: Named) -> AsyncIterator[Embedded | Remote]:
        """Give what has entries agreed on, as long as the block lasts.

        Raises:
            CirandaError: The set is none, or the cluster cannot be opened.
        """
        if isinstance(validators, Path):
            yield Remote(await to_thread.run_sync(read_genesis, validators))
            return
        require_count(validators)
        held = await self._opened(validators)
        try:
            assert held.cluster is not None  # it is open
            yield held.cluster
        finally:
            held.users -= 1
            if not held.users:
                held.left.set()

    async def _opened(self, count: int) -> Held:
        async with self._turn:
            held = self._held.get(count)
            if held is None or (held.cluster is not None and held.cluster.broken):
                held = Held()
                await self._tasks.start(self._host, count, held)
                self._held[count] = held
            held.users += 1
            return held

    async def _host(
        self, count: int, held: Held, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        folder = await to_thread.run_sync(lambda: self.where.folder)
        name = f"consensus-{count}"
        async with locked(folder / name / "lock", self._patience):
            home = await to_thread.run_sync(household, folder / name, count)
            async with open_embedded(
                home,
                folder,
                name,
                self._check,
                durability=self.where.durability,
                clock=self._clock,
            ) as cluster:
                held.cluster = cluster
                task_status.started()
                while True:
                    await held.left.wait()
                    held.left = anyio.Event()
                    await anyio.sleep(LINGER)
                    if not held.users:
                        break
                if self._held.get(count) is held:
                    del self._held[count]
