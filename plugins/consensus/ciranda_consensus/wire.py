"""Messages as bytes and back: one way to write each, and nothing else is read.

Whatever comes from a peer is bounded in size and number before anything is kept of it, and every
field is of its type and range afterwards: the protocol never sees a number that does not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ciranda_consensus.encoding import EncodingError, decode, encode
from ciranda_consensus.fields import Fields, WireError
from ciranda_consensus.protocol.block import Block, Header
from ciranda_consensus.protocol.certificate import Certificate, Phase, Statement, TimeoutCertificate
from ciranda_consensus.protocol.evidence import Evidence, Said
from ciranda_consensus.protocol.messages import (
    Announce,
    Blocks,
    Entries,
    Fetch,
    Message,
    Proposal,
    Timeout,
    Vote,
)

__all__ = [
    "block_of",
    "block_row",
    "certificate_of",
    "certificate_row",
    "evidence_of",
    "evidence_row",
    "message_of",
    "message_row",
    "opening_of",
    "opening_row",
    "pack",
    "read",
    "unpack",
]

MOST_SIGNERS: Final = 20_000
MOST_ENTRIES: Final = 10_000
MOST_ENTRY: Final = 1 << 20
MOST_BLOCKS: Final = 256
MOST_NAME: Final = 255
SIGNATURE: Final = 64


def read(data: bytes) -> Any:
    """Return the plain data that canonical bytes hold.

    Raises:
        WireError: They are not canonical.
    """
    try:
        return decode(data)
    except EncodingError as error:
        raise WireError(str(error)) from None


# Parts of messages


def certificate_row(one: Certificate) -> list[Any]:
    """Return the fields of a certificate."""
    return [one.view, int(one.phase), one.height, one.block, one.signers, one.signatures]


def certificate_of(row: Any) -> Certificate:
    """Return the certificate of a row.

    Raises:
        WireError: It is none.
    """
    fields = Fields(row, "a certificate")
    view, phase, height = fields.number(), _phase(fields), fields.number()
    one = Certificate(
        view,
        phase,
        height,
        fields.hash(),
        fields.bits(MOST_SIGNERS),
        fields.many_raw(MOST_SIGNERS, SIGNATURE),
    )
    fields.end()
    return one


def _phase(fields: Fields) -> Phase:
    number = fields.number()
    if number not in (Phase.PREPARE, Phase.COMMIT):
        raise WireError(f"there is no phase {number}")
    return Phase(number)


def opening_row(one: Certificate | TimeoutCertificate) -> list[Any]:
    """Return the fields of a certificate of either kind; timeouts have fewer."""
    if isinstance(one, Certificate):
        return certificate_row(one)
    return [one.view, one.signers, one.highs, one.signatures]


def opening_of(row: Any) -> Certificate | TimeoutCertificate:
    """Return the certificate of either kind that a row holds.

    Raises:
        WireError: It is none.
    """
    if type(row) is not list or len(row) != 4:  # noqa: PLR2004  (view, signers, highs, signatures)
        return certificate_of(row)
    fields = Fields(row, "a timeout certificate")
    one = TimeoutCertificate(
        fields.number(),
        fields.bits(MOST_SIGNERS),
        fields.numbers(MOST_SIGNERS),
        fields.many_raw(MOST_SIGNERS, SIGNATURE),
    )
    fields.end()
    return one


def _maybe(one: Certificate | TimeoutCertificate | None) -> list[Any] | None:
    return None if one is None else opening_row(one)


def block_row(block: Block) -> list[Any]:
    """Return the fields of a block."""
    return [block.header.row(), block.entries]


def block_of(row: Any) -> Block:
    """Return the block of a row; whether its entries are those of its header is not looked at.

    Raises:
        WireError: It is none.
    """
    fields = Fields(row, "a block")
    header, entries = fields.take(), fields.many_raw(MOST_ENTRIES, MOST_ENTRY)
    fields.end()
    fields = Fields(header, "a header")
    found = Header(
        chain=fields.text(MOST_NAME),
        epoch=fields.number(),
        set_hash=fields.hash(),
        height=fields.number(),
        view=fields.number(),
        parent=fields.hash(),
        parent_view=fields.number(),
        excuse=fields.hash(),
        entries_root=fields.hash(),
        state_root=fields.hash(),
        proposer=fields.number(),
        time=fields.number(),
    )
    fields.end()
    return Block(found, entries)


def evidence_row(one: Evidence) -> list[Any]:
    """Return the fields of evidence."""
    said = [
        [int(part.kind), part.view, int(part.phase), part.height, part.block, part.signature]
        for part in (one.first, one.second)
    ]
    return [one.signer, *said]


def evidence_of(row: Any) -> Evidence:
    """Return the evidence of a row; whether it holds is not looked at.

    Raises:
        WireError: It is none.
    """
    fields = Fields(row, "evidence")
    one = Evidence(fields.number(), _said(fields.take()), _said(fields.take()))
    fields.end()
    return one


def _said(row: Any) -> Said:
    fields = Fields(row, "a statement")
    kind = fields.number()
    if kind not in (Statement.PROPOSAL, Statement.VOTE, Statement.TIMEOUT):
        raise WireError(f"there is no statement of kind {kind}")
    one = Said(
        Statement(kind),
        fields.number(),
        fields.number(Phase.COMMIT),
        fields.number(),
        fields.hash(),
        fields.raw(SIGNATURE),
    )
    fields.end()
    return one


# Messages: a number for the kind, then its fields


def _proposal_row(one: Proposal) -> list[Any]:
    return [block_row(one.block), certificate_row(one.justify), _maybe(one.entry), one.signature]


def _proposal(fields: Fields) -> Proposal:
    return Proposal(
        block_of(fields.take()),
        certificate_of(fields.take()),
        fields.maybe(opening_of),
        fields.raw(SIGNATURE),
    )


def _vote_row(one: Vote) -> list[Any]:
    return [one.view, int(one.phase), one.height, one.block, one.signer, one.signature]


def _vote(fields: Fields) -> Vote:
    view, phase = fields.number(), _phase(fields)
    height, block = fields.number(), fields.hash()
    return Vote(view, phase, height, block, fields.number(MOST_SIGNERS), fields.raw(SIGNATURE))


def _announce_row(one: Announce) -> list[Any]:
    return [opening_row(one.certificate)]


def _announce(fields: Fields) -> Announce:
    return Announce(opening_of(fields.take()))


def _timeout_row(one: Timeout) -> list[Any]:
    return [one.view, certificate_row(one.high), _maybe(one.entry), one.signer, one.signature]


def _timeout(fields: Fields) -> Timeout:
    return Timeout(
        fields.number(),
        certificate_of(fields.take()),
        fields.maybe(opening_of),
        fields.number(MOST_SIGNERS),
        fields.raw(SIGNATURE),
    )


def _fetch_row(one: Fetch) -> list[Any]:
    return [one.height, one.block]


def _fetch(fields: Fields) -> Fetch:
    return Fetch(fields.number(), fields.hash())


def _blocks_row(one: Blocks) -> list[Any]:
    return [[block_row(block) for block in one.blocks], _maybe(one.certificate)]


def _blocks(fields: Fields) -> Blocks:
    return Blocks(fields.items(MOST_BLOCKS, block_of), fields.maybe(certificate_of))


def _entries_row(one: Entries) -> list[Any]:
    return [one.entries]


def _entries(fields: Fields) -> Entries:
    return Entries(fields.many_raw(MOST_ENTRIES, MOST_ENTRY))


_WRITERS: Final[dict[type, tuple[int, Callable[[Any], list[Any]]]]] = {
    Proposal: (1, _proposal_row),
    Vote: (2, _vote_row),
    Announce: (3, _announce_row),
    Timeout: (4, _timeout_row),
    Fetch: (5, _fetch_row),
    Blocks: (6, _blocks_row),
    Entries: (7, _entries_row),
}
_READERS: Final[dict[int, tuple[str, Callable[[Fields], Message]]]] = {
    1: ("a proposal", _proposal),
    2: ("a vote", _vote),
    3: ("an announcement", _announce),
    4: ("a timeout", _timeout),
    5: ("a request for blocks", _fetch),
    6: ("an answer with blocks", _blocks),
    7: ("a list of entries", _entries),
}


def message_row(message: Message) -> list[Any]:
    """Return the number of a message's kind and its fields."""
    number, row = _WRITERS[type(message)]
    return [number, *row(message)]


def message_of(row: Any) -> Message:
    """Return the message of a row.

    Raises:
        WireError: It is none.
    """
    number = row[0] if type(row) is list and row else None
    if type(number) is not int or number not in _READERS:
        raise WireError("there is no message of this kind")
    what, take = _READERS[number]
    fields = Fields(row[1:], what)
    message = take(fields)
    fields.end()
    return message


def pack(message: Message) -> bytes:
    """Return the bytes of a message."""
    return encode(message_row(message))


def unpack(data: bytes) -> Message:
    """Return the message that bytes are.

    Raises:
        WireError: They are none; the text says why.
    """
    return message_of(read(data))
