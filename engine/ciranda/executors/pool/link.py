"""The four descriptors that join an engine to one worker, waited on as one."""

import os
import selectors
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final, final

import anyio

from .worker import frames

Incoming = frames.FromWorker | frames.FromKeeper
_DECODE_WORKER: Final = frames.decoder(frames.FromWorker)
_DECODE_KEEPER: Final = frames.decoder(frames.FromKeeper)
_CHUNK: Final = 1 << 16  # bytes a read; above 128 KiB malloc maps fresh pages each time
_TAIL: Final = 2048  # bytes of stderr kept for a message
_HELD: Final = 1 << 24  # bytes a pipe can hold at most, and by far
Hear = Callable[[str, bytes], None]


class KeeperGoneError(Exception):
    """The keeper closed its socket: nothing of this worker is left."""


@final
class Link:
    """Control socket to the keeper, data socket to who works, and output pipes.

    `data` is replaced for each call of a forking worker, and each has output pipes of its own
    besides the keeper's, so that nothing a child wrote or did to them can reach the next one. A
    selector nests all of them behind one descriptor: a call waits once.
    """

    __slots__ = (
        "_control_reader",
        "_data_reader",
        "_far",
        "_outgoing",
        "_own",
        "_selector",
        "_streams",
        "_tail",
        "control",
        "data",
        "hear",
    )

    def __init__(self, control: socket.socket, stdout: int, stderr: int) -> None:
        control.setblocking(False)
        self.control = control
        self.data: socket.socket | None = None
        self.hear: Hear | None = None
        self._tail = b""
        self._outgoing: memoryview | None = None
        self._control_reader = frames.FrameReader[frames.FromKeeper](_DECODE_KEEPER)
        self._data_reader = frames.FrameReader[frames.FromWorker](_DECODE_WORKER)
        self._streams: dict[int, str] = {}
        self._own: list[int] = []  # those of the call
        self._far: list[int] = []  # their other ends: else each end of the child's wakes us
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        for fd, name in ((stdout, "stdout"), (stderr, "stderr")):
            self._listen(fd, name)

    def _listen(self, fd: int, name: str) -> None:
        os.set_blocking(fd, False)
        self._streams[fd] = name
        self._selector.register(fd, selectors.EVENT_READ)

    @property
    def tail(self) -> str:
        """Last thing written to stderr since `forget`."""
        return self._tail.decode("utf-8", "replace")

    def forget(self) -> None:
        """Forget what was written to stderr."""
        self._tail = b""

    def fork(self, asked: frames.Fork, *, pipes: bool = False, stdin: int | None = None) -> None:
        """Ask the keeper for a child on a fresh data socket.

        Args:
            asked: The call and its limits.
            pipes: Whether it writes to pipes of its own, not to its keeper's.
            stdin: What it reads from, with `pipes`; None is what its keeper reads from.
        """
        self.drop_data()
        self.drop_pipes()
        with ExitStack() as passed:
            ours, theirs = socket.socketpair()
            passed.enter_context(theirs)
            ours.setblocking(False)
            self.data = ours
            self._data_reader = frames.FrameReader[frames.FromWorker](_DECODE_WORKER)
            self._selector.register(ours, selectors.EVENT_READ)
            fds = [theirs.fileno()]
            for name in ("stdout", "stderr") if pipes else ():
                read, write = os.pipe()
                self._far.append(write)
                self._own.append(read)
                self._listen(read, name)
                fds.append(write)
            if pipes and stdin is not None:
                fds.append(stdin)
            try:
                socket.send_fds(self.control, [frames.encode(asked)], fds)
            except OSError as error:
                raise KeeperGoneError from error

    def drop_pipes(self) -> None:
        """Close the output pipes of the last call."""
        for fd in self._own:
            self._forsake(fd)
        for fd in self._far:
            os.close(fd)
        self._own = []
        self._far = []

    def _forsake(self, fd: int) -> None:
        if self._streams.pop(fd, None) is not None:
            self._selector.unregister(fd)
            os.close(fd)

    def drop_data(self) -> None:
        """Close the data socket."""
        self._outgoing = None
        if self.data is not None:
            self._selector.unregister(self.data)
            self.data.close()
            self.data = None

    def tell_keeper(self, frame: frames.ToKeeper) -> None:
        """Send a small frame to the keeper.

        Raises:
            KeeperGoneError: It has ended.
        """
        try:
            self.control.sendall(frames.encode(frame))
        except OSError as error:
            raise KeeperGoneError from error

    def send(self, data: bytes) -> None:
        """Begin to send bytes to who works; `turn` sends what did not fit."""
        if self.data is None:
            return
        try:
            sent = self.data.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it has closed its end; `turn` tells why
        if sent < len(data):
            self._outgoing = memoryview(data)[sent:]
            self._selector.modify(self.data, selectors.EVENT_READ | selectors.EVENT_WRITE)

    async def turn(self) -> list[Incoming]:
        """Wait until something came and return it; an empty list is possible.

        Raises:
            KeeperGoneError: The keeper has ended.
            FrameError: Somebody sent what is not a frame.
        """
        await anyio.wait_readable(self._selector.fileno())
        return self.poll()

    def poll(self) -> list[Incoming]:
        """Return what came, without waiting; raises as `turn` does."""
        found: list[Incoming] = []
        last: list[Incoming] = []
        for key, mask in self._selector.select(0):
            if key.fileobj is self.data:
                self._on_data(mask, found)
            elif key.fileobj is self.control:
                last = self._on_control(found)
            else:
                self._on_output(key.fd)
        return found + last if last else found

    def _on_data(self, mask: int, found: list[Incoming]) -> None:
        assert self.data is not None
        if mask & selectors.EVENT_WRITE and self._outgoing is not None:
            self._send_more(self.data, self._outgoing)
        if mask & selectors.EVENT_READ:
            self._receive(found)

    def _send_more(self, data: socket.socket, rest: memoryview) -> None:
        try:
            rest = rest[data.send(rest) :]
        except BlockingIOError:
            return
        except OSError:
            rest = rest[:0]
        self._outgoing = rest or None
        if self._outgoing is None:
            self._selector.modify(data, selectors.EVENT_READ)

    def _receive(self, found: list[Incoming]) -> bool:
        """Read once; return whether there may be more."""
        if self.data is None:
            return False
        try:
            chunk = self.data.recv(_CHUNK)
        except BlockingIOError:
            return False
        except ConnectionError:
            chunk = b""
        if not chunk:
            self.drop_data()
            return False
        found.extend(self._data_reader.feed(chunk))
        return True

    def _on_control(self, found: list[Incoming]) -> list[Incoming]:
        try:
            chunk = self.control.recv(_CHUNK)
        except BlockingIOError:
            return []
        except ConnectionError:
            chunk = b""
        if not chunk:
            raise KeeperGoneError
        told: list[Incoming] = list(self._control_reader.feed(chunk))
        if any(isinstance(frame, frames.Ended) for frame in told):
            # All who could write are dead: what they wrote comes first.
            while self._receive(found):
                pass
            self.drain()
        return told

    def drain(self) -> None:
        """Read what the output pipes hold."""
        for fd in tuple(self._streams):
            held = 0
            # Whoever passed a pipe on out of the tree must not keep us here.
            while held < _HELD and (read := self._on_output(fd)):
                held += read

    def _on_output(self, fd: int) -> int:
        """Read once; return how many bytes came."""
        if fd not in self._streams:
            return 0
        name = self._streams[fd]
        try:
            chunk = os.read(fd, _CHUNK)
        except BlockingIOError:
            return 0
        if not chunk:  # nobody can write to it any more
            self._forsake(fd)
            return 0
        if name == "stderr":
            self._tail = (self._tail + chunk)[-_TAIL:]
        if self.hear is not None:
            self.hear(name, chunk)
        return len(chunk)

    def close(self) -> None:
        """Close every descriptor; idempotent."""
        self.drop_data()
        self.drop_pipes()
        for fd in tuple(self._streams):
            self._forsake(fd)
        self._selector.close()
        self.control.close()
