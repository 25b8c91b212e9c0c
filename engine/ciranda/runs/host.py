"""What a run offers to its steps: names, secrets, contexts, a place for their output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ciranda.context import Context
    from ciranda.events import Event
    from ciranda.layer import Call
    from ciranda.runs.plan import PlannedStep
    from ciranda.vault import Vault
    from ciranda.workflow.model import Block

__all__ = ["Host"]


class Host(Protocol):
    """The surroundings of a run, as its attempts need them."""

    @property
    def scope(self) -> Mapping[str, Any]:
        """Names for expressions: inputs, env, secrets, run."""
        ...

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Functions of plugins for expressions."""
        ...

    @property
    def vault(self) -> Vault:
        """The secrets of the run."""
        ...

    def digest(self, value: Any) -> str:
        """Return what identifies inputs in the log; empty when there is no log."""
        ...

    def folder(self, path: str) -> str:
        """Return the step's own folder, made if it is missing."""
        ...

    def context(self, planned: PlannedStep, call: Call) -> Context:
        """Return the context of an attempt."""
        ...

    def packed(self, event: Event) -> bytes:
        """Return an event of a plugin as the log keeps it; ActionError when it cannot."""
        ...

    def tell(self, event: Event) -> bool:
        """Tell everybody who listens; say whether they could take more."""
        ...

    def spent(self, path: str) -> dict[str, float]:
        """Return what a step has used since it was last asked for."""
        ...

    def tail(self, path: str) -> str:
        """Return the last lines of output that a step wrote."""
        ...

    def restore(self, artifact: Mapping[str, Any]) -> bool:
        """See to it that a kept file is where a step left it; False when it is kept no more."""
        ...

    def inner_scope(
        self,
        block: Block,
        inputs: Mapping[str, Any],
        secrets: Mapping[str, Any],
        steps: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the names that the steps of a sub-workflow see."""
        ...

    async def emit(self, number: str, event: str, data: Any) -> int:
        """Tell all runs that have not ended of an event; return how many there are.

        Args:
            number: Tells a second copy of it from another one.
            event: Its name.
            data: Plain data.
        """
        ...
