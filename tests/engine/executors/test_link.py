"""The engine's end of the four descriptors, without a process behind them."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ciranda.executors.pool.link import KeeperGoneError, Link
from ciranda.executors.pool.worker import frames


class Far:
    """What a keeper holds: its socket and the ends that are written to."""

    def __init__(self) -> None:
        ours, self.control = socket.socketpair()
        out, self.stdout = os.pipe()
        err, self.stderr = os.pipe()
        self.link = Link(ours, out, err)
        self._open = {self.stdout, self.stderr}

    def child(self) -> socket.socket:
        _, (fd,), _, _ = socket.recv_fds(self.control, 65536, 1)
        return socket.socket(fileno=fd)

    def shut(self, fd: int) -> None:
        self._open.discard(fd)
        os.close(fd)

    def close(self) -> None:
        self.link.close()
        self.control.close()
        for fd in tuple(self._open):
            self.shut(fd)


@pytest.fixture
def far() -> Iterator[Far]:
    made = Far()
    yield made
    made.close()
    made.link.close()  # once more changes nothing


def received(link: Link, count: int) -> list[Any]:
    found: list[Any] = []
    while len(found) < count:
        found += link.poll()
    return found


def test_a_frame_above_the_sockets_buffer_is_sent_as_it_is_read(far: Far) -> None:
    far.link.fork(frames.Fork(1))
    data = os.urandom(8_000_000)

    far.link.send(data)
    got = bytearray()
    with far.child() as child:
        while len(got) < len(data):
            got += child.recv(1 << 20)
            assert far.link.poll() == []

    assert bytes(got) == data


def test_who_stops_reading_is_noticed_and_the_rest_is_dropped(far: Far) -> None:
    far.link.fork(frames.Fork(1))
    far.link.send(bytes(8_000_000))

    far.child().close()
    while far.link.data is not None:
        assert far.link.poll() == []

    far.link.send(b"nobody")  # goes nowhere, and is no error


def test_what_is_sent_to_a_closed_end_is_left_to_the_next_turn(far: Far) -> None:
    far.link.fork(frames.Fork(1))
    far.child().close()

    far.link.send(b"late")

    assert far.link.poll() == []
    assert far.link.data is None


def test_what_the_dead_wrote_comes_before_their_end(far: Far) -> None:
    heard: list[tuple[str, bytes]] = []
    far.link.hear = lambda stream, data: heard.append((stream, data))
    far.link.fork(frames.Fork(1))
    with far.child() as child:
        child.sendall(frames.encode(frames.Log(1, "info", "a")))
        far.control.sendall(frames.encode(frames.Ended(1, 0)))
        os.write(far.stdout, "caf\u00e9".encode()[:-1])
        os.write(far.stdout, "caf\u00e9!".encode()[-2:])
        os.write(far.stderr, b"bad \xff")
        found = received(far.link, 2)

    assert found == [frames.Log(1, "info", "a"), frames.Ended(1, 0)]
    assert b"".join(data for stream, data in heard if stream == "stdout").decode() == "caf\u00e9!"
    assert far.link.tail == "bad \ufffd"


def test_pipes_that_end_are_closed_and_the_sockets_go_on(far: Far) -> None:
    far.shut(far.stdout)
    far.shut(far.stderr)
    assert far.link.poll() == []
    far.link.drain()

    far.control.sendall(frames.encode(frames.Ready(7)))

    assert received(far.link, 1) == [frames.Ready(7)]


def test_a_keeper_that_has_gone_is_told_whoever_asks(far: Far) -> None:
    far.control.close()

    with pytest.raises(KeeperGoneError):
        far.link.poll()
    with pytest.raises(KeeperGoneError):
        far.link.tell_keeper(frames.Ping(1))
    with pytest.raises(KeeperGoneError):
        far.link.fork(frames.Fork(1))


def test_each_call_writes_to_pipes_of_its_own_and_reads_what_it_is_given(far: Far) -> None:
    heard: list[tuple[str, bytes]] = []
    far.link.hear = lambda stream, data: heard.append((stream, data))
    read, write = os.pipe()
    far.link.fork(frames.Fork(1), pipes=True, stdin=read)
    _, (data, out, err, given), _, _ = socket.recv_fds(far.control, 65536, 9)
    os.close(read)
    os.close(write)

    fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, 1 << 20)
    os.write(out, bytes(900_000))
    os.write(err, b"said")
    far.control.sendall(frames.encode(frames.Ended(1, 0)))
    for fd in (data, out, err):
        os.close(fd)
    assert received(far.link, 1) == [frames.Ended(1, 0)]

    assert sum(len(data) for stream, data in heard if stream == "stdout") == 900_000
    assert far.link.tail == "said"
    assert os.read(given, 1) == b""
    os.close(given)
    far.link.drop_pipes()
    far.link.drop_pipes()  # once more changes nothing


def test_the_pipes_of_one_call_are_closed_when_the_next_begins(far: Far) -> None:
    far.link.fork(frames.Fork(1), pipes=True)
    _, (data, *pipes), _, _ = socket.recv_fds(far.control, 65536, 9)
    far.link.fork(frames.Fork(2))

    for fd in pipes:
        with pytest.raises(BrokenPipeError):
            os.write(fd, b"late")
    for fd in (data, *pipes):
        os.close(fd)
