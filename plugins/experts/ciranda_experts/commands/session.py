"""The council of a project, as long as a command needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, final

from ciranda.engine import Engine
from ciranda.errors import InputError, PluginError
from ciranda.events.judging import Judge, Judgement, ProofChecked, VerifyProof
from ciranda.workflow.nearest import nearest

from ..council.council import Council
from ..plugin import Answering

__all__ = ["Session", "session"]


@final
class Session:
    """An engine with the plugin `experts`.

    Args:
        engine: The engine.
        council: The council on it.
    """

    def __init__(self, engine: Engine, council: Council) -> None:
        self._engine: Final = engine
        self._council: Final = council

    @property
    def names(self) -> list[str]:
        """Who sits on the council."""
        return [expert.name for expert in self._council.experts]

    @property
    def versions(self) -> dict[str, list[str]]:
        """The versions that the council has of each expert."""
        found: dict[str, list[str]] = {}
        for expert in self._council.offered:
            found.setdefault(expert.name, []).append(expert.version)
        return found

    def check_names(self, only: Sequence[str] | None) -> None:
        """Refuse names of experts who do not sit on the council, and an empty list.

        Raises:
            InputError: There is one, or there is none at all.
        """
        known = self.names
        if only is not None and not only:
            raise InputError(f"--experts names nobody; there are {', '.join(known)}")
        for name in only or ():
            if name not in known:
                meant = nearest(name, known)
                hint = f"did you mean `{meant}`?" if meant else f"there are {', '.join(known)}"
                raise InputError(f"there is no expert `{name}`; {hint}")

    async def judge(self, request: Judge, only: Sequence[str] | None = None) -> Judgement:
        """Ask the council; with `only`, these experts in place of the mandatory ones."""
        if only is None:
            answer: Judgement = await self._engine.bus.ask(request)
            return answer
        return await self._council.judge(request, only=only)

    async def check(self, proof: dict[str, Any]) -> ProofChecked:
        """Check a proof again."""
        answer: ProofChecked = await self._engine.bus.ask(VerifyProof(proof=proof))
        return answer


@asynccontextmanager
async def session(store: str | None, *, plugins: Iterable[object] = ()) -> AsyncIterator[Session]:
    """Open the council.

    Args:
        store: The folder of the store as given, None for the project's own.
        plugins: What hears its events.

    Raises:
        PluginError: The plugin `experts` is turned off.
        SettingsError: The settings do not fit.
    """
    async with Engine(store=store, plugins=plugins) as engine:
        engine.plugins.load(["experts"])
        await engine.plugins.start()
        for plugin in engine.bus.hooks.get_plugins():
            if isinstance(plugin, Answering):
                yield Session(engine, plugin.council)
                return
        raise PluginError("the plugin 'experts' has no council")
