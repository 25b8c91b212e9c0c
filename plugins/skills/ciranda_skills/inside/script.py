"""A Python script, run in this process as if the interpreter had been started with it."""

import os
import sys
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import msgspec

from . import ending
from .order import Order

__all__ = ["Ran", "called", "compiled", "module_of", "perform", "search_path"]

_ENCODE = msgspec.json.Encoder().encode


class Ran(NamedTuple):
    """How a run ended.

    Attributes:
        code: Its exit code.
        answer: What its function returned, as JSON; None when none did.
        program: The module that it ran in.
        dirty: Whether its process may be in any state.
    """

    code: int
    answer: bytes | None = None
    program: ModuleType | None = None
    dirty: bool = False


def compiled(path: str) -> CodeType:
    """Return the code of a script.

    Raises:
        SyntaxError: It is not Python.
        OSError: It cannot be read.
    """
    with open(path, "rb") as file:
        source = file.read()
    return compile(source, path, "exec", dont_inherit=True)


def search_path(order: Order, rest: list[str]) -> list[str]:
    """Return where a script's imports are looked for: beside it, in the skill, then the rest."""
    return list(dict.fromkeys((os.path.dirname(order.path), order.root, *rest)))


def module_of(order: Order) -> ModuleType:
    """Make the module that a script runs in, the one that others import by its name."""
    if order.entry == "file":
        program = ModuleType("__main__")
    else:
        stem = os.path.splitext(os.path.relpath(order.path, order.root))[0]
        program = ModuleType(stem.replace(os.sep, "."))
        program.__package__ = program.__name__.rpartition(".")[0]
    program.__file__ = order.path
    program.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules[program.__name__] = program
    return program


def perform(order: Order) -> Ran:
    """Run a script, or call its function, and return how that ended.

    Raises:
        KeyboardInterrupt: It was interrupted, which stderr tells already.
    """
    program = module_of(order)
    sys.argv = order.arguments
    try:
        exec(compiled(order.path), program.__dict__)
        if order.entry == "file":
            return Ran(0, program=program)
        return Ran(0, called(getattr(program, order.entry), order.params), program)
    except KeyboardInterrupt as error:
        ending.code_of(error)
        raise
    except BaseException as error:
        return Ran(ending.code_of(error), program=program)


def called(function: Any, params: dict[str, Any]) -> bytes:
    """Call a function and return its answer as JSON.

    Raises:
        TypeError: It does not take these arguments, or its answer is not plain data.
    """
    value = function(**params)
    if hasattr(value, "__await__"):
        import asyncio

        async def wait() -> Any:
            return await value

        value = asyncio.run(wait())
    return _ENCODE(value)
