"""The server: its parts, put together for as long as it lives."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final, final

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskGroup

from ciranda.errors import CirandaError
from ciranda.plugins.readers import Readers
from ciranda.runs.run_id import new_run_id
from ciranda.runs.ungrouped import plainest
from ciranda.serve.backlog import Backlog
from ciranda.serve.bench import MakeEngine
from ciranda.serve.book import open_book
from ciranda.serve.calls import Calls
from ciranda.serve.connection import Bounds, Connection
from ciranda.serve.crew import Crew
from ciranda.serve.cursors import Cursors
from ciranda.serve.drain import Drain
from ciranda.serve.ears import Ears
from ciranda.serve.exchange import Answer, Request
from ciranda.serve.health import Health
from ciranda.serve.intake import Intake
from ciranda.serve.lines import Lines
from ciranda.serve.room import Room
from ciranda.serve.roster import Roster
from ciranda.serve.rounds import Upkeep, every
from ciranda.serve.webhook import Webhooks
from ciranda.store import Clock, Durability, open_store

__all__ = ["Limits", "Server"]

_CONNECTIONS: Final = 256
_HEARD: Final = 0.5  # seconds between two looks whether other triggers are to be listened for


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a server takes on.

    Args:
        runs: Performed at a time.
        backlog: Accepted, and waiting to begin.
        grace: Seconds that runs get to end when the server does.
        bounds: Of one connection.
        connections: At a time; of more, the one that is silent for longest is hung up on.
    """

    runs: int = 4
    backlog: int = 1000
    grace: float = 30.0
    bounds: Bounds = field(default_factory=Bounds)
    connections: int = _CONNECTIONS


@final
class Server:
    """Begins runs by triggers and goes on with parked ones.

    Args:
        places: Workflow files, and folders of them.
        folder: Where runs are kept.
        make: Makes an engine for runs of that folder.
        durability: What an accepted event survives.
        limits: How much it takes on.
        environ: Where secrets come from.
        lines: What it tells of itself.
        clock: Both clocks.
        new_id: Makes ids of runs.
        readers: Who reads files in folders that are not called YAML.

    Attributes:
        left_behind: Whether plugins go on that listen or read files; threads of theirs may keep the
            process from ending by itself.
    """

    def __init__(
        self,
        places: list[Path],
        folder: Path,
        make: MakeEngine,
        *,
        durability: Durability = Durability.POWER,
        limits: Limits | None = None,
        environ: Mapping[str, str] = os.environ,
        lines: Lines | None = None,
        clock: Clock | None = None,
        new_id: Callable[[], str] = new_run_id,
        readers: Readers | None = None,
    ) -> None:
        self._places: Final = places
        self._folder: Final = folder
        self._make: Final = make
        self._durability: Final = durability
        self._limits: Final = limits or Limits()
        self._environ: Final = environ
        self._lines: Final = lines or Lines(None)
        self._clock: Final = clock or Clock()
        self._new_id: Final = new_id
        self._readers: Final = readers
        self._drain: Drain | None = None
        self.left_behind = False

    def drain(self) -> None:
        """Have the server end: it takes nothing more and lets its runs end."""
        if self._drain is not None:
            self._drain.ask()

    async def serve(
        self, host: str = "127.0.0.1", port: int = 8080, *, told: Callable[[str, int], None]
    ) -> None:
        """Serve until it is drained.

        Args:
            host: The address to listen at.
            port: 0 = one that is free.
            told: Called with the address and the port once requests are taken.

        Raises:
            WorkflowError: Faults of the files.
            CirandaError: It cannot begin.
        """
        try:
            await self._serve(host, port, told)
        except BaseExceptionGroup as group:
            raise plainest(group) from None

    async def _serve(self, host: str, port: int, told: Callable[[str, int], None]) -> None:
        async with AsyncExitStack() as stack:
            log = open_store(self._folder, self._durability)
            stack.callback(log.close)
            book = open_book(self._folder, self._durability)
            stack.callback(book.close)
            clock, lines = self._clock, self._lines
            backlog = Backlog(book, limit=self._limits.backlog, clock=clock)
            stack.callback(backlog.leave)
            health = Health(backlog.waiting)
            self._drain = drain = Drain(self._limits.grace, health=health, lines=lines)
            benches = await stack.enter_async_context(anyio.create_task_group())
            roster = Roster(
                self._places,
                self._make,
                environ=self._environ,
                lines=lines,
                readers=self._readers,
                open_to_all=not _is_local(host),
            )
            lines.hide(roster.mask)
            try:
                await roster.open(benches)
            except BaseException:
                benches.cancel_scope.cancel()
                raise
            crew = Crew(
                backlog,
                roster,
                log,
                self._make,
                most=self._limits.runs,
                health=health,
                lines=lines,
                steady=clock.steady,
            )
            intake = Intake(backlog, crew.wake)
            webhooks = Webhooks(
                roster.webhook,
                intake.accept,
                pause=crew.pause,
                health=health,
                lines=lines,
                new_id=self._new_id,
            )
            upkeep = Upkeep(backlog, log, roster, health, lines, crew.wake, clock.wall)
            calls = Calls(
                roster.of_kind,
                Cursors(book, backlog),
                log,
                health=health,
                lines=lines,
                wake=crew.wake,
                wall=clock.wall,
                new_id=self._new_id,
            )
            for file, count in backlog.strangers(roster.flows).items():
                lines.warning("not served", file=file, waiting=count)
            async with anyio.create_task_group() as group:
                await self._listen(group, host, port, webhooks, told)
                group.start_soon(intake.work)
                group.start_soon(crew.work, benches)
                ears = Ears(
                    lambda: [*roster.flows.values()],
                    group,
                    lambda order: backlog.accept([order])[0],
                    health=health,
                    lines=lines,
                    wake=crew.wake,
                    new_id=self._new_id,
                    steady=clock.steady,
                )
                for seconds, look in (*upkeep.looks, *calls.looks, (_HEARD, ears.match)):
                    group.start_soon(every, seconds, look, lines)
                await drain.wait(crew, ears)
                group.cancel_scope.cancel()
            self.left_behind = bool(ears.left or roster.reading)
            await roster.retire()
        self._lines.info("ended")

    async def _listen(
        self,
        group: TaskGroup,
        host: str,
        port: int,
        webhooks: Webhooks,
        told: Callable[[str, int], None],
    ) -> None:
        try:
            listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise CirandaError(f"{host}:{port} cannot be listened at ({why})") from None
        room = Room(self._limits.connections)

        async def connected(stream: SocketStream) -> None:
            async with stream, room.seat() as seat:

                async def answering(request: Request) -> Answer:
                    with seat.busy():
                        return await webhooks(request)

                try:
                    await Connection(stream, answering, self._limits.bounds).serve()
                except Exception as error:  # one connection is no reason to end
                    why = f"{type(error).__name__}: {error}"
                    self._lines.error("connection failed", why=why)

        async def accepting() -> None:
            async with listener:
                await listener.serve(connected)

        group.start_soon(accepting)
        at = listener.extra(SocketAttribute.local_port)
        self._lines.info("listening", host=host, port=at)
        told(host, at)


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
