"""Interpreters started before it is known what they will work on."""

import os
import socket
import subprocess
from typing import Any, Final, NamedTuple, final

import anyio
import anyio.to_thread

from .kind import WorkerKind
from .spawner import Spawner
from .worker import system

__all__ = ["Stem", "Stems", "started"]

_LATER: Final = 0.2  # seconds after a start: whoever was started for shall have the machine


class Stem(NamedTuple):
    """A keeper that waits for its first frame, and our ends of what joins us to it."""

    process: "subprocess.Popen[bytes]"
    control: socket.socket
    stdout: int
    stderr: int

    def end(self) -> None:
        """Kill it and close everything; it has nothing below it yet."""
        system.kill(self.process.pid)
        self.control.close()
        os.close(self.stdout)
        os.close(self.stderr)


def started(kind: WorkerKind, spawner: Spawner) -> Stem:
    """Start a keeper; blocks until it runs.

    Raises:
        OSError: Its command cannot run.
    """
    ours, theirs = socket.socketpair()
    out, their_out = os.pipe()
    err, their_err = os.pipe()
    try:
        process = spawner.spawn(
            kind.command(theirs.fileno()),
            env=kind.env,
            keep=theirs.fileno(),
            stdout=their_out,
            stderr=their_err,
        )
    except BaseException:
        ours.close()
        os.close(out)
        os.close(err)
        raise
    finally:
        theirs.close()
        os.close(their_out)
        os.close(their_err)
    return Stem(process, ours, out, err)


def _likeness(kind: WorkerKind) -> tuple[Any, ...]:
    """Return what two kinds have in common whose workers begin as the same process."""
    env = None if kind.env is None else frozenset(kind.env.items())
    return (*kind.command(0), env)


@final
class Stems:
    """Keeps one interpreter ahead of need, for pools that share it; `serve` does the work.

    A pool that starts a worker takes it, if it is of the same making, and orders the next one.
    It holds nothing but code: what it will work on comes with its first frame.
    """

    __slots__ = ("_kind", "_spare", "_spawner", "_wanted")

    def __init__(self) -> None:
        self._spawner = Spawner()
        self._spare: tuple[tuple[Any, ...], Stem] | None = None
        self._kind: WorkerKind | None = None
        self._wanted = anyio.Event()

    @property
    def ready(self) -> bool:
        """Whether one is there."""
        return self._spare is not None

    def order(self, kind: WorkerKind) -> None:
        """Wish for one that can become of this kind."""
        self._kind = kind
        self._wanted.set()

    def take(self, kind: WorkerKind) -> Stem | None:
        """Return the one that is there if it can become of this kind."""
        if self._spare is None or self._spare[0] != _likeness(kind):
            return None
        stem, self._spare = self._spare[1], None
        if stem.process.poll() is None:
            return stem
        stem.end()  # it has ended; somebody else killed it
        return None

    async def serve(self) -> None:
        """Start what is ordered, for ever, each some time after the order."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            await anyio.sleep(_LATER)
            kind = self._kind
            if kind is None or (self._spare and self._spare[0] == _likeness(kind)):
                continue
            self._drop()
            with anyio.CancelScope(shield=True):  # what is started belongs to somebody
                stem = await anyio.to_thread.run_sync(self._start, kind)
                self._spare = None if stem is None else (_likeness(kind), stem)

    def _start(self, kind: WorkerKind) -> Stem | None:
        try:
            return started(kind, self._spawner)
        except OSError:
            return None  # whoever needs it starts it then, and is told why not

    def _drop(self) -> None:
        if self._spare is not None:
            stem, self._spare = self._spare[1], None
            stem.end()
            self._spawner.reap(stem.process)

    def close(self) -> None:
        """End what is left; blocks. Only when all who took one have closed.

        The kernel ends a worker with the thread that started it, which ends here.
        """
        self._drop()
        self._spawner.close()
