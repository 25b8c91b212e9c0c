"""The files of the next epoch, made from what validators answer, or checked from disk alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import anyio

from ciranda.errors import InputError
from ciranda_consensus.carried import write_state
from ciranda_consensus.cluster import GENESIS, Found, Remote, is_embedded
from ciranda_consensus.crypto import Verifier
from ciranda_consensus.epochs import Link, follow, read_link, successor, write_link
from ciranda_consensus.epochs.link import link_of
from ciranda_consensus.epochs.successor import STATE
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.node import Genesis, read_genesis, write_genesis
from ciranda_consensus.node.configuration import address_of
from ciranda_consensus.solver import installed_solver

__all__ = ["checked", "made"]

LINK: Final = "link.json"


def made(
    genesis: Path,
    folder: Path,
    backend: str,
    *,
    addresses: Sequence[str] = (),
    blocks: int | None = None,
    solver: bool = False,
) -> dict[str, Any]:
    """Make the files of the next epoch.

    Raises:
        InputError: An option does not fit, or the files are there.
        LinkError: The epoch is not over, or nobody is left.
        TooLateError: No validator answers.
    """
    before = read_genesis(genesis)
    if is_embedded(before.chain):
        raise InputError(
            f"{before.chain} lives in one process, which has no epochs: `ciranda consensus init` "
            "begins a chain that has"
        )
    where = dict(_address(one) for one in addresses)
    if (folder / GENESIS).exists():
        raise InputError(f"{folder / GENESIS} exists: an epoch begins once, so take another folder")
    found, state = anyio.run(Remote(before).last, backend=backend)
    link = link_of(found)
    after = successor(
        before,
        found.block.header,
        state,
        addresses=where,
        blocks=blocks,
        solver=installed_solver() if solver else None,
    )
    return _written(folder, before, after, link, state, found)


def _written(
    folder: Path, before: Genesis, after: Genesis, link: Link, state: SparseTree, found: Found
) -> dict[str, Any]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}") from None
    write_state(folder / STATE, state)
    write_link(folder / LINK, link)
    write_genesis(folder / GENESIS, after)  # last: a folder without one was cut
    warnings = [
        f"validator {one.public[:16]} has no address: give `--address {one.public[:16]}=HOST:PORT`"
        for one in after.validators
        if not one.address
    ]
    if not before.blocks:
        warnings.append(
            f"epoch {before.epoch} has no end of its own: its validators must be stopped now, or "
            "they go on agreeing on blocks that the new epoch does not know"
        )
    return _told(folder / GENESIS, after, found.block.header.height, warnings)


def _told(path: Path, one: Genesis, height: int, warnings: Sequence[str]) -> dict[str, Any]:
    return {
        "genesis": str(path),
        "chain": one.chain,
        "epoch": one.epoch,
        "height": height,
        "after": one.after,
        "root": one.root,
        "validators": [{"public": seat.public, "stake": seat.stake} for seat in one.validators],
        "warnings": list(warnings),
    }


def _address(given: str) -> tuple[str, str]:
    key, _, address = given.partition("=")
    if not address:
        raise InputError(f"`--address {given}` is none: write it like KEY=10.0.0.9:7001")
    address_of(address)
    return key, address


def checked(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """See that each set follows from the one before it, with the files beside them alone.

    Raises:
        LinkError: One does not.
        SettingsError: A file cannot be read.
    """
    verifier, rows = Verifier(), []
    genesis = read_genesis(paths[0])
    for path in paths[1:]:
        following = read_genesis(path)
        last = follow(genesis, read_link(path.parent / LINK), following, verifier)
        warnings = [] if genesis.blocks else [
            f"epoch {genesis.epoch} had no end of its own: its validators may have agreed on "
            f"blocks after {last.height} as well"
        ]  # fmt: skip
        rows.append(_told(path, following, last.height, warnings))
        genesis = following
    return rows
