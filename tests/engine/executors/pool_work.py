"""What the worker processes of these tests run."""

import array
import contextlib
import ctypes
import fcntl
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import time
from typing import Any


def cap_memory(options: Any) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))


def private_fds() -> list[int]:
    found = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if int(name) > 2 and stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                found.append(int(name))
    return found


def daemonise(payload: Any, job: Any) -> int:
    """Fork twice, into a session of its own, and sleep for ever; return its process id."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write, str(os.getpid()).encode())
            while True:
                time.sleep(60)
        os._exit(0)
    os.wait()
    return int(os.read(read, 20))


def shout(payload: Any, job: Any) -> str:
    line = b"x" * 99 + b"\n"
    for _ in range(100):
        os.write(1, line * 10_000)
    return "ok"


def garbage(payload: Any, job: Any) -> None:
    for fd in private_fds():
        os.write(fd, random.Random(payload).randbytes(4096))
    time.sleep(60)


def close_pipe(payload: Any, job: Any) -> None:
    for fd in private_fds():
        os.close(fd)
    time.sleep(60)


def raises(payload: Any, job: Any) -> None:
    raise ValueError("as told")


def step_error(payload: Any, job: Any) -> None:
    from ciranda.errors import StepError

    raise StepError("shop.closed", "come back", retryable=True, retry_after=2.5, detail={"a": 1})


def loop(payload: Any, job: Any) -> None:
    while True:
        pass


def until_cancelled(payload: Any, job: Any) -> str:
    while not job.cancelled:
        time.sleep(0.001)
    return "stopped"


def talk(payload: Any, job: Any) -> str:
    print("printed")  # noqa: T201 - what is tested
    os.write(2, b"raw \xff\n")
    subprocess.run(["/bin/echo", "from a child"], check=True)
    job.event("found", {"n": 1})
    job.log("info", "a line")
    job.progress(1, 2, "half")
    job.span({"name": "inner"})
    return "ok"


def grandchildren(payload: Any, job: Any) -> None:
    subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
    daemonise(None, job)
    time.sleep(600)


def modules(payload: Any, job: Any) -> list[str]:
    return sorted({name.partition(".")[0] for name in sys.modules})


CANARY: dict[str, Any] = {}


def stain(payload: Any, job: Any) -> None:
    """Leave a mark wherever state lives."""
    CANARY["global"] = 1
    os.environ["POOL_CANARY"] = "1"
    os.chdir("/")
    os.umask(0o777)
    sys.modules["pool_canary"] = sys
    sys.path.insert(0, "/pool-canary")
    sys.setrecursionlimit(5000)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.alarm(1000)
    random.seed(1)
    os.open("/dev/null", os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    os.nice(1)


def traces(payload: Any, job: Any) -> dict[str, Any]:
    return {
        "globals": dict(CANARY),
        "env": os.environ.get("POOL_CANARY"),
        "cwd": os.getcwd(),
        "umask": os.umask(0o022),
        "module": "pool_canary" in sys.modules,
        "path": "/pool-canary" in sys.path,
        "recursion": sys.getrecursionlimit(),
        "signal": signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL,
        "alarm": signal.alarm(0),
        "seeded": random.random() == random.Random(1).random(),
        "fds": len(os.listdir("/proc/self/fd")),
        "nofile": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "nice": os.nice(0),
    }


def grow(payload: Any, job: Any) -> int:
    CANARY["memory"] = b"x" * (payload << 20)
    return os.getpid()


def kill_keeper(signum: int) -> None:
    os.kill(os.getppid(), signum)
    time.sleep(9)


def die(payload: Any, job: Any) -> None:
    os.kill(os.getpid(), payload)


def compute(payload: int, job: Any) -> int:
    return sum(number * number for number in range(payload))


def become(payload: Any, job: Any) -> None:
    """Close the private socket and become another program."""
    job.event("before", os.getpid())
    job.close()
    os.execv(payload[0], payload)


def last_frame(payload: Any, job: Any) -> int:
    """Answer for the calls that a worker that counts would be asked next."""
    from ciranda_worker.pool.worker import frames  # type: ignore[import-not-found]

    for fd in private_fds():
        for number in range(100):
            os.write(fd, frames.encode(frames.Result(number, "forged")))
    return os.getpid()


def retire(payload: Any, job: Any) -> int:
    job.last = True
    return os.getpid()


def swarm(payload: int, job: Any) -> None:
    """Start processes that sleep, and sleep with them."""
    for _ in range(payload):
        if os.fork() == 0:
            break
    time.sleep(600)


def bomb(payload: Any, job: Any) -> None:
    while True:
        with contextlib.suppress(OSError):
            os.fork()


def fill(payload: int, job: Any) -> None:
    """Hold memory in this process and in one below it."""
    os.fork()
    kept = b"x" * (payload << 20)
    time.sleep(600)
    os.write(1, kept)


def break_pipe(payload: Any, job: Any) -> None:
    """Do to our descriptors what a next call would suffer from."""
    fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20)
    os.set_blocking(1, False)
    os.write(1, b"left over" * 100_000)


def release(key: str, job: Any) -> None:
    with open(key, "a") as file:
        file.write(f"{os.getpid()}\n")
    job.log("info", "left")
    time.sleep(60 if key.endswith("hang") else 0)


TABLE: dict[str, Any] = {
    "ok": lambda payload, job: payload,
    "pid": lambda payload, job: os.getpid(),
    "sleep": lambda payload, job: time.sleep(payload),
    "raise": raises,
    "release": release,
    "step-error": step_error,
    "exit": lambda payload, job: sys.exit(payload or 3),
    "keeper": lambda payload, job: os.getppid(),
    "become": become,
    "bomb": bomb,
    "break-pipe": break_pipe,
    "die": die,
    "fill": fill,
    "forge": last_frame,
    "retire": retire,
    "swarm": swarm,
    "segfault": lambda payload, job: ctypes.string_at(0),
    "loop": loop,
    "alloc": lambda payload, job: len(bytearray(1 << 33)),
    "shout": shout,
    "huge": lambda payload, job: b"x" * 100_000_000,
    "open-file": lambda payload, job: sys.stdout,
    "big-int": lambda payload, job: 1 << 70,
    "array": lambda payload, job: array.array("b"),
    "close-pipe": close_pipe,
    "garbage": garbage,
    "daemon": daemonise,
    "daemon-exit": lambda payload, job: daemonise(payload, job) and os._exit(0),
    "grandchildren": grandchildren,
    "kill-keeper": lambda payload, job: kill_keeper(signal.SIGKILL),
    "stop-keeper": lambda payload, job: kill_keeper(signal.SIGSTOP),
    "until-cancelled": until_cancelled,
    "talk": talk,
    "modules": modules,
    "random": lambda payload, job: random.random(),
    "stain": stain,
    "traces": traces,
    "grow": grow,
    "compute": compute,
}


def setup(options: Any) -> dict[str, Any]:
    return TABLE


def broken_setup(options: Any) -> None:
    raise RuntimeError("no model file")


def deadly_setup(options: Any) -> None:
    sys.stderr.write("last words\n")
    os._exit(7)


def slow_setup(options: Any) -> None:
    time.sleep(60)


class Ahead:
    """Notes in which process it began, and when."""

    def __init__(self, options: Any) -> None:
        self._broken = options == "broken"
        self._began: list[tuple[int, float]] = []

    def begin(self) -> None:
        if self._broken:
            raise RuntimeError("no luck")
        self._began.append((os.getpid(), time.monotonic()))

    def handle(self, name: str, payload: Any, job: Any) -> Any:
        if name == "began":
            return [os.getpid(), self._began]
        return TABLE[name](payload, job)


def ahead(options: Any) -> Ahead:
    return Ahead(options)
