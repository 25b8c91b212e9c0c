"""The concurrency layer: at most `max` steps of a group at once, and what happens to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

import anyio

from ciranda.errors import StepError
from ciranda.layer import ABANDONED, Call, Layer, Next, Place, StepPlan
from ciranda.middleware.naming import name_of
from ciranda.workflow.model import Concurrency

if TYPE_CHECKING:
    from ciranda.middleware.shared import Shared

__all__ = ["Group", "Groups", "layer"]


@final
class _Member:
    """A step that holds a place or, under `cancel-old`, is about to."""

    __slots__ = ("ousted", "scope")

    def __init__(self) -> None:
        self.scope: Final = anyio.CancelScope()
        self.ousted = False


@final
class Group:
    """The places of one group, kept by whoever is in it or waits for it."""

    __slots__ = ("_members", "_name", "_places", "users")

    def __init__(self, name: str, most: int) -> None:
        self._name: Final = name
        self._places: Final = anyio.CapacityLimiter(most)
        self._members: dict[_Member, None] = {}  # oldest first
        self.users = 0

    def narrow(self, most: int) -> None:
        """Let the smallest `max` of all that are in the group hold."""
        self._places.total_tokens = min(self._places.total_tokens, most)

    async def run(self, options: Concurrency, call: Call, next: Next) -> Any:  # noqa: A002  (as in layers)
        """Await `next` in a place of the group.

        Raises:
            StepError: `conflict` when the group is full (`fail`) or a newer member took the
                place (`cancel-old`); `cancelled` when the group is full (`cancel-new`).
        """
        member = _Member()
        entered = False
        if options.policy == "cancel-old":
            self._oust(options.max)
            self._members[member] = None
        try:
            with member.scope:
                await self._enter(member, options.policy)
                entered = True
                self._members[member] = None
                try:
                    return await next(call)
                except Exception:
                    await _really_ended(call)
                    raise
            await _really_ended(call)
        finally:
            if entered:
                self._places.release_on_behalf_of(member)
            self._members.pop(member, None)
        text = f"a newer step of the group `{self._name}` took its place"
        raise StepError("conflict", text, retryable=False, detail={"group": self._name})

    async def _enter(self, member: _Member, policy: str) -> None:
        if policy in ("queue", "cancel-old"):
            await self._places.acquire_on_behalf_of(member)
            return
        try:
            self._places.acquire_on_behalf_of_nowait(member)
        except anyio.WouldBlock:
            text = f"the group `{self._name}` is full"
            kind = "conflict" if policy == "fail" else "cancelled"
            detail = {"group": self._name}
            raise StepError(kind, text, retryable=policy == "fail", detail=detail) from None

    def _oust(self, most: int) -> None:
        """Cancel the oldest members until one more fits."""
        staying = [member for member in self._members if not member.ousted]
        for member in staying[: max(0, len(staying) + 1 - most)]:
            member.ousted = True
            member.scope.cancel()


async def _really_ended(call: Call) -> None:
    """Wait for a thread that a timeout gave up: it cannot be killed and is still at work."""
    ended = call.notes.get(ABANDONED)
    if ended is not None:
        await ended.wait()


@final
class Groups:
    """The groups of one engine by name; an empty one is forgotten."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, Group] = {}

    def __len__(self) -> int:
        return len(self._known)

    async def run(self, name: str, options: Concurrency, call: Call, next: Next) -> Any:  # noqa: A002  (as in layers)
        """Await `next` as a member of the group `name`; see `Group.run`."""
        group = self._known.get(name)
        if group is None:
            group = self._known[name] = Group(name, options.max)
        group.narrow(options.max)
        group.users += 1
        try:
            return await group.run(options, call, next)
        finally:
            group.users -= 1
            if not group.users:
                del self._known[name]


def layer(plan: StepPlan, shared: Shared) -> Layer | None:
    """Keep a step within its `concurrency` group; None when it has none.

    The time at which the place was granted is left in the call's notes as `granted`.
    """
    options = plan.options.concurrency
    if options is None:
        return None
    name_for = name_of(options.group, "concurrency.group", shared)
    groups, clock = shared.groups, shared.clock

    async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        async def begin(granted: Call) -> Any:
            granted.notes["granted"] = clock()
            return await next(granted)

        return await groups.run(name_for(call), options, call, begin)

    return Layer(call, Place.LIMIT, name="concurrency", before=("rate",))
