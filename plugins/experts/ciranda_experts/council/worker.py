"""The side of a worker process: experts that run where they can be killed."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, final

import msgspec

from ciranda.errors import StepError

from ..expert import Finding, Question
from ..intent.reading import read_intent

__all__ = ["setup"]


def setup(_options: object) -> Experts:
    """Return what answers the calls of the pool."""
    return Experts()


@final
class Experts:
    """Imports experts by `module:function` when they are first asked."""

    def __init__(self) -> None:
        self._functions: dict[str, Callable[[Question], Any]] = {}

    def handle(self, name: str, payload: Mapping[str, Any], _call: object) -> dict[str, Any]:
        """Ask an expert; return its finding as plain data.

        Raises:
            StepError: `garbage`: what it returned is no finding.
        """
        function = self._functions.get(name)
        if function is None:
            module, _, path = name.partition(":")
            found: Any = importlib.import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
            function = self._functions[name] = found
        intent = read_intent(payload["source"])
        answer: Any = function(
            Question(intent=intent, budget=payload["budget"], key=payload["key"])
        )
        if inspect.isawaitable(answer):
            answer = _awaited(answer)
        if type(answer) is not Finding:
            told = f"it returned {type(answer).__name__}: an expert returns a Finding"
            raise StepError("garbage", told, retryable=False)
        plain: dict[str, Any] = msgspec.to_builtins(answer, enc_hook=str)
        return plain


def _awaited(found: Any) -> Any:
    import anyio  # most experts of a process are plain functions

    async def main() -> Any:
        return await found

    if isinstance(found, Coroutine):
        return anyio.run(main)
    raise StepError("garbage", "it returned something to await that is no coroutine")
