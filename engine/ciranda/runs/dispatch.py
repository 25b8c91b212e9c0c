"""How a run admits its ready steps: their order, how many, what they share, how often they start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol, final

from ciranda.errors import InputError

__all__ = ["Dispatch", "Gate"]

_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})
_NOWHERE: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType({})
_FREE: Final[Mapping[str, Sequence[int]]] = MappingProxyType({})


class Gate(Protocol):
    """What says whether a step may start now: a limiter, as a dispatch asks it."""

    def try_take(self, costs: Sequence[int], /) -> float | None:
        """Take `costs` and return the time of the grant, or None when they have to wait."""
        ...

    def earliest(self, costs: Sequence[int], /) -> float:
        """Return when `costs` will fit; infinity if they never can."""
        ...


@final
class Dispatch:
    """How the ready steps of one run are admitted; may be changed while the run goes on.

    A step that lacks a resource or the limiter's word holds no slot: those behind it that fit go
    first. Those that wait for the limiter keep their order among themselves, so that the one in
    front is not overtaken by cheaper ones. Every attempt, and every item of a map, is admitted for
    itself; its slot and its resources are free again when its work is really gone.

    Args:
        order: The place of each step, the smallest first; steps without one come after those
            that have one, and equal places go by the longest way to the end of the run, then by
            age.
        most: Steps under way at once; None is as many as are ready.
        capacities: Units of each named resource, such as `{"cpu": 2, "file:a": 1}`.
        demands: Units of each resource that a step (each item of a map) holds while under way.
        limiter: Asked before every attempt. Its clock is the engine's (`engine.clock.steady`).
        costs: What an attempt of a step costs in each dimension of the limiter; a step without is
            not asked about.

    Raises:
        InputError: A number is not positive, or a step demands what there is not.
    """

    def __init__(  # noqa: PLR0913  (each word is one thing to choose; all have defaults)
        self,
        *,
        order: Mapping[str, int] = _NOTHING,
        most: int | None = None,
        capacities: Mapping[str, int] = _NOTHING,
        demands: Mapping[str, Mapping[str, int]] = _NOWHERE,
        limiter: Gate | None = None,
        costs: Mapping[str, Sequence[int]] = _FREE,
    ) -> None:
        self.order: Final = dict(order)
        self.capacities: Final = dict(capacities)
        self.demands: Final = {step: dict(wanted) for step, wanted in demands.items()}
        self.limiter: Final = limiter
        self.costs: Final = {step: tuple(cost) for step, cost in costs.items()}
        self._most = _counted(most)
        self._changed: Callable[[], None] | None = None
        for step, wanted in self.demands.items():
            for name, units in wanted.items():
                _check_demand(step, name, units, self.capacities)
        if self.costs and limiter is None:
            raise InputError(
                f"dispatch: step '{next(iter(self.costs))}' has costs, but there is no limiter: "
                "give `limiter=`"
            )

    @property
    def most(self) -> int | None:
        """Steps that may be under way at once; None is as many as are ready."""
        return self._most

    def resize(self, most: int) -> None:
        """Let `most` steps be under way at once from now on; from the loop's thread.

        Nobody is stopped when it is less than before: fewer are begun.

        Raises:
            InputError: It is less than one.
        """
        self._most = _counted(most)
        if self._changed is not None:
            self._changed()

    def attach(self, changed: Callable[[], None] | None) -> None:
        """Call `changed` after every `resize` from now on; None is the end of the run.

        Raises:
            InputError: Another run uses this dispatch.
        """
        if changed is not None and self._changed is not None:
            raise InputError("dispatch: another run uses it now: make one for each run")
        self._changed = changed


def _counted(most: int | None) -> int | None:
    if most is not None and most < 1:
        raise InputError(f"dispatch: `most` is {most}: at least one step must be able to run")
    return most


def _check_demand(step: str, name: str, units: int, capacities: Mapping[str, int]) -> None:
    most = capacities.get(name)
    if most is None:
        raise InputError(
            f"dispatch: step '{step}' demands '{name}', which has no capacity: "
            "name it in `capacities`"
        )
    if not 0 < units <= most:
        raise InputError(
            f"dispatch: step '{step}' demands {units} of '{name}': from 1 to {most} are possible"
        )
