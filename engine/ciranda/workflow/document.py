"""A YAML document as read: its nodes, its text, and the way from a path to a place."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence as PathOf
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from ciranda.errors import Fault, WorkflowError
from ciranda.workflow.composer import Limits, compose
from ciranda.workflow.faults import SourceText
from ciranda.workflow.nodes import Mapping, Node, Plain, Scalar, Sequence, plain
from ciranda.workflow.positions import position_in_scalar

__all__ = [
    "DEFAULT_LIMITS",
    "Document",
    "Limits",
    "decoded",
    "parse_document",
    "read_document",
    "read_file",
]

# What YAML forbids, and the three line breaks that only YAML 1.1 knew: where libyaml would
# break a line and an editor would not, no position could be right.
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
)
_BOM: Final = "\ufeff"
_WIDE: Final = (("utf-16-le", 2), ("utf-16-be", 2), ("utf-32-le", 4), ("utf-32-be", 4))
_TWO_ORDINARY: Final = re.compile(r"[ -~\s]{2}", re.ASCII)
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
# libyaml compares each %TAG with all before it, which takes seconds for a file full of them.
_TAG_LINE: Final = re.compile(r"^%TAG", re.MULTILINE)
_MOST_TAG_LINES: Final = 16


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document and where everything in it was written."""

    root: Node
    source: SourceText

    @property
    def file(self) -> str:
        """The file's name as faults show it."""
        return self.source.file

    @property
    def lines(self) -> tuple[str, ...]:
        """The text, line by line."""
        return self.source.lines

    @property
    def kept(self) -> bytes:
        """What a run keeps of it."""
        return self.source.text.encode()

    def plain(self) -> Plain:
        """Return the document as plain Python data."""
        return plain(self.root)

    def node_at(self, path: PathOf[str | int]) -> Node:
        """Return the node at `path`, or its nearest ancestor that exists."""
        return self._walk(path)[0]

    def position_in_scalar(self, node: Scalar, offset: int) -> tuple[int, int]:
        """Return (line, column) of the character at `offset` of a scalar's text."""
        return position_in_scalar(self.source, node, offset)

    def fault(
        self,
        where: Node | PathOf[str | int],
        message: str,
        *,
        hint: str = "",
        kind: str = "invalid",
        key: bool = False,
        offset: int | None = None,
    ) -> Fault:
        """Return a fault that points into this document.

        Args:
            where: A node, or a path from the root; of a path that does not exist, its
                nearest ancestor is meant.
            message: One sentence.
            hint: What to do next.
            kind: Dotted word for programs.
            key: Point at the key that ends the path rather than at its value.
            offset: Point at this character of a scalar's text.
        """
        if isinstance(where, Scalar | Sequence | Mapping):
            node: Node = where
            key_node: Scalar | None = None
        else:
            node, key_node = self._walk(where)
        if key and key_node is not None:
            line, column = key_node.line, key_node.column
        elif offset is not None and isinstance(node, Scalar):
            line, column = self.position_in_scalar(node, offset)
        else:
            line, column = node.line, node.column
        return self.source.fault(message, line, column, hint=hint, kind=kind)

    def _walk(self, path: PathOf[str | int]) -> tuple[Node, Scalar | None]:
        """Return the last node that exists on the path, and the last key passed to reach it."""
        node: Node = self.root
        key: Scalar | None = None
        for part in path:
            if isinstance(node, Mapping) and part in node.entries:
                name = str(part)
                key = node.key_nodes[name]
                node = node.entries[name]
            elif isinstance(node, Sequence) and isinstance(part, int):
                if not 0 <= part < len(node.items):
                    break
                node = node.items[part]
            else:
                break
        return node, key


def parse_document(
    data: bytes | str, *, file: str = "<string>", limits: Limits = DEFAULT_LIMITS
) -> Document:
    """Return the one YAML document in `data`.

    Args:
        data: UTF-8 bytes, or text; a byte order mark is dropped.
        file: The name that faults show.
        limits: How large the document may be.

    Raises:
        WorkflowError: Everything wrong with it; a mistake of syntax ends the list.
    """
    encoded = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(encoded) > limits.size:
        _refuse(file, f"the file is larger than {_bytes(limits.size)}", kind="yaml.limit")
    if isinstance(data, bytes) and _is_wide(data):
        _refuse(file, "the file is UTF-16 or UTF-32", hint="save it as UTF-8", kind="yaml.encoding")
    if b"\0" in encoded:
        _refuse_binary(encoded, file)
    text = data if isinstance(data, str) else decoded(data, file)
    if text.startswith(_BOM):
        text = text[1:]
        encoded = encoded[3:]
    source = SourceText(file, text)
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        raise WorkflowError([_control_fault(source, forbidden)])
    if "%TAG" in text and len(_TAG_LINE.findall(text)) > _MOST_TAG_LINES:
        _refuse(file, "`%TAG` has no use here: tags are not read", kind="yaml.tag")
    return Document(compose(encoded, source, limits), source)


