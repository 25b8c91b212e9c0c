"""Every way in which four validators, one of them faulty, can get through a few views.

The two rules of the protocol are the real ones; all round them is as bad as it can be: every
message stays on its way for ever and may come at any time or never, the faulty validator votes for
everything, tells of any certificate that there is or of none, and any leader proposes any block on
any certificate, with any excuse. What cannot fork here cannot fork with less.

Some steps are left out, for they only forbid what is possible without them: to hear of a
certificate without voting by it, which only raises a lock; to enter a view and do nothing there;
to give the last view up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any, Final, NamedTuple, final

import msgspec

from ciranda_consensus.protocol import (
    Block,
    Certificate,
    Phase,
    TimeoutCertificate,
    genesis,
    origin,
)
from ciranda_consensus.protocol.messages import Promise, Proposal
from ciranda_consensus.protocol.rules import may_commit, may_prepare

__all__ = ["Explored", "explore"]

HONEST: Final = 3  # with the faulty one a quorum takes two of them
NEEDED: Final = 2
PAIRS: Final = tuple(combinations(range(HONEST), NEEDED))
MOST: Final = 5_000_000


class Made(NamedTuple):
    """A block: the view it is of, the one that its parent is of (-1: none), which of two it is.

    In a view at most one block has a certificate, or the search ends; so a view names a parent.
    """

    view: int
    below: int
    kind: int


class One(NamedTuple):
    """What an honest validator promised."""

    view: int = 1
    high: int = 0
    voted: Made = Made(0, 0, 0)
    agreed: int = 0
    gone: int = 0


class World(NamedTuple):
    """All that was said: by each honest one, its promise, its votes and its timeouts.

    Attributes:
        them: The promises.
        votes: For each honest one the blocks that it voted to prepare, by view.
        commits: For each honest one the views in which it voted to commit.
        timeouts: For each honest one the views that it gave up, with the highest it knew of.
        certified: The block that has a certificate, by view.
    """

    them: tuple[One, ...]
    votes: tuple[tuple[Made, ...], ...]
    commits: tuple[tuple[int, ...], ...]
    timeouts: tuple[tuple[tuple[int, int], ...], ...]
    certified: tuple[Made, ...]


class Explored(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        states: How many different states there are, up to which honest one is which.
        steps: How many steps between them.
        fork: How two blocks came to be agreed on, or two to have certificates in a view; "" if
            that cannot be.
        agreed: The most blocks that were agreed on in a state.
    """

    states: int
    steps: int
    fork: str
    agreed: int


def explore(
    views: int,
    *,
    prepare: Callable[[Promise, Proposal], bool] = may_prepare,
    commit: Callable[[Promise, Certificate], bool] = may_commit,
    most: int = MOST,
) -> Explored:
    """Look at every state that can be reached within some views.

    Args:
        views: How many.
        prepare: The rule for votes to prepare.
        commit: The rule for votes to commit.
        most: The most states to look at.

    Raises:
        RuntimeError: There are more.
    """
    start = World((One(),) * HONEST, ((),) * HONEST, ((),) * HONEST, ((),) * HONEST, ())
    seen, stack, steps, agreed = {start}, [start], 0, 0
    rules = _Rules(prepare, commit)
    while stack:
        world = stack.pop()
        for after in _after(world, views, rules):
            steps += 1
            canonical = _canonical(after)
            if canonical in seen:
                continue
            seen.add(canonical)
            if len(seen) > most:
                raise RuntimeError(f"there are more than {most} states")
            found, fork = _forks(canonical)
            agreed = max(agreed, found)
            if fork:
                return Explored(len(seen), steps, fork, agreed)
            stack.append(canonical)
    return Explored(len(seen), steps, "", agreed)


def _canonical(world: World) -> World:
    """Order the honest ones: which is which is nothing to the others."""
    rows = sorted(zip(world.them, world.votes, world.commits, world.timeouts, strict=True))
    them, votes, commits, timeouts = zip(*rows, strict=True)
    return World(them, votes, commits, timeouts, world.certified)


def _certified(votes: tuple[tuple[Made, ...], ...]) -> tuple[Made, ...]:
    counts: dict[Made, int] = {}
    for row in votes:
        for made in row:
            counts[made] = counts.get(made, 0) + 1
    return tuple(sorted(made for made, count in counts.items() if count >= NEEDED))


