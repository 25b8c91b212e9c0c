"""What nodes say besides the protocol: whether they are there, and answers to questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec

from ciranda_consensus.encoding import encode
from ciranda_consensus.fields import HASH_BYTES, Fields, WireError
from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.certificate import Certificate
from ciranda_consensus.protocol.messages import Message
from ciranda_consensus.wire import (
    block_of,
    block_row,
    certificate_of,
    certificate_row,
    message_of,
    message_row,
    read,
)

__all__ = [
    "MOST_INCIDENTS",
    "Agreed",
    "AskBlock",
    "AskEntry",
    "AskFigures",
    "AskHeaders",
    "AskIncidents",
    "AskOffer",
    "AskPart",
    "AskState",
    "AskStatus",
    "Declined",
    "Handed",
    "Headers",
    "Incidents",
    "Offer",
    "Part",
    "Ping",
    "Pong",
    "State",
    "Status",
    "Taken",
    "Talk",
    "Told",
    "say",
    "understand",
]

MOST_ENTRIES: Final = 10_000
MOST_ENTRY: Final = 1 << 20
MOST_PARTS: Final = 65_536
MOST_ROWS: Final = 65_536
MOST_VALUE: Final = 1 << 20
MOST_HEADERS: Final = 1024
MOST_ASKED: Final = 1024
MOST_KEY: Final = 8192
MOST_SHOWN: Final = 4 << 20
MOST_REASON: Final = 200
MOST_INCIDENTS: Final = 100


class Ping(msgspec.Struct, frozen=True):
    """I am here, agree up to `height` and keep blocks from `base` on."""

    stamp: int
    height: int
    base: int


class Pong(msgspec.Struct, frozen=True):
    """So am I; `stamp` is that of the question."""

    stamp: int


class AskStatus(msgspec.Struct, frozen=True):
    """How are you."""


class Status(msgspec.Struct, frozen=True):
    """The last block agreed on, the lowest that is kept, the view, how many peers are there."""

    height: int
    tip: bytes
    base: int
    view: int
    peers: int


class AskFigures(msgspec.Struct, frozen=True):
    """How did you get there, and what does somebody have to look at."""


class Told(msgspec.Struct, frozen=True):
    """Figures, as JSON; they are for people, and nothing is agreed on of them."""

    figures: bytes


class AskIncidents(msgspec.Struct, frozen=True):
    """Which evidence against validators do you have."""


class Incidents(msgspec.Struct, frozen=True):
    """Evidence, each as its canonical row, and attestations that were shown to be wrong."""

    evidence: tuple[bytes, ...]
    lies: tuple[bytes, ...]


class Handed(msgspec.Struct, frozen=True):
    """Please have these entries agreed on."""

    entries: tuple[bytes, ...]


class Taken(msgspec.Struct, frozen=True):
    """So many of the entries now wait, here and soon elsewhere; the others waited already."""

    count: int


class AskEntry(msgspec.Struct, frozen=True):
    """Which block holds the entry of this SHA-256."""

    digest: bytes


class AskBlock(msgspec.Struct, frozen=True):
    """Which block is agreed on at this height; 0 for the last one."""

    height: int


class Agreed(msgspec.Struct, frozen=True):
    """A block and a commit certificate of it or of a later block; None where there is none."""

    block: Block | None
    certificate: Certificate | None


class AskHeaders(msgspec.Struct, frozen=True):
    """Which blocks, without their entries, lie above this height."""

    height: int


class Headers(msgspec.Struct, frozen=True):
    """Blocks without entries, one above the other."""

    headers: tuple[Block, ...]


class AskOffer(msgspec.Struct, frozen=True):
    """Of which state can I have a copy, above this height."""

    height: int


class Offer(msgspec.Struct, frozen=True):
    """The state after a block, in parts: the roots of them, in order; the header has their root."""

    block: Block
    certificate: Certificate
    parts: tuple[bytes, ...]


class AskPart(msgspec.Struct, frozen=True):
    """Give me this part of the state after a block."""

    height: int
    index: int


class Part(msgspec.Struct, frozen=True):
    """The keys and values of one part, in turn: a list of pairs would take twice as long."""

    flat: tuple[bytes, ...]


class AskState(msgspec.Struct, frozen=True):
    """What does the newest state say of these keys."""

    keys: tuple[bytes, ...]


class State(msgspec.Struct, frozen=True):
    """What the state after a block says of keys, None of those that it does not have.

    `top` is the block without its entries, `proof` the part of the tree that shows the values.
    """

    top: Block
    certificate: Certificate
    values: tuple[bytes | None, ...]
    proof: bytes


class Declined(msgspec.Struct, frozen=True):
    """No, and why."""

    reason: str


Talk: TypeAlias = (
    Ping
    | Pong
    | AskStatus
    | Status
    | AskFigures
    | Told
    | AskIncidents
    | Incidents
    | Handed
    | Taken
    | AskEntry
    | AskBlock
    | Agreed
    | AskHeaders
    | Headers
    | AskOffer
    | Offer
    | AskPart
    | Part
    | AskState
    | State
    | Declined
)


def _maybe_block(one: Block | None) -> list[Any] | None:
    return None if one is None else block_row(one)


def _maybe_certificate(one: Certificate | None) -> list[Any] | None:
    return None if one is None else certificate_row(one)


def _offer_row(one: Offer) -> list[Any]:
    return [block_row(one.block), certificate_row(one.certificate), one.parts]


def _offer(fields: Fields) -> Offer:
    return Offer(
        block_of(fields.take()),
        certificate_of(fields.take()),
        fields.many_raw(MOST_PARTS, HASH_BYTES),
    )


def _state_row(one: State) -> list[Any]:
    return [one.top.header.row(), certificate_row(one.certificate), one.values, one.proof]


def _state(fields: Fields) -> State:
    return State(
        _header(fields.take()),
        certificate_of(fields.take()),
        fields.items(MOST_ASKED, _maybe_raw),
        fields.raw(MOST_SHOWN),
    )


def _maybe_raw(value: Any) -> bytes | None:
    if value is not None and (type(value) is not bytes or len(value) > MOST_VALUE):
        raise WireError("a value of a state is bytes, or nothing")
    return value


def _header(row: Any) -> Block:
    return block_of([row, []])


_FORMS: Final[dict[type, tuple[int, str, Callable[[Any], list[Any]], Callable[[Fields], Talk]]]] = {
    Ping: (
        32,
        "a ping",
        lambda one: [one.stamp, one.height, one.base],
        lambda it: Ping(it.number(), it.number(), it.number()),
    ),
    Pong: (33, "a pong", lambda one: [one.stamp], lambda it: Pong(it.number())),
    AskStatus: (40, "a question", lambda _: [], lambda _: AskStatus()),
    Status: (
        41,
        "a status",
        lambda one: [one.height, one.tip, one.base, one.view, one.peers],
        lambda it: Status(it.number(), it.hash(), it.number(), it.number(), it.number()),
    ),
    Handed: (
        42,
        "a list of entries",
        lambda one: [one.entries],
        lambda it: Handed(it.many_raw(MOST_ENTRIES, MOST_ENTRY)),
    ),
    Taken: (43, "an answer", lambda one: [one.count], lambda it: Taken(it.number())),
    AskEntry: (44, "a question", lambda one: [one.digest], lambda it: AskEntry(it.hash())),
    AskBlock: (45, "a question", lambda one: [one.height], lambda it: AskBlock(it.number())),
    Agreed: (
        46,
        "an answer with a block",
        lambda one: [_maybe_block(one.block), _maybe_certificate(one.certificate)],
        lambda it: Agreed(it.maybe(block_of), it.maybe(certificate_of)),
    ),
    AskHeaders: (47, "a question", lambda one: [one.height], lambda it: AskHeaders(it.number())),
    Headers: (
        48,
        "an answer with headers",
        lambda one: [[block.header.row() for block in one.headers]],
        lambda it: Headers(it.items(MOST_HEADERS, _header)),
    ),
    AskOffer: (49, "a question", lambda one: [one.height], lambda it: AskOffer(it.number())),
    Offer: (50, "an offer", _offer_row, _offer),
    AskPart: (
        51,
        "a question",
        lambda one: [one.height, one.index],
        lambda it: AskPart(it.number(), it.number(MOST_PARTS)),
    ),
    Part: (
        52,
        "a part of a state",
        lambda one: [one.flat],
        lambda it: Part(it.many_raw(2 * MOST_ROWS, MOST_VALUE)),
    ),
    AskState: (
        54,
        "question",
        lambda one: [one.keys],
        lambda it: AskState(it.many_raw(MOST_ASKED, MOST_KEY)),
    ),
    State: (55, "answer with a state", _state_row, _state),
    AskFigures: (56, "a question", lambda _: [], lambda _: AskFigures()),
    Told: (57, "figures", lambda one: [one.figures], lambda it: Told(it.raw(MOST_SHOWN))),
    AskIncidents: (58, "a question", lambda _: [], lambda _: AskIncidents()),
    Incidents: (
        59,
        "evidence",
        lambda one: [one.evidence, one.lies],
        lambda it: Incidents(
            it.many_raw(MOST_INCIDENTS, MOST_VALUE), it.many_raw(MOST_INCIDENTS, MOST_VALUE)
        ),
    ),
    Declined: (
        53,
        "a refusal",
        lambda one: [one.reason[:MOST_REASON]],
        lambda it: Declined(it.text(MOST_REASON)),
    ),
}
_READERS: Final = {number: (what, take) for number, what, _, take in _FORMS.values()}


def say(message: Message | Talk) -> bytes:
    """Return the bytes of whatever a node says."""
    form = _FORMS.get(type(message))
    if form is None:
        return encode(message_row(message))  # type: ignore[arg-type]  # the only others
    number, _, row, _ = form
    return encode([number, *row(message)])


def understand(data: bytes) -> Message | Talk:
    """Return what bytes of a node say.

    Raises:
        WireError: They say nothing; the text says why.
    """
    row = read(data)
    number = row[0] if type(row) is list and row else None
    if type(number) is not int:
        raise WireError("a message is a list that begins with the number of its kind")
    if number not in _READERS:
        return message_of(row)
    what, take = _READERS[number]
    fields = Fields(row[1:], what)
    message = take(fields)
    fields.end()
    return message
