"""A validator at work in a process of its own, and what it says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, final

import anyio

from ciranda.bus import Bus
from ciranda.cli import screen
from ciranda.engine import Engine
from ciranda.errors import CirandaError, PluginError, SettingsError
from ciranda.runs.ungrouped import leaves, plainest
from ciranda_consensus.answering import Proofs
from ciranda_consensus.applications import Subject
from ciranda_consensus.crypto import Signer, Verifier, read_key
from ciranda_consensus.node import Genesis, NodeSettings, read_genesis, read_settings, run_node
from ciranda_consensus.protocol.messages import Accused, Committed
from ciranda_consensus.state import Checked

from .watching import Watching

__all__ = ["Running"]


@final
class Running:
    """One call of `ciranda consensus node`.

    Args:
        path: The node's settings.
        as_lines: Whether it says what happens as JSON, one object a line.

    Raises:
        SettingsError: The settings or the genesis do not fit.
        KeyFileError: The key cannot be read.
    """

    def __init__(self, path: Path, *, as_lines: bool) -> None:
        self._settings: Final[NodeSettings] = read_settings(path)
        self._genesis: Final[Genesis] = read_genesis(Path(self._settings.genesis))
        self._signer: Final[Signer] = read_key(Path(self._settings.key))
        self._as_lines: Final = as_lines

    def run(self, backend: str) -> None:
        """Work until told to stop.

        Raises:
            CirandaError: The store is not to be used, the address cannot be listened on, or the
                history is not the agreed one.
            ForkError: A quorum certified a block that is wrong.
        """
        try:
            anyio.run(self.work, backend=backend)
        except BaseExceptionGroup as group:
            error = leaves(group)[0]
            if isinstance(error, CirandaError):
                Watching().stopped(error)
            if not isinstance(error, OSError):
                raise plainest(group) from None
            seat = self._genesis.set().seat(self._signer.public) or 0
            address = self._settings.listen or self._genesis.validators[seat].address
            raise SettingsError(
                f"{address} cannot be listened on: {error.strerror or error}; write another "
                "address as `listen`, and tell the others"
            ) from None

    async def work(self) -> None:
        """Work until told to stop; what goes wrong comes in groups.

        Raises:
            BaseExceptionGroup: Of what `run` raises, and of OSError.
        """
        async with anyio.create_task_group() as tasks:
            checker = _Checker(tasks)
            subject = Subject(self._genesis, Verifier(), checker.check, names=checker.names)
            watching = Watching()
            await run_node(
                self._settings,
                self._genesis,
                self._signer,
                subject,
                hear=self._hear,
                listening=self._listening,
                watch=watching.watch,
            )
            tasks.cancel_scope.cancel()

    def _listening(self, port: int) -> None:
        self._say(
            f"{self._genesis.chain}: {self._signer.public.hex()[:16]} listens on port {port}",
            event="listening",
            chain=self._genesis.chain,
            public=self._signer.public.hex(),
            port=port,
        )

    def _hear(self, one: Committed | Accused) -> None:
        if isinstance(one, Committed):
            header, count = one.block.header, len(one.block.entries)
            self._say(
                f"block {header.height}  {header.hash.hex()[:16]}  {count} entries",
                event="agreed",
                height=header.height,
                block=header.hash.hex(),
                entries=count,
            )
        else:
            signer = one.evidence.signer
            self._say(
                f"validator {signer} contradicted itself: the evidence is kept",
                event="evidence",
                signer=signer,
            )

    def _say(self, text: str, **fields: Any) -> None:
        screen.out(json.dumps(fields) if self._as_lines else text)
        screen.flush()


@final
class _Checker:
    """Checks proofs with an engine, which is there from the first proof on."""

    def __init__(self, tasks: Any) -> None:
        self._tasks: Final = tasks
        self._turn: Final = anyio.Lock()
        self._bus: Bus | None = None

    async def check(self, proof: str) -> Checked | None:
        """Check a proof; None if nobody can."""
        return await (await self._proofs()).check_or_not(proof)

    async def names(self, chain: str, entries: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Check the signatures of entries."""
        return await (await self._proofs()).names(chain, entries)

    async def _proofs(self) -> Proofs:
        async with self._turn:
            if self._bus is None:
                self._bus = await self._tasks.start(self._host)
        return Proofs(self._bus)

    async def _host(self, *, task_status: Any) -> None:
        async with Engine(durability="off") as engine:
            try:
                engine.plugins.load(["consensus", "experts"])
                await engine.plugins.start()
            except PluginError as error:
                screen.warn(f"proofs cannot be checked here: {error}")
            task_status.started(engine.bus)
            await anyio.sleep_forever()
