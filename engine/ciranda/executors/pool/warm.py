"""One worker as its engine sees it: start, call, stop."""

import contextlib
import os
import socket
import subprocess
from dataclasses import astuple
from typing import Any, Final, final

import anyio

from ciranda.errors import PoolError, StepError

from .ask import Ask
from .kind import WorkerKind
from .link import Incoming, KeeperGoneError, Link
from .outcome import Output, encode_call, exit_of, from_error, garbage, lost, oom_kills
from .spawner import Spawner
from .stem import Stem, Stems, started
from .worker import frames, system
from .worker.brief import Brief

_KILL: Final = 0.08  # seconds a keeper has to kill a call before we do it
_STOP: Final = 0.5  # seconds an idle keeper has to end before we kill it
_LAST: Final = 0.25  # seconds a child that closed its socket has to end by itself
_START: Final = 60.0  # seconds for `setup`
_PAGE_MB: Final = os.sysconf("SC_PAGE_SIZE") / 2**20
_ANSWERS: Final = (frames.Result, frames.Error)


class NeverBegunError(Exception):
    """The worker was gone before it could be told of the call: another one may take it."""


@final
class WarmWorker:
    """A keeper and what it keeps; serves one call at a time.

    Attributes:
        usable: Whether another call may be sent; once False it stays so.
        retired: Whether it wishes to be replaced.
        calls: Calls sent so far.
        used: Moment of `anyio.current_time` at which its last call ended.
        digests: Code digest by call name, as last used.
    """

    __slots__ = (
        "_brief",
        "_id",
        "_kind",
        "_link",
        "_oom",
        "_pid",
        "_process",
        "_spawner",
        "_statm",
        "_stems",
        "calls",
        "digests",
        "retired",
        "usable",
        "used",
    )

    def __init__(self, kind: WorkerKind, spawner: Spawner, stems: Stems | None = None) -> None:
        self._kind = kind
        self._stems = stems
        self._spawner = spawner
        self._process: subprocess.Popen[bytes] | None = None
        self._link: Link | None = None
        self._pid = 0
        self._oom = 0
        self._id = 0
        self._statm: int | None = None
        self._brief = Brief()
        self.usable = False
        self.retired = False
        self.calls = 0
        self.used = 0.0
        self.digests: dict[str, str] = {}

    async def start(self) -> None:
        """Start the process and wait until `setup` has run.

        Raises:
            PoolError: The command cannot run, or `setup` failed.
        """
        try:
            with anyio.fail_after(_START):
                stem = self._stems.take(self._kind) if self._stems is not None else None
                link = self._take(stem) if stem else await anyio.to_thread.run_sync(self._spawn)
                await self._handshake(link)
        except BaseException as error:
            tail = self._link.tail if self._link is not None else ""
            await self.stop(_KILL)  # a setup that hangs does not listen
            if isinstance(error, TimeoutError | KeeperGoneError | frames.FrameError | OSError):
                raise self._not_started(error, tail) from None
            raise
        self.usable = True
        self.used = anyio.current_time()
        self._oom = oom_kills()

    def _not_started(self, error: Exception, tail: str) -> PoolError:
        why = str(error) or "its process ended"
        if isinstance(error, TimeoutError):
            why = f"{self._kind.setup!r} was not done after {_START:g} seconds"
        failed = PoolError(f"worker {self._kind.name!r} cannot start: {why}")
        if tail:
            failed.add_note(f"It wrote:\n{tail.rstrip()}")
        return failed

    def _spawn(self) -> Link:
        return self._take(started(self._kind, self._spawner))

    def _take(self, stem: Stem) -> Link:
        self._process = stem.process
        self._link = Link(stem.control, stem.stdout, stem.stderr)
        return self._link

    async def _handshake(self, link: Link) -> None:
        kind = self._kind
        fork = kind.lifetime == "fork"
        parent = 0 if kind.argv else os.getpid()
        begin = frames.Start(kind.setup, kind.options, fork, kind.confine, parent, kind.ahead)
        start = frames.encode(begin)
        while start:
            try:
                start = start[link.control.send(start) :]
            except BlockingIOError:
                await anyio.wait_writable(link.control)
        await self._until_ready(link)
        if not fork:
            link.fork(frames.Fork(0))
            self._pid = await self._until_ready(link)

    async def _until_ready(self, link: Link) -> int:
        while True:
            for frame in await link.turn():
                if isinstance(frame, frames.Ready):
                    return frame.pid
                if isinstance(frame, frames.Error):
                    raise self._refused(frame)
                if isinstance(frame, frames.Ended):
                    raise KeeperGoneError(
                        f"its process ended during setup, wait status {frame.status}"
                    )

    def _refused(self, frame: frames.Error) -> PoolError:
        error = PoolError(f"worker {self._kind.name!r} cannot start: {frame.message}")
        error.add_note(f"In the worker:\n{frame.traceback.rstrip()}")
        return error

    def healthy(self) -> bool:
        """Tell, without waiting, whether an idle worker is still there and silent."""
        if self._link is None or not self.usable:
            return False
        try:
            for frame in self._link.poll():
                if isinstance(frame, frames.Ended):
                    self.usable = False
        except (KeeperGoneError, frames.FrameError):
            self.usable = False
        return self.usable

    async def ping(self, seconds: float = 1.0) -> bool:
        """Ask an idle worker whether it answers in time."""
        link = self._link
        if link is None or not self.healthy():
            return False
        asked = frames.Ping(self.calls)
        try:
            with anyio.fail_after(seconds):
                if self._kind.lifetime == "fork":
                    link.tell_keeper(asked)
                else:
                    link.send(frames.encode(asked))
                while asked not in await link.turn():
                    pass
        except (TimeoutError, KeeperGoneError, frames.FrameError):
            self.usable = False
        return self.usable

    async def call(self, ask: Ask) -> Any:
        """Run one call; afterwards `usable` says whether this worker may serve another.

        Returns:
            Its result, or an `Exit` where the whole process was asked for.

        Raises:
            StepError: It failed; see `Pool.call` for the kinds.
            NeverBegunError: Nobody has heard of it.
        """
        link = self._link
        assert link is not None
        # By chance: a call that knew the next one's number could leave an answer for it.
        self._id = 1 << 52 | int.from_bytes(os.urandom(6), "big")
        data = encode_call(frames.Call(self._id, ask.name, ask.payload, ask.deadline))
        self.calls += 1
        output = Output(self._id, ask.notify) if ask.notify and ask.hear is None else None
        link.hear = output.hear if output is not None else ask.hear
        link.forget()
        try:
            answer, ended = await self._exchange(link, ask, data)
            if answer is None and ended is None:
                await self._give_up(link, ask.grace)
        except NeverBegunError:
            self.usable = False
            raise
        except KeeperGoneError:
            self.usable = False
            link.drain()  # what was written before
            raise self._lost(ask.name, None) from None
        except frames.FrameError as error:
            await self._give_up(link, 0)
            raise garbage(self._kind.name, ask.name, error) from None
        except BaseException:  # cancelled, or `notify` raised
            await self._give_up(link, ask.grace)
            raise
        finally:
            self.used = anyio.current_time()
            link.hear = None
            link.drop_pipes()
            if output is not None:
                output.end()
        return self._told(ask, answer, ended)

    def _told(
        self, ask: Ask, answer: frames.Result | frames.Error | None, ended: frames.Ended | None
    ) -> Any:
        if isinstance(answer, frames.Error):
            if answer.kind == "memory" and self._kind.lifetime == "reuse":
                self.usable = False  # what ran out of memory may be half done anywhere
            raise from_error(answer)
        if ended is not None and ask.whole:
            value = answer.value if answer is not None else None
            return exit_of(ended, value, oom=self._ran_out())
        if answer is not None:
            self.retired = self.retired or answer.last
            return answer.value
        if ended is None:
            message = f"{ask.name!r} was killed after its {ask.patience:g} seconds"
            raise StepError("timeout", message)
        self.usable = self._kind.lifetime == "fork"
        raise self._lost(ask.name, ended.status)

    async def _exchange(
        self, link: Link, ask: Ask, data: bytes
    ) -> tuple[frames.Result | frames.Error | None, frames.Ended | None]:
        fork = self._kind.lifetime == "fork"
        if fork:
            asked = frames.Fork(self._id, *astuple(ask.limits))
            try:
                link.fork(asked, pipes=True, stdin=ask.stdin)
            except KeeperGoneError as error:
                if self.calls == 1:  # whatever kills every keeper at once is no chance
                    raise
                raise NeverBegunError from error
        link.send(data)
        found = self._brief.watch(link.poll) if ask.brief else []
        if ask.patience is None or (found and self._is_answer(found[-1])):
            return await self._answered(link, ask, found)
        with anyio.move_on_after(ask.patience):
            return await self._answered(link, ask, found)
        return None, None

    def _is_answer(self, frame: Incoming) -> bool:
        return isinstance(frame, _ANSWERS) and frame.id == self._id

    async def _answered(
        self, link: Link, ask: Ask, found: list[Incoming]
    ) -> tuple[frames.Result | frames.Error | None, frames.Ended | None]:
        fork = self._kind.lifetime == "fork"
        answer: frames.Result | frames.Error | None = None
        while True:
            for frame in found or await link.turn():
                if isinstance(frame, frames.Ended):
                    return answer, frame
                if frame_of(frame) != self._id:
                    if isinstance(frame, frames.Error) and frame.id == 0:
                        raise self._refused(frame)
                elif isinstance(frame, _ANSWERS):
                    answer = answer or frame
                elif ask.notify is not None and isinstance(frame, frames.Notice):
                    ask.notify(frame)
            if answer is not None and not fork:
                return answer, None
            found = []
            if link.data is None and answer is None and not ask.whole:
                return None, await self._last(link)

    async def _last(self, link: Link) -> frames.Ended:
        """Wait for the end of a child that closed its socket; kill it when it lives on."""
        for patience in (_LAST, _KILL):
            with anyio.move_on_after(patience):
                while True:
                    for frame in await link.turn():
                        if isinstance(frame, frames.Ended):
                            return frame
            link.tell_keeper(frames.Kill(self._id if self._kind.lifetime == "fork" else 0))
        await self.stop()
        raise KeeperGoneError

    def _lost(self, name: str, status: int | None) -> StepError:
        tail = self._link.tail if self._link is not None else ""
        return lost(self._kind.name, name, status, tail, oom=self._ran_out())

    def _ran_out(self) -> bool:
        """Tell whether the kernel killed for memory since it was asked last."""
        before, self._oom = self._oom, oom_kills()
        return self._oom > before

    async def _give_up(self, link: Link, grace: float) -> None:
        """Kill what serves the call; a forking worker lives on when its keeper answers."""
        self.usable = False
        fork = self._kind.lifetime == "fork"
        patience = 0.0
        with anyio.CancelScope(shield=True):
            try:
                if grace and await self._ask(link, grace):
                    self.usable = True
                    return
                link.tell_keeper(frames.Kill(self._id if fork else 0))
                with anyio.move_on_after(_KILL):
                    await self._until_ended(link)
                    self.usable = fork
                    patience = _KILL
            except (KeeperGoneError, frames.FrameError):
                pass  # whatever it said last, it is stopped below
            if not self.usable:
                await self.stop(patience)

    async def _ask(self, link: Link, grace: float) -> bool:
        link.send(frames.encode(frames.Cancel(self._id)))
        with contextlib.suppress(frames.FrameError), anyio.move_on_after(grace):
            while link.data is not None:
                for frame in await link.turn():
                    done = isinstance(frame, frames.Result | frames.Error)
                    if isinstance(frame, frames.Ended):
                        return self._kind.lifetime == "fork"
                    if done and self._kind.lifetime == "reuse":
                        return frame_of(frame) == self._id
        return False

    async def _until_ended(self, link: Link) -> None:
        link.drop_data()
        while not any(isinstance(frame, frames.Ended) for frame in await link.turn()):
            pass

    def rss_mb(self) -> float:
        """Return resident memory in MiB; 0 where there is no /proc or one child a call."""
        try:
            if self._statm is None:
                self._statm = os.open(f"/proc/{self._pid}/statm", os.O_RDONLY)
            return int(os.pread(self._statm, 256, 0).split()[1]) * _PAGE_MB
        except (OSError, IndexError):  # it has ended
            return 0.0

    def abort(self) -> None:
        """Make the keeper kill everything; a running call fails as lost."""
        self.usable = False
        if self._link is not None:
            with contextlib.suppress(OSError):
                self._link.control.shutdown(socket.SHUT_WR)

    async def stop(self, patience: float = _STOP) -> None:
        """Kill everything of this worker and close every descriptor; idempotent.

        Args:
            patience: Seconds the keeper has to do it; then it is done from here.
        """
        self.usable = False
        link, process = self._link, self._process
        self._link = self._process = None
        with anyio.CancelScope(shield=True):
            if self._statm is not None:
                os.close(self._statm)
                self._statm = None
            if link is not None:
                link.drop_data()
                with contextlib.suppress(OSError, KeeperGoneError, frames.FrameError):
                    link.control.shutdown(socket.SHUT_WR)
                    with anyio.move_on_after(patience):
                        while True:
                            await link.turn()
                link.close()
            if process is not None:
                for _ in range(3):  # again for what was forked meanwhile
                    for pid in system.descendants(process.pid):
                        system.kill(pid)
                system.kill(process.pid)
                self._spawner.reap(process)


def frame_of(frame: Incoming) -> int | None:
    """Return the call a frame belongs to."""
    return None if isinstance(frame, frames.Ready) else frame.id
