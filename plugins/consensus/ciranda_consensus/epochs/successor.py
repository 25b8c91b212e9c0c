"""The genesis of the next epoch, which follows from the last block of this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.node.configuration import Genesis, Seat
from ciranda_consensus.protocol import Header
from ciranda_consensus.state.records import MINIMUM_STAKE, Stake

from .link import LinkError

__all__ = ["STATE", "heirs", "successor"]

STATE: Final = "state.bin"
_STAKE: Final = b"stake/"
_ACCOUNTS: Final = "accounts"


def heirs(
    genesis: Genesis, state: SparseTree, addresses: Mapping[str, str] | None = None
) -> tuple[Seat, ...]:
    """Return who validates next: whoever has the minimum stake, with all that he has at stake.

    Those of this epoch who stay keep their order, others come after them in the order of their
    keys. Where nothing is at stake the validators stay as they are.

    Args:
        genesis: Of this epoch.
        state: After its last block.
        addresses: Where to reach those who are new, or elsewhere now, by the beginning of keys.

    Raises:
        LinkError: Nobody is left.
    """
    known = {one.public: one.address for one in genesis.validators}
    given = addresses or {}

    def where(key: str) -> str:
        found = (address for name, address in given.items() if key.startswith(name))
        return next(found, known.get(key, ""))

    if genesis.state.get("application") != _ACCOUNTS:
        return tuple(Seat(one.public, one.stake, where(one.public)) for one in genesis.validators)
    stakes: dict[str, int] = {}
    for key, value in state.items():
        if key.startswith(_STAKE):
            active = Stake.read(value).active
            if active >= MINIMUM_STAKE:
                stakes[key.removeprefix(_STAKE).hex()] = active
    if not stakes:
        raise LinkError(f"nobody has a stake of {MINIMUM_STAKE} or more: nobody can validate")
    old = [one.public for one in genesis.validators if one.public in stakes]
    new = sorted(stakes.keys() - set(old))
    return tuple(Seat(one, stakes[one], where(one)) for one in (*old, *new))


def successor(
    genesis: Genesis,
    last: Header,
    state: SparseTree,
    *,
    addresses: Mapping[str, str] | None = None,
    blocks: int | None = None,
    solver: str | None = None,
) -> Genesis:
    """Return the genesis of the next epoch.

    Args:
        genesis: Of this epoch.
        last: Its last block.
        state: After that block.
        addresses: As for `heirs`.
        blocks: How many blocks the next epoch has, 0 for no end; as this one by default.
        solver: With what proofs are checked there; as in this one by default.

    Raises:
        LinkError: The block is not the last one, or the state not the one after it.
    """
    if genesis.blocks and last.height != genesis.blocks:
        raise LinkError(
            f"epoch {genesis.epoch} of {genesis.chain!r} ends with block {genesis.blocks}, "
            f"and {last.height} is the last that is agreed on: wait until it is over"
        )
    if state.root != last.state_root:
        raise LinkError(f"the state is not the one after block {last.height}")
    kept = {"application": genesis.state["application"]} if "application" in genesis.state else {}
    return msgspec.structs.replace(
        genesis,
        epoch=genesis.epoch + 1,
        validators=heirs(genesis, state, addresses),
        state=kept,
        after=last.hash.hex(),
        before=genesis.before + last.height,
        carried=STATE,
        root=last.state_root.hex(),
        blocks=genesis.blocks if blocks is None else blocks,
        solver=genesis.solver if solver is None else solver,
    )
