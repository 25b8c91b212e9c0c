"""What a receipt says, as JSON: hashes, keys and signatures in hexadecimal."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from ciranda.errors import CirandaError
from ciranda_consensus.fields import MOST_NUMBER
from ciranda_consensus.protocol import Certificate, Header, Phase

__all__ = [
    "FORMAT",
    "Inclusion",
    "Receipt",
    "ReceiptError",
    "Signed",
    "StateProof",
    "Top",
    "Trust",
    "bytes_of",
    "read_receipt",
    "unique",
]

FORMAT: Final = "ciranda-receipt-1"
MOST_RECEIPT: Final = 16 << 20  # bytes
MOST_SEAT: Final = 20_000
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})*")


class ReceiptError(CirandaError):
    """A document is no receipt; the text says why."""


class Trust(StrEnum):
    """Whose word a receipt is: that of one process that holds all keys, or of many."""

    EMBEDDED = "embedded"
    VALIDATORS = "validators"


class Top(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A block's header; its hash follows from it and stands nowhere."""

    chain: str
    epoch: int
    set_hash: str
    height: int
    view: int
    parent: str
    parent_view: int
    excuse: str
    entries_root: str
    state_root: str
    proposer: int
    time: int

    @classmethod
    def of(cls, header: Header) -> Top:
        """Return the form of a header."""
        return cls(*[one.hex() if isinstance(one, bytes) else one for one in header.row()])  # type: ignore[arg-type]  # in the order of its fields

    def header(self) -> Header:
        """Return the header.

        Raises:
            ReceiptError: A field is none that a header can have.
        """
        hashes = ("set_hash", "parent", "excuse", "entries_root", "state_root")
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__struct_fields__}
        for name in hashes:
            fields[name] = bytes_of(fields[name], f"`{name}` of a header", 32)
        for name, value in fields.items():
            if isinstance(value, int) and not 0 <= value <= MOST_NUMBER:
                raise ReceiptError(f"`{name}` of a header is {value}, which is none")
        return Header(**fields)


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A quorum's votes to commit a block: who voted, by index, and the signatures in that order."""

    view: int
    height: int
    block: str
    signers: tuple[int, ...]
    signatures: tuple[str, ...]

    def certificate(self) -> Certificate:
        """Return the certificate.

        Raises:
            ReceiptError: It can be none.
        """
        numbers = (self.view, self.height, *self.signers)
        if any(not 0 <= one <= MOST_NUMBER for one in numbers):
            raise ReceiptError("the certificate has a number that is none")
        if (
            list(self.signers) != sorted(set(self.signers))
            or max(self.signers, default=0) > 1 << 16
        ):
            raise ReceiptError(
                "`signers` of the certificate are not in order, or one is there twice"
            )
        return Certificate(
            self.view,
            Phase.COMMIT,
            self.height,
            bytes_of(self.block, "`block` of the certificate", 32),
            sum(1 << one for one in self.signers),
            tuple(bytes_of(one, "a signature", 64) for one in self.signatures),
        )


class Inclusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry among those of the block.

    Attributes:
        key: The record's key.
        json: Its JSON, to the letter.
        index: Its place, and `size` how many there are.
        path: The hashes beside the way from the entry up to the root (RFC 6962).
    """

    key: str
    json: str
    index: int
    size: int
    path: tuple[str, ...]


class StateProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the state after the block says of a record's key: when it was used, or never.

    Attributes:
        key: The record's key.
        height: Of the block that it was used in; None if it was not used.
        digest: SHA-256 of the entry; "" if it was not used.
        proof: A part of the tree of the state.
    """

    key: str
    height: int | None
    digest: str
    proof: str


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A block that a quorum signed, and what it shows.

    Attributes:
        format: Of the receipt.
        trust: Whose word it is.
        block: The hash of the block; it follows from the header.
        header: Of the block.
        above: Headers above it, up to the one that the certificate names; usually none.
        certificate: A quorum's votes.
        entry: An entry of the block, if the receipt is of one.
        state: What the state says, if the receipt is of that.
    """

    format: str
    trust: Trust
    block: str
    header: Top
    above: tuple[Top, ...]
    certificate: Signed
    entry: Inclusion | None = None
    state: StateProof | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as plain data, without what it is not of."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in found.items() if value is not None}


def bytes_of(text: str, what: str, size: int | None = None) -> bytes:
    """Return the bytes of digits in lower case.

    Raises:
        ReceiptError: They are none, or not so many.
    """
    if not _HEX.fullmatch(text) or (size is not None and len(text) != 2 * size):
        expected = "hexadecimal digits in lower case" if size is None else f"{2 * size} of them"
        raise ReceiptError(f"{what} is {text[:40]!r}, not {expected}")
    return bytes.fromhex(text)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the mapping of pairs; a key that is there twice would say one thing to some readers.

    Raises:
        ValueError: One is.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} occurs twice")
    return found


def read_receipt(given: bytes | dict[str, Any] | Sequence[Any]) -> Receipt:
    """Return the receipt of its JSON or of plain data.

    Raises:
        ReceiptError: It is none.
    """
    if isinstance(given, bytes) and len(given) > MOST_RECEIPT:
        raise ReceiptError(f"a receipt of {len(given)} bytes is none: {MOST_RECEIPT} are the most")
    try:
        plain = given
        if isinstance(given, bytes):
            plain = json.loads(given.decode(), object_pairs_hook=unique)
        found = msgspec.convert(plain, Receipt)
    except (ValueError, RecursionError) as error:  # those of msgspec are ValueErrors
        raise ReceiptError(f"this is no receipt: {error}") from None
    if found.format != FORMAT:
        raise ReceiptError(f"the receipt has the format {found.format[:40]!r}; this reads {FORMAT}")
    if found.entry is None and found.state is None:
        raise ReceiptError("the receipt is of nothing: it has neither `entry` nor `state`")
    return found
