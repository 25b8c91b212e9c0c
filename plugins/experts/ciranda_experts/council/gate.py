"""Which experts an intent needs: by what its parsed form has, never by words in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, final

from cachebox import LRUCache

from ..expert import Expert
from ..intent.intent import Feature, Intent
from .kind import Kind

__all__ = ["Gate", "GateCounts", "Route"]


@dataclass(frozen=True, slots=True)
class Route:
    """Who judges an intent.

    Args:
        chosen: Are asked.
        required: Names without whose answer nothing is approved, chosen or not.
        skipped: Have nothing to say: the intent has none of the features that they handle.
    """

    chosen: tuple[Expert, ...]
    required: frozenset[str]
    skipped: tuple[Expert, ...] = ()

    @property
    def skipped_names(self) -> tuple[str, ...]:
        """Names of the skipped ones."""
        return tuple(one.name for one in self.skipped) if self.skipped else ()


@dataclass(slots=True)
class GateCounts:
    """How good the gate is, as far as samples of skipped experts show.

    `sampled` skipped experts were asked all the same; `missed` of them had something to say and
    did not approve, so the gate was wrong to skip them.
    """

    routed: int = 0
    skipped: int = 0
    sampled: int = 0
    missed: dict[str, int] = field(default_factory=dict)


@final
class Gate:
    """Chooses experts.

    An expert is skipped only where `handles` names features and the intent has none of them.

    Args:
        experts: The council.
        mandatory: Names of experts that are required where they are relevant. One that is not
            on the council is required everywhere: nobody knows where it would be relevant.
        kinds: What intents of a `type` need besides.
        features: Reads the features of an intent.
        size: Routes remembered.
        share: Of the skipped experts, how many are sampled, 0 to 1.
        chance: Returns a number from 0 up to 1.
    """

    def __init__(
        self,
        experts: Sequence[Expert],
        mandatory: Iterable[str],
        *,
        features: Callable[[Intent], frozenset[Feature]],
        kinds: Mapping[str, Kind] | None = None,
        size: int = 4096,
        share: float = 0.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._experts: Final = tuple(experts)
        self._by_name: Final = {one.name: one for one in experts}
        by_nature = {one.name for one in experts if one.mandatory}
        self._mandatory: Final = frozenset(mandatory) | by_nature
        self._absent: Final = frozenset(mandatory) - self._by_name.keys()
        self._features: Final = features
        self._kinds: Final = dict(kinds or {})
        self._memo: Final[LRUCache[tuple[str, str, tuple[str, ...]], Route]] = LRUCache(size)
        # Intents with the same features have the same route.
        self._routes: Final[LRUCache[Hashable, Route]] = LRUCache(size)
        self._share: Final = share
        self._chance: Final = chance
        self.counts: Final = GateCounts()

    def kind(self, intent: Intent) -> Kind | None:
        """Return what intents of this one's type need besides."""
        return self._kinds.get(intent.kind) if intent.kind else None

    def route(self, intent: Intent, extra: tuple[str, ...] = ()) -> Route:
        """Return who judges an intent.

        Args:
            intent: The intent.
            extra: Names that the request adds; they are asked whatever they handle, and required.
        """
        wanted = extra + intent.policy.experts if intent.policy.experts else extra
        memo = (intent.key, intent.kind, wanted)
        route = self._memo.get(memo) if intent.key else None
        if route is None:
            route = self._routed(intent, wanted)
            if intent.key:
                self._memo[memo] = route
        self.counts.routed += 1
        self.counts.skipped += len(route.skipped)
        return route

    def sample(self, route: Route) -> list[Expert]:
        """Return which of the skipped experts are asked all the same, to measure the gate."""
        if not self._share or not route.skipped:
            return []
        found = [one for one in route.skipped if self._chance() < self._share]
        self.counts.sampled += len(found)
        return found

    def miss(self, name: str) -> None:
        """Note that a skipped expert had something to say."""
        self.counts.missed[name] = self.counts.missed.get(name, 0) + 1

    def _routed(self, intent: Intent, wanted: tuple[str, ...]) -> Route:
        features = self._features(intent)
        alike = (features, intent.kind, wanted)
        route: Route | None = self._routes.get(alike)
        if route is None:
            route = self._routes[alike] = self._chosen(intent, features, wanted)
        return route

    def _chosen(
        self, intent: Intent, features: frozenset[Feature], wanted: tuple[str, ...]
    ) -> Route:
        kind = self.kind(intent)
        added = frozenset(wanted) | frozenset(kind.experts if kind is not None else ())
        chosen: list[Expert] = []
        skipped: list[Expert] = []
        required = set(self._absent | added)
        for one in self._experts:
            if not one.handles or one.name in added or not one.handles.isdisjoint(features):
                chosen.append(one)
                if one.name in self._mandatory:
                    required.add(one.name)
            else:
                skipped.append(one)
        return Route(tuple(chosen), frozenset(required), tuple(skipped))
