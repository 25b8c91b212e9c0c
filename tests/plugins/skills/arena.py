"""Where attacks happen: a victim process, and an attacker that it forks and may confine."""

import ctypes
import encodings.ascii
import encodings.idna  # noqa: F401  (another user may not be able to read it later)
import mmap
import os
import pwd
import select
import shutil
import signal
import socket
import sqlite3.dump  # noqa: F401  (coverage reads it when a confined process cannot)
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import coverage
import msgspec

from ciranda_skills.sandbox import Kernel, Policy, confine
from ciranda_skills.sandbox.alone import threads
from ciranda_skills.sandbox.features import Features

CANARY = b"canary-5f2e1c"
PATIENCE = 20.0  # seconds until an attack that does not end is killed
NOBODY = pwd.getpwnam("nobody").pw_uid
_LINES = b"\0lines\0"
_SET_DUMPABLE = 4
_PRIVATE_SHM = 0
_REMOVE = 0


@dataclass(frozen=True)
class World:
    """What there is to attack."""

    outside: Path  # a folder that was not granted, with `secret` and `mutable` in it
    home: Path  # the granted one
    shared: mmap.mmap  # the victim writes here what reached it
    result: int = -1  # descriptor to report on
    victim: int = 0
    tcp: int = 0
    udp: int = 0
    abstract: str = ""
    stream: Path = Path()
    datagrams: Path = Path()
    inherited: int = -1
    address: int = 0  # of the canary in the victim's memory
    shm: int = -1
    queue: bytes = b""
    measured: bool = False  # whether the lines that run are wanted
    before: Callable[[], object] | None = None  # called in the attacker before it is confined


Attack = Callable[[World], object]


@dataclass(frozen=True)
class Outcome:
    """How an attack ended."""

    text: str
    reached: bool | None = None  # whether the victim's memory was reached, where that was awaited

    @property
    def succeeded(self) -> bool:
        return self.text.startswith("succeeded")


@contextmanager
def world(uid: int) -> Iterator[World]:
    """Make the folders, owned by the user of the attack, and remove them afterwards."""
    top = Path(tempfile.mkdtemp(prefix="skills-arena-"))  # tmp_path is closed to other users
    try:
        outside, home = top / "outside", top / "home"
        for folder in (top, outside, home):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        (outside / "secret").write_bytes(CANARY)
        (outside / "mutable").write_bytes(b"as it was")
        if os.getuid() == 0:
            for path in (top, outside, home, outside / "secret", outside / "mutable"):
                os.chown(path, uid, -1)
        with mmap.mmap(-1, 4096) as shared:
            yield World(outside, home, shared, queue=top.name.encode())
    finally:
        with suppress(FileNotFoundError):
            Kernel().call("mq_unlink", top.name.encode())
        shutil.rmtree(top)


def become(uid: int) -> None:
    """Be an ordinary user, with the /proc of one who always was."""
    if uid != os.getuid():
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        Kernel().call("prctl", _SET_DUMPABLE, 1, 0, 0, 0)


def _stage(here: World) -> World:
    """Open what the victim owns."""
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    abstract, stream = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    name = f"\0arena-{os.getpid()}"
    abstract.bind(name)
    stream.bind(str(here.outside / "stream"))
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagrams.bind(str(here.outside / "datagrams"))
    for server in (abstract, stream):
        server.listen()
    held = ctypes.create_string_buffer(CANARY)
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    shm = libc.shmget(_PRIVATE_SHM, 4096, 0o1600)
    ctypes.memmove(libc.shmat(shm, None, 0), CANARY, len(CANARY))
    libc.shmctl(shm, _REMOVE, None)  # it is there until its last user has ended
    os.close(Kernel().call("mq_open", here.queue, os.O_CREAT | os.O_RDWR, 0o600, None))
    os.environ["API_TOKEN"] = CANARY.decode()

    def reached(signum: int, _: object) -> None:
        here.shared[signum] = 1

    for signum in (signal.SIGUSR1, signal.SIGIO):
        signal.signal(signum, reached)
    here.shared[100] = 0
    _KEPT.append((tcp, udp, abstract, stream, datagrams, held))
    return replace(
        here,
        victim=os.getpid(),
        tcp=tcp.getsockname()[1],
        udp=udp.getsockname()[1],
        abstract=name,
        stream=here.outside / "stream",
        datagrams=here.outside / "datagrams",
        inherited=os.open(here.outside / "secret", os.O_RDONLY),
        address=ctypes.addressof(held),
        shm=shm,
    )


_KEPT: list[object] = []


