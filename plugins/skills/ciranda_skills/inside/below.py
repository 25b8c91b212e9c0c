"""A run below bubblewrap: a fresh interpreter in a root folder of its own, which confines itself.

The child of a zygote becomes bubblewrap, so nothing of what the zygote has imported is there. All
that the new interpreter needs comes in a file without a name, and its private socket is passed on.
"""

import os
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import msgspec

from ..sandbox.bubblewrap import command
from ..sandbox.features import Features
from .order import Order

__all__ = ["Errand", "become", "main"]

_NOT_FOUND = 127  # what a shell exits with for a program that cannot be run
_BOOT = """
import sys
fd, *path = sys.argv[1:]
sys.path += path
from ciranda_skills.inside.below import main
main(int(fd))
"""


class Errand(msgspec.Struct, frozen=True):
    """What the interpreter below bubblewrap does.

    Attributes:
        name: `python` or `program`.
        payload: The order, encoded.
        call: Number of the call.
        line: Descriptor of the private socket.
        worker: Package of the engine that speaks on it, and its folder.
        features: What the machine offers.
        path: Where the script's imports are looked for in the end.
    """

    name: str
    payload: bytes
    call: int
    line: int
    worker: tuple[str, str]
    features: dict[str, Any]
    path: list[str]


def become(
    name: str, payload: bytes, order: Order, job: Any, features: Features, path: list[str]
) -> NoReturn:
    """Turn this process into bubblewrap around a fresh interpreter.

    Args:
        name: `python` or `program`.
        payload: The order, encoded.
        order: The same.
        job: The call.
        features: What the machine offers.
        path: Where the script's imports are looked for.
    """
    assert order.allowed is not None
    speaking = sys.modules[type(job).__module__]
    package, folder = str(speaking.__package__), os.path.dirname(str(speaking.__file__))
    line = os.dup(job.fileno())
    told = msgspec.to_builtins(features)
    errand = Errand(name, payload, job.id, line, (package, folder), told, path)
    fd = os.memfd_create("errand", 0)
    os.write(fd, msgspec.msgpack.encode(errand))
    os.lseek(fd, 0, os.SEEK_SET)
    os.set_inheritable(line, True)
    packages = (__package__.partition(".")[0], "ciranda", "msgspec")
    ours = [Path(str(sys.modules[each].__file__)).parent for each in packages]
    policy = order.allowed.policy()
    around = command(
        msgspec.structs.replace(policy, read=(*policy.read, *ours, Path(folder))),
        [sys.executable, "-I", "-S", "-c", _BOOT, str(fd), *(str(each.parent) for each in ours)],
        bwrap=order.allowed.bwrap,
    )
    try:
        os.execve(around[0], around, {})
    except OSError as error:
        os.write(2, f"{around[0]}: {error.strerror}\n".encode())
    os._exit(_NOT_FOUND)


def main(fd: int) -> NoReturn:
    """Do the errand that a file holds; never returns."""
    try:
        with open(fd, "rb") as file:
            errand = msgspec.msgpack.decode(file.read(), type=Errand)
        _do(errand)
    except BaseException:  # this process has nobody else who would tell
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1)


def _do(errand: Errand) -> None:
    from .zygote import Zygote, features_of, make_ready

    call, line = _speaking(*errand.worker)
    job = line.Job(
        line.Line(socket.socket(fileno=errand.line)),
        call.Call(errand.call, errand.name, None, None),
    )
    make_ready([], errand.path)
    order = msgspec.msgpack.decode(errand.payload, type=Order)
    Zygote(features_of(errand.features)).run(errand.name, order, job)


def _speaking(package: str, folder: str) -> tuple[Any, Any]:
    """Return the modules of the engine that speak on the socket, from where they lie."""
    import importlib

    name = ""
    for part in package.split("."):
        name = f"{name}.{part}" if name else part
        made = sys.modules[name] = ModuleType(name)
        made.__path__ = [folder] if name == package else []
    return importlib.import_module(f"{package}.frames"), importlib.import_module(f"{package}.job")
