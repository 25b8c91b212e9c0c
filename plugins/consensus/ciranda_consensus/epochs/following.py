"""Follows certificates from epoch to epoch, offline: who is believed is the first set alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ciranda_consensus.carried import read_state
from ciranda_consensus.node.configuration import Genesis
from ciranda_consensus.protocol import Header, Verifies

from .link import Link, LinkError
from .successor import heirs

__all__ = ["follow"]

_RULES: Final = (
    ("chain", "its chain is another one"),
    ("epoch", "its number is not the next one"),
    ("after", "it does not begin after that block"),
    ("before", "it does not count the blocks before it"),
    ("root", "it does not begin with the state after that block"),
)


def follow(genesis: Genesis, link: Link, following: Genesis, verifier: Verifies) -> Header:
    """See that an epoch follows from the one before it; return the block that links them.

    Args:
        genesis: Of the epoch that is believed.
        link: Its last block, with the votes for it.
        following: The genesis of the next epoch; its state is read from the file that it names.
        verifier: Checks signatures.

    Raises:
        LinkError: It does not follow; the text says why.
        SettingsError: The file of the state is another one.
        ReceiptError: A field of the link is none.
    """
    last = link.require(genesis.set(), verifier)
    if genesis.blocks and last.height != genesis.blocks:
        raise LinkError(
            f"block {last.height} is not the last one of its epoch: {genesis.blocks} is"
        )
    expected = {
        "chain": genesis.chain,
        "epoch": genesis.epoch + 1,
        "after": last.hash.hex(),
        "before": genesis.before + last.height,
        "root": last.state_root.hex(),
    }
    for name, why in _RULES:
        if getattr(following, name) != expected[name]:
            raise LinkError(f"epoch {following.epoch} does not follow: {why}")
    state = read_state(Path(following.carried), following.root)
    rows = [(one.public, one.stake) for one in heirs(genesis, state)]
    if [(one.public, one.stake) for one in following.validators] != rows:
        raise LinkError(f"epoch {following.epoch} does not follow: its validators are others")
    if following.state.get("application") != genesis.state.get("application"):
        raise LinkError(f"epoch {following.epoch} does not follow: it agrees on something else")
    return last