def _is_wide(data: bytes) -> bool:
    """Tell UTF-16 and UTF-32 by their marks, or by the two ordinary characters they begin with."""
    begins = (data[: 2 * width].decode(name, "replace") for name, width in _WIDE)
    return data.startswith(_WIDE_MARKS) or any(_TWO_ORDINARY.fullmatch(each) for each in begins)


def read_document(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Return the YAML document in a file.

    Raises:
        WorkflowError: The file cannot be read, is no regular file, or is not right.
    """
    return parse_document(read_file(path, limits=limits), file=str(path), limits=limits)


def read_file(path: Path, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the bytes of a file.

    Never waits: a pipe or a device is refused, and no more than `limits.size` is read.

    Raises:
        WorkflowError: The file cannot be read, is no regular file, or is too large.
    """
    file = str(path)
    try:
        return _read(path, file, limits.size)
    except ValueError:  # what the operating system's names cannot hold
        _refuse(file.replace("\0", "\\0"), "the file's name holds a NUL character")
    except FileNotFoundError:
        _refuse(file, "there is no such file", hint=_meant(path))
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        _refuse(file, f"the file cannot be read: {reason}")


def _meant(path: Path) -> str:
    """Return a hint that names the file beside it that was probably meant."""
    from ciranda.workflow.nearest import nearest  # only a mistake needs it

    try:
        with os.scandir(path.parent) as entries:
            names = [one.name for one in entries if one.is_file()]
    except OSError:
        return f"there is no folder {path.parent} either"
    stems = {Path(name).stem: name for name in names if Path(name).suffix == path.suffix}
    meant = nearest(path.name, names)
    # A common suffix is no likeness: the letters before it count by themselves.
    if meant in stems.values():
        meant = stems.get(nearest(path.stem, stems) or "")
    return f"did you mean `{path.with_name(meant)}`?" if meant else ""


def _read(path: Path, file: str, most: int) -> bytes:
    with open(path, "rb", opener=_open_at_once) as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            _refuse(file, "this is a pipe, a device or a socket, not a file")
        if status.st_size > most:
            _refuse(file, f"the file is larger than {_bytes(most)}", kind="yaml.limit")
        return stream.read(most + 1)


def _open_at_once(path: str, flags: int) -> int:
    # Opening a pipe that nobody writes to would wait for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def decoded(data: bytes, file: str) -> str:
    """Return the text of a file.

    Raises:
        WorkflowError: It is not UTF-8; the fault says where.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        source = SourceText(file, data.decode(errors="replace").removeprefix(_BOM))
        line, column = source.place(len(before.removeprefix(_BOM)))
        fault = source.fault(
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            line,
            column,
            hint="save the file as UTF-8",
            kind="yaml.encoding",
        )
        raise WorkflowError([fault]) from None


def _refuse_binary(data: bytes, file: str) -> NoReturn:
    text = data[: data.index(0)].decode(errors="replace").removeprefix(_BOM)
    line, column = SourceText(file, text).place(len(text))
    message = "the file holds a NUL character: it is not a text file"
    raise WorkflowError([Fault(message, file, line, column, kind="yaml.control")])


def _control_fault(source: SourceText, found: re.Match[str]) -> Fault:
    line, column = source.place(found.start())
    number = ord(found[0])
    message = f"the character U+{number:04X} is not allowed in a file"
    hint = f'remove it, or write "\\u{number:04x}"'
    return source.fault(message, line, column, hint=hint, kind="yaml.control")


def _bytes(size: int) -> str:
    return f"{size >> 20} MiB" if size and size % (1 << 20) == 0 else f"{size:,} bytes"


def _refuse(file: str, message: str, *, hint: str = "", kind: str = "yaml.file") -> NoReturn:
    raise WorkflowError([Fault(message, file, hint=hint, kind=kind)])
