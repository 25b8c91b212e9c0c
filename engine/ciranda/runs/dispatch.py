"""How a run admits its ready steps: their order, their number, what they share, how often."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

from ciranda.errors import InputError

if TYPE_CHECKING:
    from ciranda.middleware.limiter import Limiter

__all__ = ["Dispatch"]

_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})
_NOWHERE: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType({})
_FREE: Final[Mapping[str, Sequence[int]]] = MappingProxyType({})


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
        limiter: Asked before every attempt. What an attempt tells by `ctx.used` under the names of
            its dimensions corrects the grant, and a `rate_limited` failure with a `retry_after`
            pauses it.
        costs: What an attempt of a step costs in each dimension of the limiter; a step without is
            not asked about.
        closes: Close the limiter when the run has ended, as nobody else uses it.
        retries: Attempts after the first that all steps have together, each time the run begins
            or goes on; when they are spent, what fails has failed. None is as many as the steps
            say.

    Raises:
        InputError: A number is not positive, or a step demands or costs what there is not.
    """

    def __init__(
        self,
        *,
        order: Mapping[str, int] = _NOTHING,
        most: int | None = None,
        capacities: Mapping[str, int] = _NOTHING,
        demands: Mapping[str, Mapping[str, int]] = _NOWHERE,
        limiter: Limiter | None = None,
        costs: Mapping[str, Sequence[int]] = _FREE,
        closes: bool = False,
        retries: int | None = None,
    ) -> None:
        self.order: Final = dict(order)
        self.capacities: Final = dict(capacities)
        self.demands: Final = {step: dict(wanted) for step, wanted in demands.items()}
        self.limiter: Final = limiter
        self.costs: Final = {step: tuple(cost) for step, cost in costs.items()}
        self.closes: Final = closes
        self.retries: Final = retries
        self._retries_left = retries
        self._most = _counted(most)
        self._changed: Callable[[], None] | None = None
        self._revision = 0
        self._reserved: str | None = None
        if retries is not None and retries < 0:
            raise InputError(f"dispatch: `retries` is {retries}: write 0 or more")
        for step, wanted in self.demands.items():
            for name, units in wanted.items():
                _check_demand(step, name, units, self.capacities)
        for step, cost in self.costs.items():
            _check_cost(step, cost, limiter)

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

    def take_retry(self) -> bool:
        """Take one of the attempts after the first; say whether there was one left."""
        if self._retries_left is None:
            return True
        if not self._retries_left:
            return False
        self._retries_left -= 1
        return True

    def check(self, steps: Container[str]) -> None:
        """See whether it fits a workflow and is free to be used.

        Args:
            steps: The workflow's steps by id.

        Raises:
            InputError: It names a step that is not there, or another run uses it.
        """
        self._check_free()
        named: dict[str, Mapping[str, Any]] = {
            "order": self.order,
            "demands": self.demands,
            "costs": self.costs,
        }
        for word, table in named.items():
            for step in table:
                if step not in steps:
                    raise InputError(
                        f"dispatch: `{word}` names the step '{step}', "
                        "which the workflow does not have"
                    )

    @property
    def reserved(self) -> str | None:
        """The step that the limiter has in front: nobody takes what it waits for."""
        return self._reserved

    def reserve(self, step: str | None) -> None:
        """Tell which step waits for the limiter; the run that uses this says so."""
        self._reserved = step

    @property
    def revision(self) -> int:
        """How often the order was changed."""
        return self._revision

    def reorder(self, order: Mapping[str, int]) -> None:
        """Let ready steps go in this order from now on; from the loop's thread.

        Those that wait take their new places; those under way are not stopped.
        """
        self.order.clear()
        self.order.update(order)
        self._revision += 1
        if self._changed is not None:
            self._changed()

    def attach(self, changed: Callable[[], None] | None) -> None:
        """Call `changed` after every `resize` from now on; None is the end of the run.

        Raises:
            InputError: Another run uses this dispatch.
        """
        if changed is not None:
            self._check_free()
            self._retries_left = self.retries
        self._changed = changed

    def _check_free(self) -> None:
        if self._changed is not None:
            raise InputError("dispatch: another run uses it now: make one for each run")


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


def _check_cost(step: str, cost: tuple[int, ...], limiter: Limiter | None) -> None:
    if limiter is None:
        raise InputError(
            f"dispatch: step '{step}' has a cost, but there is no limiter: give `limiter`"
        )
    limits = limiter.limits
    wanted, most = ", ".join(map(str, cost)), ", ".join(map(str, limits))
    if len(cost) != len(limits):
        raise InputError(
            f"dispatch: step '{step}' costs {wanted}, but the limiter has {len(limits)} "
            f"dimensions, with limits of {most}"
        )
    if any(one < 0 or one > limit for one, limit in zip(cost, limits, strict=True)):
        raise InputError(
            f"dispatch: step '{step}' costs {wanted}, which a limit of {most} can never grant"
        )
