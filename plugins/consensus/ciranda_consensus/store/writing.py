"""What is written of promises, blocks and evidence, and read again with care."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from ciranda_consensus.encoding import encode
from ciranda_consensus.fields import HASH_BYTES, Fields, WireError
from ciranda_consensus.protocol.block import Block
from ciranda_consensus.protocol.certificate import Certificate
from ciranda_consensus.protocol.messages import Promise
from ciranda_consensus.wire import (
    block_of,
    block_row,
    certificate_of,
    certificate_row,
    opening_of,
    opening_row,
    read,
)

__all__ = [
    "block_bytes",
    "certificate_bytes",
    "promise_bytes",
    "read_block",
    "read_certificate",
    "read_promise",
]

_TAG: Final = b"ciranda/promise/1"


def promise_bytes(one: Promise) -> tuple[bytes, bytes]:
    """Return the bytes of a promise and their digest."""
    data = encode(
        [
            one.view,
            certificate_row(one.high),
            None if one.entry is None else opening_row(one.entry),
            one.voted,
            one.voted_block,
            one.agreed,
            one.gone,
            one.proposed,
        ]
    )
    return data, sha256(_TAG + data).digest()


def read_promise(data: bytes, digest: bytes) -> Promise:
    """Return the promise of its bytes.

    Raises:
        WireError: They are damaged.
    """
    if sha256(_TAG + data).digest() != digest:
        raise WireError("its digest is another")
    fields = Fields(read(data), "promise")
    one = Promise(
        view=fields.number(),
        high=certificate_of(fields.take()),
        entry=fields.maybe(opening_of),
        voted=fields.number(),
        voted_block=fields.raw(HASH_BYTES),
        agreed=fields.number(),
        gone=fields.number(),
        proposed=fields.number(),
    )
    fields.end()
    return one


def block_bytes(block: Block) -> bytes:
    """Return the bytes of a block."""
    return encode(block_row(block))


def read_block(data: Any, name: Any) -> Block:
    """Return the block of its bytes.

    Raises:
        WireError: It is not the one of that hash, or not whole.
    """
    block = block_of(read(data))
    if block.hash != name or not block.whole():
        raise WireError("its hash is another")
    return block


def certificate_bytes(one: Certificate) -> bytes:
    """Return the bytes of a certificate."""
    return encode(certificate_row(one))


def read_certificate(data: bytes) -> Certificate:
    """Return the certificate of its bytes.

    Raises:
        WireError: They are those of none.
    """
    return certificate_of(read(data))
