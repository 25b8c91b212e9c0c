"""The files of a node: the genesis, which all share, and its own settings."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from ciranda.errors import SettingsError
from ciranda_consensus.encoding import encode
from ciranda_consensus.node.limits import Limits
from ciranda_consensus.node.sync import Checkpoint
from ciranda_consensus.protocol.pacemaker import Pacing
from ciranda_consensus.protocol.validators import Validator, ValidatorSet

__all__ = [
    "Genesis",
    "NodeSettings",
    "Point",
    "Seat",
    "address_of",
    "read_genesis",
    "read_settings",
    "write_genesis",
]

Read = TypeVar("Read")
_NOTHING: Final = "00" * 32
MOST_PORT: Final = 65_535
_HASH: Final = re.compile("[0-9a-f]{64}")


class Seat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A validator as the file has it: its key in hexadecimal, its stake, `host:port`."""

    public: str
    stake: int
    address: str = ""


class Genesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all validators of an epoch begin with, to the last bit.

    Attributes:
        chain: The name of the chain.
        epoch: The number of the epoch.
        validators: In the order that bitmaps speak of.
        state: What the application begins with; its own affair.
        after: The hash of the last block of the epoch before, in hexadecimal.
        before: How many blocks the epochs before had; heights in the state go on from there.
        carried: The file with the state that the epoch before ended with; "" for none.
        root: Its root, in hexadecimal.
        blocks: With which block the epoch ends; 0 for no end.
        solver: With what proofs are checked, such as `z3 4.13.0.0`; "" where that is open.
    """

    chain: str
    epoch: int
    validators: tuple[Seat, ...]
    state: dict[str, Any] = {}
    after: str = _NOTHING
    before: int = 0
    carried: str = ""
    root: str = ""
    blocks: int = 0
    solver: str = ""

    def terms(self) -> bytes:
        """Return what binds all that is beside the validators; nothing where there is nothing."""
        row = [self.before, self.root, self.blocks, self.solver]
        if not any(row):
            return b""
        return encode(["ciranda/terms/1", self.after, *row])

    def set(self) -> ValidatorSet:
        """Return the validators.

        Raises:
            ValueError: They are no set.
        """
        return ValidatorSet(
            self.chain,
            self.epoch,
            [
                Validator(bytes.fromhex(one.public), one.stake, one.address)
                for one in self.validators
            ],
            self.terms(),
        )


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A checkpoint as the file has it: the block's hash in hexadecimal."""

    height: int
    block: str


class NodeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one node does by itself; paths are relative to the file.

    Attributes:
        genesis: The file that all share.
        key: The file with this validator's key.
        folder: Where its state lies.
        listen: `host:port`, where port 0 takes any that is free; the address that the genesis
            says, if empty.
        addresses: Where to reach others, by the beginning of their keys, if not where the genesis
            says.
        keep: Blocks that are kept; 0 keeps all.
        gap: How many blocks it may be behind before it takes the whole state instead.
        guests: Connections that those who are no validators may have.
        redial: Seconds between two tries to reach a peer, at first and at most.
        quiet: Seconds without a word after which a connection is given up.
        checkpoint: A block that is known to be agreed on.
        pacing: How long it waits for progress.
        limits: What a peer may do.
    """

    genesis: str
    key: str
    folder: str = "."
    listen: str = ""
    addresses: dict[str, str] = {}
    keep: int = 0
    gap: int = 1000
    guests: int = 16
    redial: tuple[float, float] = (0.1, 5.0)
    quiet: float = 10.0
    checkpoint: Point | None = None
    pacing: Pacing = Pacing()
    limits: Limits = Limits()

    def point(self) -> Checkpoint | None:
        """Return the checkpoint.

        Raises:
            ValueError: Its hash is none.
        """
        one = self.checkpoint
        return None if one is None else Checkpoint(one.height, bytes.fromhex(one.block))


def read_genesis(path: Path) -> Genesis:
    """Return the genesis of a file.

    Raises:
        SettingsError: It cannot be read, or is none; the text says where.
    """
    found = _read(path, Genesis)
    try:
        if min(found.before, found.blocks) < 0:
            raise ValueError("`before` and `blocks` must be 0 or more")  # noqa: TRY301  (told below)
        for name, text in [("after", found.after)] + [
            ("public", one.public) for one in found.validators
        ]:
            if not _HASH.fullmatch(text):  # written in one way only: texts are compared
                raise ValueError(  # noqa: TRY301  (told below)
                    f"`{name}` must be 64 hexadecimal digits in lower case, not {text[:80]!r}"
                )
        found.set()
    except ValueError as error:
        raise SettingsError(f"{path} is no genesis: {error}") from error
    if found.carried:
        return msgspec.structs.replace(found, carried=str(path.parent / found.carried))
    return found


def write_genesis(path: Path, genesis: Genesis) -> None:
    """Write a genesis; `read_genesis` gives the same back.

    Raises:
        SettingsError: It cannot be written.
    """
    lines = [f"chain = {_quoted(genesis.chain)}", f"epoch = {genesis.epoch}"]
    lines.append(f"after = {_quoted(genesis.after)}")
    lines += [f"state = {_value(genesis.state)}"]
    if genesis.carried:
        lines += [f"carried = {_quoted(Path(genesis.carried).name)}"]
    for name in ("root", "before", "blocks", "solver"):
        if value := getattr(genesis, name):
            lines.append(f"{name} = {_value(value)}")
    for one in genesis.validators:
        lines += ["", "[[validators]]", f"public = {_quoted(one.public)}", f"stake = {one.stake}"]
        lines.append(f"address = {_quoted(one.address)}")
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _value(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_quoted(key)} = {_value(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else str(value)


def read_settings(path: Path) -> NodeSettings:
    """Return the settings of a node, paths made absolute.

    Raises:
        SettingsError: They cannot be read, or are none; the text says where.
    """
    found = _read(path, NodeSettings)
    try:
        found.point()
    except ValueError as error:
        raise SettingsError(f"{path}: the checkpoint's block is no hash: {error}") from error
    folder = path.parent
    return msgspec.structs.replace(
        found,
        genesis=str(folder / found.genesis),
        key=str(folder / found.key),
        folder=str(folder / found.folder),
    )


def _read(path: Path, kind: type[Read]) -> Read:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except RecursionError:
        raise SettingsError(f"{path} nests too deep") from None
    except ValueError as error:  # no TOML, no UTF-8, or a number of thousands of digits
        raise SettingsError(f"{path} is no TOML: {error}") from error
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}") from error


def address_of(text: str) -> tuple[str, int]:
    """Return host and port of an address like `10.0.0.1:7001` or `[::1]:7001`.

    Raises:
        SettingsError: It is none.
    """
    host, _, port = text.rpartition(":")
    spaced = any(one.isspace() or not one.isprintable() for one in text)
    if not host or spaced or not (port.isascii() and port.isdecimal()) or int(port) > MOST_PORT:
        raise SettingsError(f"{text!r} is no address: write it like 10.0.0.1:7001")
    return host.strip("[]"), int(port)
