"""More faulty validators than the protocol bears: it may fork, but then they are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from ciranda_consensus.protocol import Certificate, Header, TimeoutCertificate
from ciranda_consensus.protocol.blame import Blame, blame
from ciranda_consensus.protocol.certificate import bits
from ciranda_consensus.protocol.messages import Committed
from ciranda_consensus.simulation.faults import Faults
from ciranda_consensus.simulation.simulator import Simulation

__all__ = ["Forked", "culprits", "fork"]


class Forked(msgspec.Struct, frozen=True):
    """A run with too many faulty validators.

    Attributes:
        forked: Whether two blocks of one height were agreed on.
        blames: What shows who is to blame.
        named: Those who are, by it.
        innocent: Those of them who are honest; there must be none.
    """

    forked: bool
    blames: tuple[Blame, ...]
    named: frozenset[int]
    innocent: frozenset[int]


def fork(faults: Faults, *, make: Callable[..., Simulation] = Simulation) -> Forked:
    """Run faults that may be too many; say whether there is a fork, and who is to blame."""
    simulation = make(faults, forks=True)
    simulation.run()
    if not simulation.watch.forked:
        return Forked(False, (), frozenset(), frozenset())
    blames = culprits(simulation)
    named = frozenset(seat for found in blames for seat in bits(found.signers))
    return Forked(True, blames, named, named & frozenset(simulation.honest))


def culprits(simulation: Simulation) -> tuple[Blame, ...]:
    """Return who is to blame for a fork, from what honest validators have on their disks."""
    headers: Final[dict[bytes, Header]] = {}
    certificates: Final[dict[Certificate, None]] = {}
    excuses: Final[dict[bytes, TimeoutCertificate]] = {}
    commits: Final[list[Committed]] = []
    for at_height in simulation.watch.commits.values():
        for committed in at_height.values():
            headers[committed.block.hash] = committed.block.header
            certificates[committed.certificate] = None
            commits.append(committed)
    for seat in simulation.honest:
        disk = simulation.disks[seat]
        excuses.update(disk.excuses)
        certificates.update(dict.fromkeys(disk.highs.values()))
    height = min(simulation.watch.forked)
    one, two = list(simulation.watch.commits[height].values())[:2]
    return tuple(
        blame(
            one.certificate,
            two.certificate,
            validators=simulation.validators,
            verifier=simulation.oracle,
            headers=headers,
            certificates=certificates,
            excuses=excuses,
        )
    )
