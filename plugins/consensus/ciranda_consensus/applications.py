"""What a chain agrees on, as its genesis says: records with keys, or accounts with values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, final

import anyio

from ciranda.errors import CirandaError, SettingsError
from ciranda.runs.ungrouped import plainest
from ciranda_consensus.carried import read_state
from ciranda_consensus.crypto import Verifier
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.node.configuration import Genesis
from ciranda_consensus.protocol import Block, genesis as first_block
from ciranda_consensus.protocol.certificate import Verifies
from ciranda_consensus.protocol.evidence import Evidence
from ciranda_consensus.records import RecordRules
from ciranda_consensus.solver import installed_solver, strange
from ciranda_consensus.state import (
    AccountRules,
    Accuse,
    Checked,
    Claims,
    Machine,
    Rules,
    Trees,
    opening,
    write,
)

__all__ = ["ACCOUNTS", "APPLICATIONS", "RECORDS", "Check", "Subject", "first_of", "has_records"]

RECORDS: Final = "records"
ACCOUNTS: Final = "accounts"
APPLICATIONS: Final = (RECORDS, ACCOUNTS)
MANY: Final = 64  # signatures that are worth asking for
AT_ONCE: Final = 8  # proofs that are checked together
_FIELDS: Final = {"application", "accounts", "stakes", "reserve"}

Check = Callable[[str], Awaitable[Checked | None]]
"""Checks a proof, given as JSON; None where nobody can."""


Names = Callable[[str, tuple[bytes, ...]], Awaitable[Sequence[bytes]]]
"""Checks signatures of entries of a chain; names the good ones, in order."""


def has_records(genesis: Genesis) -> bool:
    """Say whether the state of a chain tells of records by their keys."""
    return bool(genesis.state.get("application", RECORDS) == RECORDS)


@final
class Subject:
    """What validators of a genesis agree on.

    Args:
        genesis: Names it in `state`.
        verifier: Checks signatures.
        check: Checks proofs that entries carry.
        claims: What was found of proofs; shared where many validators are in one process.
        names: Checks the signatures of many entries at once; see `CheckSignatures`.

    Attributes:
        rules: What entries there are, and what they do.
        states: Makes trees of states.
        claims: What was found of proofs.
        strange: Why proofs are not checked here; "" if they are.

    Raises:
        SettingsError: There is no application of this name, or its state is none.
    """

    def __init__(
        self,
        genesis: Genesis,
        verifier: Verifier,
        check: Check,
        claims: Claims | None = None,
        *,
        names: Names | None = None,
    ) -> None:
        self.rules, self._begin = _chosen(genesis, verifier)
        self.states: Final = Trees(self.rules)
        self.claims: Final = claims if claims is not None else Claims()
        self._check: Final = check
        self._chain: Final = genesis.chain
        self._verifier: Final = verifier
        self._names: Final = names if isinstance(self.rules, AccountRules) else None
        self._before: Final = genesis.before
        self._blocks: Final = genesis.blocks
        self.strange: Final = strange(genesis.solver, installed_solver())
        # Knows what entries say of proofs; that follows from them alone, whatever the state.
        self._reader: Final = Machine(self.rules, self._begin, claims=self.claims)

    def begin(self) -> SparseTree:
        """Return the state of the first block."""
        return self._begin

    def start(self, state: SparseTree, height: int) -> Machine:
        """Return the application, at the state after the block of a height."""
        return Machine(
            self.rules,
            state,
            height=height,
            claims=self.claims,
            before=self._before,
            last=self._blocks,
        )

    def accuse(self, evidence: Evidence) -> tuple[bytes, ...]:
        """Return the entry that costs somebody a part of his stake, where there are stakes."""
        return (write(Accuse(evidence)),) if isinstance(self.rules, AccountRules) else ()

    async def inspect(self, entries: tuple[bytes, ...]) -> bool:
        """Check the proofs in entries; say whether a vote for them can be right."""
        if self._names is not None and len(new := self._reader.fresh(entries)) > MANY:
            found = await self._names(self._chain, new)
            self._verifier.admit(name for name in found if name)  # others are judged here again
        proofs = self._reader.unchecked(entries)
        if proofs and self.strange:
            return False
        if not await self._check_all(proofs):
            return False
        return not self._reader.disputed(entries)

    async def _check_all(self, proofs: Sequence[str]) -> bool:
        """Check proofs, several at a time; say whether all were, whatever was found."""
        done = True
        rest = iter(proofs)

        async def check_some() -> None:
            nonlocal done
            for proof in rest:  # shared: each is taken by one
                found = await self._check(proof)
                if found is None:
                    done = False
                    return
                self.claims.learn(proof, found)

        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(min(AT_ONCE, len(proofs))):
                    tasks.start_soon(check_some)
        except BaseExceptionGroup as group:
            raise plainest(group) from None
        return done


def _chosen(genesis: Genesis, verifier: Verifies) -> tuple[Rules, SparseTree]:
    given = genesis.state
    if given.get("application", RECORDS) not in APPLICATIONS or given.keys() - _FIELDS:
        raise SettingsError(
            f"the genesis of {genesis.chain!r} has the state {str(given)[:80]}, which is none: "
            f"`application` is one of {', '.join(APPLICATIONS)}, and only `accounts`, `stakes` and "
            "`reserve` may stand beside it"
        )
    carried = read_state(Path(genesis.carried), genesis.root) if genesis.carried else None
    if has_records(genesis):
        return RecordRules(), SparseTree() if carried is None else carried
    if carried is not None:
        return AccountRules(genesis.set(), verifier), carried
    try:
        accounts, stakes = _by_key(given.get("accounts", {})), _by_key(given.get("stakes", {}))
        begin = opening(accounts, stakes, given.get("reserve", 0))
    except (CirandaError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(f"the genesis of {genesis.chain!r} has no accounts: {error}") from None
    return AccountRules(genesis.set(), verifier), begin


def _by_key(given: Mapping[str, Any]) -> dict[bytes, int]:
    return {bytes.fromhex(key): amount for key, amount in given.items()}


def first_of(genesis: Genesis, begin: SparseTree) -> Block:
    """Return the block that all validators of a genesis begin with."""
    return first_block(
        genesis.chain,
        genesis.epoch,
        genesis.set().hash,
        begin.root,
        after=bytes.fromhex(genesis.after),
    )
