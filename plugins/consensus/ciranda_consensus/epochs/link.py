"""What shows that an epoch ended with a block: its header, those above it, a certificate."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from ciranda.errors import CirandaError, SettingsError
from ciranda_consensus.cluster.found import Found
from ciranda_consensus.protocol import Certificate, Flaw, Header, ValidatorSet, Verifies, check
from ciranda_consensus.protocol.certificate import bits
from ciranda_consensus.receipts.receipt import Signed, Top

__all__ = ["FORMAT", "Link", "LinkError", "link_of", "read_link", "write_link"]

FORMAT: Final = "ciranda-link-1"


class LinkError(CirandaError):
    """An epoch does not follow from the one before; the text says why."""


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The last block of an epoch, signed by its validators.

    Attributes:
        format: Of the document.
        header: Of the block.
        above: Headers above it, up to the one that the certificate names.
        certificate: A quorum's votes.
    """

    format: str = FORMAT
    header: Top
    above: tuple[Top, ...] = ()
    certificate: Signed

    def require(self, validators: ValidatorSet, verifier: Verifies) -> Header:
        """Return the header of the block, if a quorum of these has agreed on it.

        Raises:
            LinkError: They have not.
            ReceiptError: A field is none.
        """
        header = self.header.header()
        found: Certificate = self.certificate.certificate()
        named, top = (validators.chain, validators.epoch, validators.hash), header
        for one in (header, *(each.header() for each in self.above)):
            if (one.chain, one.epoch, one.set_hash) != named:
                raise LinkError(f"block {one.height} is of another chain, epoch or set")
            if one is not header and (one.parent, one.height) != (top.hash, top.height + 1):
                raise LinkError("the headers do not stand on each other")
            top = one
        if (found.block, found.height) != (top.hash, top.height):
            raise LinkError("the certificate is of another block")
        flaw: Flaw | None = check(found, validators, verifier)
        if flaw is not None:
            raise LinkError(f"the certificate of block {top.height} is none: {flaw}")
        return header


def link_of(found: Found) -> Link:
    """Return the link that a block is."""
    one = found.certificate
    return Link(
        header=Top.of(found.block.header),
        above=tuple(Top.of(each) for each in found.above),
        certificate=Signed(
            one.view,
            one.height,
            one.block.hex(),
            tuple(bits(one.signers)),
            tuple(each.hex() for each in one.signatures),
        ),
    )


def read_link(path: Path) -> Link:
    """Return the link of a file.

    Raises:
        SettingsError: It cannot be read, or is none.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Link)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no link between epochs: {error}") from None
    if found.format != FORMAT:
        raise SettingsError(f"{path} has the format {found.format[:40]!r}; this reads {FORMAT}")
    return found


def write_link(path: Path, link: Link) -> None:
    """Write a link; `read_link` gives the same back.

    Raises:
        SettingsError: It cannot be written.
    """
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(link)) + b"\n")
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error