def _forks(world: World) -> tuple[int, str]:
    """Return how many blocks are agreed on, and what must not be."""
    by_view: dict[int, Made] = {}
    for made in world.certified:
        if made.view in by_view:
            return 0, f"two blocks have certificates in view {made.view}: {world}"
        by_view[made.view] = made
    agreed = [view for view in by_view if sum(view in row for row in world.commits) >= NEEDED]
    for high in agreed:
        chain, at = {0}, high
        while at > 0:
            chain.add(at)
            at = by_view[at].below
        for low in agreed:
            if low < high and low not in chain:
                return 0, f"the blocks of views {low} and {high} are agreed on: {world}"
    return len(agreed), ""


def _after(world: World, views: int, rules: _Rules) -> Iterator[World]:
    """Return what one step of one honest validator leads to."""
    by_view = {made.view: made for made in world.certified}
    excuses = _excuses(world, views)
    for seat, now in enumerate(world.them):
        for view in range(now.view, views + 1):
            ended = sum(view - 1 in row for row in world.commits) >= NEEDED
            if view == now.view or excuses[view - 1] or ended or view in by_view:
                one = now._replace(view=view)
                yield from _acts(world, seat, one, by_view, excuses, rules)
                if one.gone < view < views:  # give it up
                    timeouts = (*world.timeouts[seat], (view, one.high))
                    yield _with(world, seat, one._replace(gone=view), timeouts=timeouts)


def _acts(
    world: World,
    seat: int,
    one: One,
    by_view: dict[int, Made],
    excuses: list[tuple[int, ...]],
    rules: _Rules,
) -> Iterator[World]:
    """Return what a vote of an honest validator in its view leads to."""
    view = one.view
    if view in by_view and rules.commit(one, by_view[view]):
        changed = one._replace(agreed=view, high=max(one.high, view))
        yield _with(world, seat, changed, commits=(*world.commits[seat], view))
    for below in (0, *by_view):
        if below >= view or not any(
            rules.prepare(one, below, excuse) for excuse in (-1, *excuses[view - 1])
        ):
            continue
        for kind in (0, 1):
            made = Made(view, below, kind)
            if kind and not any(made._replace(kind=0) in row for row in world.votes):
                continue  # which of the two is which is nothing to anybody
            votes = tuple(sorted((*world.votes[seat], made)))
            changed = one._replace(voted=made, high=max(one.high, below))
            yield _with(world, seat, changed, votes=votes)


def _excuses(world: World, views: int) -> list[tuple[int, ...]]:
    """Return for each view the highest certificate that a quorum of timeouts can tell of.

    The faulty one says that it knows of none.
    """
    found: list[tuple[int, ...]] = [()]
    for view in range(1, views + 1):
        highs = [dict(row).get(view) for row in world.timeouts]
        told = {
            max(highs[seat] or 0 for seat in pair)
            for pair in PAIRS
            if all(highs[seat] is not None for seat in pair)
        }
        found.append(tuple(sorted(told)))
    return found


def _with(world: World, seat: int, one: One, **rows: Any) -> World:
    changes: dict[str, Any] = {
        name: (*getattr(world, name)[:seat], row, *getattr(world, name)[seat + 1 :])
        for name, row in {"them": one, **rows}.items()
    }
    if "votes" in changes:
        changes["certified"] = _certified(changes["votes"])
    return world._replace(**changes)


@final
class _Rules:
    """The rules of the protocol, asked about what is only sketched here."""

    def __init__(
        self,
        prepare: Callable[[Promise, Proposal], bool],
        commit: Callable[[Promise, Certificate], bool],
    ) -> None:
        first = genesis("exploration", 1, bytes(32), bytes(32))
        start = origin(first)

        def certificate(view: int, name: bytes) -> Certificate:
            return msgspec.structs.replace(start, view=view, phase=Phase.PREPARE, block=name)

        def promise(one: One) -> Promise:
            voted = one.voted
            return Promise(
                view=one.view,
                high=certificate(one.high, b""),
                voted=voted.view,
                voted_block=repr(voted).encode(),
                agreed=one.agreed,
                gone=one.gone,
            )

        @cache
        def may_vote(one: One, below: int, excuse: int) -> bool:
            header = replace(first.header, view=one.view, parent_view=below)
            entry = None if excuse < 0 else TimeoutCertificate(one.view - 1, 0, (excuse,), ())
            proposal = Proposal(Block(header, ()), certificate(below, b""), entry, b"")
            return prepare(promise(one), proposal)

        @cache
        def may_agree(one: One, made: Made) -> bool:
            return commit(promise(one), certificate(made.view, repr(made).encode()))

        self.prepare: Final = may_vote
        self.commit: Final = may_agree
