"""The four descriptors that join an engine to one worker, waited on as one."""

import codecs
import os
import selectors
import socket
from collections.abc import Callable
from typing import Final, final

import anyio

from .worker import frames

Incoming = frames.FromWorker | frames.FromKeeper
_DECODE_WORKER: Final = frames.decoder(frames.FromWorker)
_DECODE_KEEPER: Final = frames.decoder(frames.FromKeeper)
_CHUNK: Final = 1 << 16  # bytes a read; above 128 KiB malloc maps fresh pages each time
_TAIL: Final = 2048  # characters of stderr kept for a message


class KeeperGoneError(Exception):
    """The keeper closed its socket: nothing of this worker is left."""


@final
class Link:
    """Control socket to the keeper, data socket to who works, and two output pipes.

    `data` is replaced for each call of a forking worker, so that nothing a child wrote can
    reach the next one. A selector nests all four behind one descriptor: a call waits once.
    """

    __slots__ = (
        "_control_reader",
        "_data_reader",
        "_decoders",
        "_outgoing",
        "_selector",
        "control",
        "data",
        "hear",
        "tail",
    )

    def __init__(self, control: socket.socket, stdout: int, stderr: int) -> None:
        control.setblocking(False)
        self.control = control
        self.data: socket.socket | None = None
        self.hear: Callable[[str, str], None] | None = None
        self.tail = ""
        self._outgoing: memoryview | None = None
        self._control_reader = frames.FrameReader[frames.FromKeeper](_DECODE_KEEPER)
        self._data_reader = frames.FrameReader[frames.FromWorker](_DECODE_WORKER)
        self._decoders: dict[int, tuple[str, codecs.IncrementalDecoder]] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        for fd, name in ((stdout, "stdout"), (stderr, "stderr")):
            os.set_blocking(fd, False)
            self._decoders[fd] = (name, codecs.getincrementaldecoder("utf-8")("replace"))
            self._selector.register(fd, selectors.EVENT_READ)

    def fork(self, call: int) -> None:
        """Ask the keeper for a child on a fresh data socket."""
        self.drop_data()
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            self.data = ours
            self._data_reader = frames.FrameReader[frames.FromWorker](_DECODE_WORKER)
            self._selector.register(ours, selectors.EVENT_READ)
            try:
                message = frames.encode(frames.Fork(call))
                socket.send_fds(self.control, [message], [theirs.fileno()])
            except OSError as error:
                raise KeeperGoneError from error

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
        """Read what the output pipes hold, at most one pipe's worth each."""
        for fd in tuple(self._decoders):
            self._on_output(fd)

    def _on_output(self, fd: int) -> None:
        if fd not in self._decoders:
            return
        name, decoder = self._decoders[fd]
        try:
            chunk = os.read(fd, _CHUNK)
        except BlockingIOError:
            return
        if not chunk:  # the keeper is ending
            self._selector.unregister(fd)
            del self._decoders[fd]
            os.close(fd)
            return
        text = decoder.decode(chunk)
        if name == "stderr":
            self.tail = (self.tail + text)[-_TAIL:]
        if self.hear is not None and text:
            self.hear(name, text)

    def close(self) -> None:
        """Close every descriptor; idempotent."""
        self.drop_data()
        self._selector.close()
        self.control.close()
        for fd in self._decoders:
            os.close(fd)
        self._decoders = {}
