"""Incidents made of evidence, and checked offline with the validator set alone."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from ciranda.errors import CirandaError
from ciranda_consensus.encoding import encode
from ciranda_consensus.protocol.certificate import Verifies
from ciranda_consensus.protocol.evidence import Evidence
from ciranda_consensus.protocol.validators import ValidatorSet
from ciranda_consensus.state.transactions import Attest, parse, signed_part
from ciranda_consensus.wire import evidence_of, evidence_row, read

from .incident import Incident, IncidentError, Offended

__all__ = ["attested", "check_incident", "incidents_of"]

ID: Final = 16  # digits


def incidents_of(
    evidence: Iterable[Evidence], lies: Iterable[bytes], validators: ValidatorSet
) -> tuple[Incident, ...]:
    """Return the incidents of what a store has, each once."""
    found: dict[str, Incident] = {}
    for one in evidence:
        if 0 <= one.signer < len(validators):
            made = _contradiction(one, validators)
            found[made.id] = made
    for lie in lies:
        made = _lie(lie, validators)
        found[made.id] = made
    return tuple(found.values())


def _contradiction(one: Evidence, validators: ValidatorSet) -> Incident:
    return Incident(
        id=one.digest().hex()[:ID],
        kind=Offended.DOUBLE_SIGNING,
        key=validators.members[one.signer].public.hex(),
        chain=validators.chain,
        epoch=validators.epoch,
        view=one.first.view,
        blocks=(one.first.block.hex(), one.second.block.hex()),
        evidence=encode(evidence_row(one)).hex(),
    )


def _lie(entry: bytes, validators: ValidatorSet) -> Incident:
    one = parse(entry)
    if not isinstance(one, Attest):
        raise IncidentError("only an attestation can be a wrong one")
    return Incident(
        id=sha256(entry).hexdigest()[:ID],
        kind=Offended.INVALID_VERIFICATION,
        key=one.sender.hex(),
        chain=validators.chain,
        epoch=validators.epoch,
        proof=one.proof,
        evidence=entry.hex(),
    )


def check_incident(incident: Incident, validators: ValidatorSet, verifier: Verifies) -> str:
    """Return why an incident does not hold; "" if it does.

    Whether an attested proof really does not hold is not looked at: that needs whoever checks
    proofs, and `attested` tells what was said of it.

    Args:
        incident: As somebody gave it.
        validators: Whom the reader believes to be the validators, from elsewhere.
        verifier: Checks signatures.
    """
    if (incident.chain, incident.epoch) != (validators.chain, validators.epoch):
        return (
            f"it is of epoch {incident.epoch} of {incident.chain!r}, and the set of epoch "
            f"{validators.epoch} of {validators.chain!r}"
        )
    try:
        data = bytes.fromhex(incident.evidence)
        if incident.kind is Offended.DOUBLE_SIGNING:
            return _check_contradiction(incident, evidence_of(read(data)), validators, verifier)
        return _check_lie(incident, data, validators, verifier)
    except (CirandaError, ValueError) as error:
        return f"its evidence is none: {error}"


def _check_contradiction(
    incident: Incident, one: Evidence, validators: ValidatorSet, verifier: Verifies
) -> str:
    if not one.holds(validators, verifier):
        return "the two statements do not contradict each other, or one is not signed by it"
    return "" if _contradiction(one, validators) == incident else "its evidence is of another one"


def _check_lie(
    incident: Incident, entry: bytes, validators: ValidatorSet, verifier: Verifies
) -> str:
    one = parse(entry)
    if not isinstance(one, Attest):
        return "its evidence is no attestation"
    if not verifier.verify(one.sender, signed_part(validators.chain, one), one.signature):
        return "the attestation is not signed by it"
    return "" if _lie(entry, validators) == incident else "its evidence is of another one"


def attested(incident: Incident) -> tuple[bool, int]:
    """Return what a wrong attestation said of its proof: whether it holds, and its units.

    Raises:
        IncidentError: It is of something else.
    """
    one = parse(bytes.fromhex(incident.evidence))
    if not isinstance(one, Attest):
        raise IncidentError("the incident is about no attestation")
    return one.valid, one.units