@contextmanager
def covered(write: int) -> Iterator[None]:
    """Send the lines that run in this process, when coverage is measured, as the last thing.

    A confined process cannot write the file that coverage would write at its end.
    """
    outer = coverage.Coverage.current()
    if outer is None:
        yield
        return
    outer.stop()
    ours = coverage.Coverage(
        data_file=None, branch=True, include=["*/ciranda_skills/*"], config_file=False
    )
    ours.start()
    try:
        yield
    finally:
        ours.stop()
        os.write(write, _LINES + ours.get_data().dumps())


def _merge(dumped: bytes, name: str) -> None:
    """Leave what ran in a confined process where coverage looks for what others measured."""
    outer = coverage.Coverage.current()
    if outer is not None and dumped:
        data = coverage.CoverageData(str(outer.get_option("run:data_file")), suffix=name)
        data.loads(dumped)
        data.write()


def _attacker(
    attack: Attack, here: World, policy: Policy | None, features: Features | None
) -> None:
    if not here.measured:
        sys.settrace(None)  # what nobody asks for is not measured: it would cost half a minute
    with covered(here.result) if here.measured else nullcontext():
        _attack(attack, here, policy, features)
    os._exit(0)


def _attack(attack: Attack, here: World, policy: Policy | None, features: Features | None) -> None:
    said = "blocked: it ended without a word"
    try:
        if here.before is not None:
            here.before()
        if policy is not None:
            confine(policy, keep_fds=(here.result,), features=features)
        got = attack(here)
        said = f"succeeded: {got!r}"[:500] if got else "blocked: it had no effect"
    except BaseException as error:
        said = f"blocked: {type(error).__name__}: {error}"[:500]
    finally:
        os.write(here.result, said.encode())


def _fork() -> int:
    """Fork a child with one thread, whatever other tests left that begins daemons in children."""
    start = threading.Thread.start
    threading.Thread.start = (  # type: ignore[method-assign]
        lambda self: None if self.daemon else start(self)
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner
            pid = os.fork()
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]
    end = time.monotonic() + 1
    while not pid and threads() > 1 and time.monotonic() < end:
        time.sleep(0.0005)
    return pid


def _victim(attack: Attack, here: World, policy: Policy | None, features: Features | None) -> None:
    staged = _stage(here)
    child = _fork()
    if child == 0:
        _attacker(attack, staged, policy, features)
    os.close(staged.result)
    os.waitpid(child, 0)


def run(
    attack: Attack,
    policy: Policy | None = None,
    *,
    uid: int | None = None,
    features: Features | None = None,
    measured: bool = False,
    wait_for: tuple[int, float] | None = None,
    before: Callable[[], object] | None = None,
) -> Outcome:
    """Run an attack in a child of a victim and return how it ended.

    Args:
        attack: What the attacker does; a true result is a success.
        policy: Confine the attacker by it, with the arena's home; None does not.
        uid: Whose processes victim and attacker are; None is ours.
        features: What the attacker takes the machine for.
        measured: Whether coverage shall know what runs in the attacker; costs a while.
        before: What the attacker does before it is confined.
        wait_for: Place in the victim's memory that what the attacker left may write to, and
            seconds until that.
    """
    whose = os.getuid() if uid is None else uid
    with world(whose) as here:
        read, write = os.pipe()
        if policy is not None:
            policy = msgspec.structs.replace(policy, home=here.home)
        victim = _fork()
        if victim == 0:
            code = 1
            try:
                os.close(read)
                os.setsid()
                become(whose)
                _victim(
                    attack,
                    replace(here, result=write, measured=measured, before=before),
                    policy,
                    features,
                )
                code = 0
            except BaseException as error:
                os.write(write, f"broken: {type(error).__name__}: {error}".encode())
            finally:
                os._exit(code)
        os.close(write)
        try:
            said = _heard(read)
            return Outcome(said, None if wait_for is None else arrives(here, *wait_for))
        finally:
            os.close(read)
            _end(victim)


def arrives(here: World, place: int, seconds: float = 3.0) -> bool:
    """Tell whether the victim's memory says so within some time."""
    deadline = time.monotonic() + seconds
    while not here.shared[place] and time.monotonic() < deadline:
        time.sleep(0.002)
    return bool(here.shared[place])


def _heard(read: int) -> str:
    text = b""
    deadline = time.monotonic() + PATIENCE
    while select.select([read], [], [], max(0.0, deadline - time.monotonic()))[0]:
        data = os.read(read, 65536)
        if not data:
            text, _, dumped = text.partition(_LINES)
            _merge(dumped, f"arena.{os.getpid()}.{read}.{time.monotonic_ns()}")
            return text.decode(errors="replace") or "blocked: it was killed"
        text += data
    return "broken: it did not end"


def _end(victim: int) -> None:
    """Wait a moment for the victim, then kill its session."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if os.waitpid(victim, os.WNOHANG)[0]:
            return
        time.sleep(0.001)
    os.killpg(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
