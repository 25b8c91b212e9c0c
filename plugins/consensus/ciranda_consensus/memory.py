"""A replica's memory of its own votes, asked of others: has it forgotten one?"""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.errors import StoreError
from ciranda_consensus.protocol.certificate import (
    Certificate,
    Phase,
    TimeoutCertificate,
    Verifies,
    check,
    check_timeouts,
)
from ciranda_consensus.protocol.messages import (
    Announce,
    Blocks,
    Message,
    Promise,
    Proposal,
    Timeout,
)
from ciranda_consensus.protocol.validators import ValidatorSet

__all__ = ["require_memory"]


def require_memory(
    message: Message, promise: Promise, seat: int, validators: ValidatorSet, verifier: Verifies
) -> None:
    """Stop a replica that others have a vote of which it does not know.

    Its store was put back to an older state, or two of it are at work; whatever it said next could
    contradict what it said before. A certificate is only checked where it holds such a vote.

    Args:
        message: What came.
        promise: What the replica knows that it said.
        seat: Its index.
        validators: The set.
        verifier: Checks signatures.

    Raises:
        StoreError: The replica has forgotten a vote.
    """
    for one in _certificates(message):
        if not one.signers >> seat & 1 or _known(one, promise):
            continue
        if isinstance(one, TimeoutCertificate):
            flaw, said = check_timeouts(one, validators, verifier), "that it gives it up"
        else:
            flaw, said = check(one, validators, verifier), f"a vote to {one.phase.name.lower()}"
        if flaw is None:
            raise StoreError(
                f"others hold what this validator said in view {one.view} ({said}), and its store "
                "does not: the store is an older one, or another process works with the same key; "
                "put the newest store back, or begin with a new key"
            )


def _known(one: Certificate | TimeoutCertificate, promise: Promise) -> bool:
    if isinstance(one, TimeoutCertificate):
        return promise.gone >= one.view
    return (promise.voted if one.phase == Phase.PREPARE else promise.agreed) >= one.view


def _certificates(message: Message) -> Iterator[Certificate | TimeoutCertificate]:
    if isinstance(message, Announce):
        yield message.certificate
    elif isinstance(message, Proposal):
        yield message.justify
        if message.entry is not None:
            yield message.entry
    elif isinstance(message, Timeout):
        yield message.high
        if message.entry is not None:
            yield message.entry
    elif isinstance(message, Blocks) and message.certificate is not None:
        yield message.certificate
