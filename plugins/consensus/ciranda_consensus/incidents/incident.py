"""An incident as JSON: who is said to have done what, and what shows it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from ciranda.errors import CirandaError

__all__ = ["FORMAT", "Incident", "IncidentError", "Offended", "read_incident"]

FORMAT: Final = "ciranda-incident-1"


class IncidentError(CirandaError):
    """A document is no incident; the text says why."""


class Offended(StrEnum):
    """What somebody did."""

    DOUBLE_SIGNING = "double-signing"
    INVALID_VERIFICATION = "invalid-verification"


class Incident(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Evidence against a validator.

    Attributes:
        format: Of the document.
        id: The beginning of the SHA-256 of the evidence.
        kind: What it did.
        key: Whose key signed it, in hexadecimal.
        chain: In which chain.
        epoch: In which epoch.
        view: In which view it contradicted itself; 0 for an attestation.
        blocks: The blocks that it signed for; none for an attestation.
        proof: The proof that was attested wrongly, as JSON; "" else.
        evidence: The signed statements, in hexadecimal.
    """

    format: str = FORMAT
    id: str
    kind: Offended
    key: str
    chain: str
    epoch: int
    view: int = 0
    blocks: tuple[str, ...] = ()
    proof: str = ""
    evidence: str


def read_incident(given: bytes | dict[str, Any]) -> Incident:
    """Return the incident of its JSON or of plain data.

    Raises:
        IncidentError: It is none.
    """
    try:
        if isinstance(given, bytes):
            found = msgspec.json.decode(given, type=Incident)
        else:
            found = msgspec.convert(given, Incident)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise IncidentError(f"this is no incident: {error}") from None
    if found.format != FORMAT:
        raise IncidentError(f"the format is {found.format[:40]!r}; this reads {FORMAT}")
    return found
