"""The process that is forked for each run: it has imported what skills import, and runs none.

Each child confines itself, closes the socket to its keeper, and only then becomes the script:
nothing that a script writes anywhere can be an answer for it. How it ended is what the kernel
says.
"""

import contextlib
import gc
import importlib
import os
import signal
import site
import sys
from types import ModuleType
from typing import Any, NoReturn, Protocol, final

import msgspec

from ..sandbox import seccomp
from ..sandbox.confine import Begun, begin, confine
from ..sandbox.features import Features
from ..sandbox.level import Ask, planned
from ..sandbox.namespaces import Namespace
from ..sandbox.paths import system_rules
from ..sandbox.policy import Policy, Profile
from . import below, ending, script, streams
from .order import Order

__all__ = ["Job", "Zygote", "features_of", "look_up", "make_ready", "setup"]

_ENCODE = msgspec.msgpack.Encoder().encode
_NOT_FOUND = 127  # what a shell exits with for a program that cannot be run


class Job(Protocol):
    """What we need of the engine's job."""

    last: bool

    @property
    def id(self) -> int:
        """Number of the call."""

    def event(self, name: str, data: Any = None) -> None:
        """Send something to the engine."""

    def fileno(self) -> int:
        """Return the descriptor of the socket to it."""

    def close(self) -> None:
        """Close that."""


def features_of(found: dict[str, Any]) -> Features:
    """Return what a machine offers, from plain data."""
    return Features(
        **found
        | {
            "namespaces": Namespace(found["namespaces"]),
            "why": tuple((name, reason) for name, reason in found["why"]),
        }
    )


def look_up(features: Features, profile: Profile, *, network: bool) -> None:
    """Find out now what confining needs to know, for all who are forked from this process."""
    plan = planned(features, Ask(profile, network))
    if plan.landlock:
        system_rules(profile, network=network, proc=plan.proc)
    if plan.filter is not None:
        seccomp.compiled(plan.filter)


def make_ready(imports: list[str], path: list[str]) -> None:
    """Import modules, and make this interpreter what one without `-I -S` would be.

    A module that cannot be imported is left to the script, which is told in its own words.

    Args:
        imports: Their names.
        path: Where they are looked for.

    Raises:
        RuntimeError: A module started threads, which a fork would not copy.
    """
    site.setquit()
    site.setcopyright()
    site.sethelper()
    sys.path[:] = path
    for name in imports:
        with contextlib.suppress(Exception, SystemExit):
            importlib.import_module(name)
    if sys.platform == "linux" and len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError(f"importing {', '.join(imports)} starts threads")


@final
class Zygote:
    """Runs one order in each child."""

    def __init__(
        self, features: Features, profile: Profile = "python", *, network: bool = False
    ) -> None:
        self._features = features
        self._policy = Policy(profile=profile, network=network)
        self._begun: Begun | None = None
        self._decode = msgspec.msgpack.Decoder(Order).decode
        self._path = list(sys.path)

    def begin(self) -> None:
        """Do what is the same for all runs, in a child that waits for its own."""
        self._begun = begin(self._policy, features=self._features)
        if self._policy.profile == "python":
            _rehearse()

    def handle(self, name: str, payload: Any, job: Job) -> None:
        """Run an order, here or below bubblewrap; `ready` only shows that we are there.

        Args:
            name: `python`, `program` or `ready`.
            payload: An `Order` in msgpack.
            job: How to tell the engine.
        """
        if name == "ready":
            return
        order = self._decode(payload)
        if order.allowed is not None and order.allowed.bwrap:
            below.become(name, payload, order, job, self._features, self._path)
        self.run(name, order, job)

    def run(self, name: str, order: Order, job: Job) -> NoReturn:
        """Confine this process and run an order in it.

        Args:
            name: `python` or `program`.
            order: What to run.
            job: How to tell the engine.
        """
        assert order.allowed is not None
        report = confine(
            order.allowed.policy(),
            keep_fds=(0, 1, 2, job.fileno()),
            features=self._features,
            begun=self._begun,
        )
        job.event("confined", {"level": int(report.level), "missing": report.missing})
        if name == "program":
            job.close()
            _become(order)
        _run(order, job, self._path)


def _become(order: Order) -> NoReturn:
    for signum in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signum, signal.SIG_DFL)  # Python ignores them, and what it starts inherits it
    try:
        os.execve(order.argv[0], order.argv, os.environ)
    except OSError as error:
        os.write(2, order.argv[0] + f": {error.strerror}\n".encode())
    os._exit(_NOT_FOUND)


def _run(order: Order, job: Job, path: list[str]) -> NoReturn:
    code = 1
    try:
        _renew(order, path)
        if order.entry == "file":
            job.close()
        ran = script.perform(order)
        code = ran.code
        if ran.answer is not None:
            job.event("answer", ran.answer)
            job.close()
        code = ending.finish(code, ran.program)
    except KeyboardInterrupt:
        ending.finish(1)
        ending.interrupted()
    except BaseException as error:
        ending.code_of(error)
    finally:
        os._exit(code)


def _rehearse() -> None:
    """Do once what every run does: the pages that it changes are copied now, and not then."""
    program = ModuleType("rehearsal")
    exec(compile("import os\n", "rehearsal", "exec", dont_inherit=True), program.__dict__)
    msgspec.msgpack.decode(_ENCODE(Order(path="", root="")), type=Order)
    streams.renew()
    gc.collect()


def _renew(order: Order, path: list[str]) -> None:
    sys.path[:] = script.search_path(order, path)
    streams.renew()
    numbers = sys.modules.get("numpy.random")
    if numbers is not None:
        numbers.seed()  # else every fork draws the same; `random` sees to it itself


def setup(options: dict[str, Any]) -> Zygote:
    """Import what the skills of one import set need.

    Args:
        options: `imports`: names of modules; `path`: where they are; `features`: what the machine
            offers; `profile` and `network`: of the runs.
    """
    features = features_of(options["features"])
    make_ready(options["imports"], options["path"])
    look_up(features, options["profile"], network=options["network"])
    return Zygote(features, options["profile"], network=options["network"])
