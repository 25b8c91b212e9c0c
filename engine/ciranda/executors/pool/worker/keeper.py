"""The keeper: parent of all that one worker starts, so that nothing of it survives.

One small process a worker. It adopts orphans (a subreaper), so a child that forks twice and
starts a new session is still its descendant and is killed with the rest. With `reuse` it
forks one child that serves many calls; with `fork` it runs `setup` itself and forks a child
for each call, ahead of the call when it is told to. It ends, and kills everything below, when the
engine closes its socket or dies.
"""

import contextlib
import gc
import io
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from . import frames, system
from .serve import Work, begun, failure, prepare, serve, serve_begun
from .spare import Spare, awaited, can_wait, others
from .watch import Room, Watch

_WATCHED = (signal.SIGCHLD, signal.SIGTERM)
_STREAMS = (1, 2, 0)  # the child's descriptors, in the order they are passed
_PASSED = 1 + len(_STREAMS)
_LOOK = 0.02  # seconds between looks at a child with limits
# Whether the next child may get ready while the one before works; else it waits for its end.
_BESIDE = (os.cpu_count() or 1) > 1


class Keeper:
    """Forks children, reports their end, kills what they leave."""

    def __init__(self, control: socket.socket, start: frames.Start) -> None:
        self._control = control
        self._start = start
        self._work: Work | None = None
        self._child = 0
        self._call = 0
        self._watch: Watch | None = None
        self._over = ""
        self._next = 0.0
        self._ahead = start.fork and start.ahead and can_wait()
        self._spare: Spare | None = None
        self._pinned: list[int] = []
        self._mounts: list[int] = []
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._reader = frames.FrameReader[frames.ToKeeper](frames.decoder(frames.ToKeeper))

    def run(self) -> None:
        """Serve the engine until it closes the socket."""
        if self._start.fork and not self._set_up():
            return
        self._tell(frames.Ready(os.getpid()))
        for signum in _WATCHED:
            signal.signal(signum, lambda *_: None)  # what counts is the byte in the pipe
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._read, select.POLLIN)
        if self._ahead:
            self._mounts.append(os.open("/proc/self/mounts", os.O_RDONLY))
            poll.register(self._mounts[0], select.POLLPRI)
        serving = True
        while serving:
            if self._ahead and self._spare is None and not self._child:
                self._fork_ahead()
            ready = {fd for fd, _ in poll.poll(self._pause())}
            self._look()
            if ready.intersection(self._mounts):
                self._drop_spare()
            if self._read in ready:
                serving = signal.SIGTERM not in os.read(self._read, 4096) and self._reap()
            if serving and self._control.fileno() in ready:
                serving = self._listen()
        self._drop_spare()
        self._sweep()

    def _pause(self) -> float | None:
        """Milliseconds until the child is looked at, None for never."""
        if not self._child or self._watch is None:
            return None
        return max(self._next - time.monotonic(), 0) * 1000

    def _look(self) -> None:
        """Kill the child's whole tree when it is above its limits."""
        # By the clock: a fork bomb ends so many processes that there is never a quiet moment.
        if not self._child or self._watch is None or time.monotonic() < self._next:
            return
        self._over = self._over or self._watch.over(os.getpid(), self._waiting)
        if self._over:
            self._kill()
        self._next = time.monotonic() + _LOOK

    def _set_up(self) -> bool:
        try:
            self._work = prepare(self._start)
        except BaseException as error:  # whatever a setup raises, the engine must hear of it
            self._tell(failure(0, error))
            return False
        # What setup made stays shared with every child. Not collected before: it takes long, and
        # leaves holes whose pages each child would copy as it fills them.
        gc.freeze()
        return True

    def _listen(self) -> bool:
        try:
            data, fds, _, _ = socket.recv_fds(self._control, 65536, _PASSED)
        except ConnectionError:
            return False
        if not data:
            return False
        for frame in self._reader.feed(data):
            if isinstance(frame, frames.Fork):
                self._fork(frame, fds)
            elif isinstance(frame, frames.Ping):
                self._tell(frame)
            elif isinstance(frame, frames.Kill) and frame.id == self._call and self._child:
                self._kill()
        return True

    def _kill(self) -> None:
        system.kill(self._child)
        self._kill_below()

    def _kill_below(self) -> None:
        for pid in system.descendants(os.getpid()):
            if pid != self._waiting:
                system.kill(pid)

    @property
    def _waiting(self) -> int:
        """Process id of the child that waits for a call; 0 for none."""
        return self._spare.pid if self._spare is not None else 0

    def _fork(self, asked: frames.Fork, fds: list[int]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self._call = asked.id
        self._over = ""
        room = Room(asked.folder, asked.folder_mb, asked.folder_files)
        limited = asked.processes or asked.memory_mb or asked.folder
        self._watch = Watch(asked.processes, asked.memory_mb, room) if limited else None
        self._next = time.monotonic() + _LOOK
        spare, self._spare = self._spare, None
        if spare is not None and spare.hand(fds):
            self._child = spare.pid
        else:
            self._child = self._forked(lambda: serve(_taken(fds), self._start, self._work))
        for fd in fds:
            os.close(fd)
        if self._ahead and _BESIDE:
            self._fork_ahead()
        self._pin()

    def _fork_ahead(self) -> None:
        """Fork the child of the next call, which gets ready while others do the one before."""
        ours, theirs = socket.socketpair()

        def wait() -> int:
            ours.close()
            ready = begun(self._start, self._work, ahead=True)
            fds = awaited(theirs)
            return serve_begun(_taken(fds), self._start, ready) if fds else 0

        with theirs:
            self._spare = Spare(self._forked(wait), ours)

    def _forget_spare(self) -> None:
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    def _drop_spare(self) -> None:
        """End the child that waits: it may be in mounts of its own, and not see new ones."""
        if self._spare is not None:
            system.kill(self._spare.pid)
        self._forget_spare()

    def _pin(self) -> None:
        """Hold the mounts of the call's process, if they are its own, until its end was told.

        Whoever is the last to leave waits until no processor can be looking at them any more.
        """
        if self._ahead:
            with contextlib.suppress(OSError):  # it has ended, or the kernel knows no namespaces
                self._pinned.append(os.open(f"/proc/{self._child}/ns/mnt", os.O_RDONLY))

    def _unpin(self) -> None:
        while self._pinned:
            os.close(self._pinned.pop())

    def _forked(self, work: Callable[[], int]) -> int:
        """Fork a child that ends with the exit code that `work` returns."""
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(work, keeper)
        return pid

    def _become_child(self, work: Callable[[], int], keeper: int) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for signum in _WATCHED:
                signal.signal(signum, signal.SIG_DFL)
            os.setsid()
            system.die_with_parent(signal.SIGKILL)
            if os.getppid() == keeper:  # it may have died before the line above
                for mine in (self._read, self._write, *self._pinned, *self._mounts):
                    os.close(mine)
                self._control.close()
                code = work()
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(code)  # never back into the keeper's stack

    def _reap(self) -> bool:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return True
            if pid == self._waiting:
                self._forget_spare()
            elif pid == self._child:
                # A process hands its children to us before it can be waited for.
                self._sweep()
                self._child = 0
                self._tell(frames.Ended(self._call, status, self._over))
                self._unpin()
                return self._start.fork

    def _sweep(self) -> None:
        """Kill and reap every descendant but who waits for a call; orphans come to us."""
        while others(self._waiting) if self._spare is not None else _has_children():
            self._kill_below()
            if self._child and sys.platform != "linux":
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._child, signal.SIGKILL)  # all there is without /proc
            with contextlib.suppress(ChildProcessError):
                pid, _ = os.waitpid(-1, 0)
                if pid == self._waiting:
                    self._forget_spare()

    def _tell(self, frame: frames.FromKeeper) -> None:
        with contextlib.suppress(ConnectionError):  # the engine has gone; the loop sees it
            self._control.sendall(frames.encode(frame))


def _taken(fds: list[int]) -> socket.socket:
    """Take the descriptors of a call, in its child; return its socket."""
    for fd, stream in zip(fds[1:], _STREAMS, strict=False):
        os.dup2(fd, stream)
        os.close(fd)
    return socket.socket(fileno=fds[0])


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def main(control_fd: int) -> None:
    """Read the first frame from the control socket and keep a worker until it closes."""
    control = socket.socket(fileno=control_fd)
    reader = frames.FrameReader[frames.Start](frames.decoder(frames.Start))
    start = None
    while start is None:
        data = control.recv(65536)
        if not data:
            return
        start = next(iter(reader.feed(data)), None)
    system.die_with_parent(signal.SIGTERM)
    if start.parent and os.getppid() != start.parent:
        return  # the engine died while we started
    system.adopt_orphans()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    Keeper(control, start).run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # nothing is left to tidy, and somebody waits for the end
