"""Whether what a plugin listens to can be listened to, and ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn, final

import anyio
import msgspec

from ciranda.conformance.doing import Doing, Telling, untold
from ciranda.conformance.examined import Examined, place_of
from ciranda.conformance.finding import Finding
from ciranda.errors import InputError
from ciranda.testing.backends import BACKENDS
from ciranda.trigger import TriggerKind

__all__ = ["listening_rules"]

RULE: Final = "trigger-cancel"
_QUIET: Final = 1.0  # seconds that nothing may be heard for before the listener is cancelled


def listening_rules(
    one: Examined, patience: float = 5.0, tell: Telling = untold
) -> Iterator[Finding]:
    """Yield listeners that fail, hear what is no event, or do not end when they are cancelled.

    Args:
        one: The plugin, loaded.
        patience: Seconds that a cancelled listener may take to end.
        tell: Called before each listener is tried.
    """
    kinds = one.plugins.triggers if one.plugins else {}
    if not kinds:
        yield Finding.skip(RULE, "it listens to nothing")
    samples: Mapping[str, Any] = one.subject.samples.get("triggers", {})
    for name, kind in kinds.items():
        place = place_of(kind.function)
        if name not in samples:
            yield Finding.skip(RULE, f"there are no options to try `{name}` with", place)
            continue
        unfit = [each.problem for each in kind.unfit(samples[name])]
        for text in unfit:
            yield Finding.fail(RULE, f"the options to try it with do not fit: {text}", place)
        for backend in () if unfit else BACKENDS:
            tell(Doing(RULE, f"the listener of `{name}`", place))
            options = kind.read(samples[name])
            for text in anyio.run(_tried, kind, options, patience, backend=backend):
                yield Finding.fail(RULE, f"the listener of `{name}` {text} on {backend}", place)


async def _tried(kind: TriggerKind, options: msgspec.Struct, patience: float) -> list[str]:
    """Return what is wrong with one listener; what it hears is never acknowledged."""
    hears, wrong = _Hears(kind), list[str]()

    async def listen() -> None:
        try:
            await kind.listen(options, hears)
        except Exception as error:  # it is what the finding says
            wrong.append(f"raises {type(error).__name__} ({error})")
        hears.something.set()

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        with anyio.move_on_after(min(patience, _QUIET)):
            await hears.something.wait()
        asked = time.monotonic()
        group.cancel_scope.cancel()
    took = time.monotonic() - asked
    if took > patience:
        wrong.append(f"takes {took:.1f}s to end when cancelled")
    return hears.wrong or wrong


@final
class _Hears:
    """Hears as a server whose backlog stays full: each event is looked at, none is accepted."""

    def __init__(self, kind: TriggerKind) -> None:
        self._kind: Final = kind
        self.something: Final = anyio.Event()
        self.wrong: Final[list[str]] = []

    async def __call__(self, data: Any, **_: str) -> NoReturn:
        try:
            self._kind.checked(data)
        except InputError as error:
            self.wrong.append(f"hears what is no event ({error})")
            raise
        self.something.set()
        while True:
            await anyio.sleep_forever()
