"""Documents that are no YAML: what a plugin's loader returns, under the limits of YAML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Coroutine, Iterator, Mapping as MappingOf, Sequence as PathOf
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from ciranda.errors import CirandaError, Fault, WorkflowError
from ciranda.workflow.document import DEFAULT_LIMITS, Document, decoded, parse_document
from ciranda.workflow.faults import SourceText
from ciranda.workflow.loader import Loaded, Loader, Where
from ciranda.workflow.nodes import Mapping, Node, Scalar, Sequence, plain
from ciranda.workflow.scalars import ResolveError, resolve

__all__ = ["ForeignDocument", "foreign_document"]

_LONGEST_KEY: Final = 1000  # characters; libyaml takes 1024 with what is around them
_FARTHEST: Final = 2**31  # line and column; nobody writes so much
_WIDEST: Final = 256  # bits of a whole number that is shown: one of a thousand takes long
_UNWRITABLE: Final = re.compile("[\0\ud800-\udfff]")
# What JSON leaves as it is and YAML does not allow.
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class ForeignDocument(Document):
    """A document that a loader gave as data; nodes on line 0 stand nobody knows where.

    Attributes:
        written: The same as YAML.
    """

    written: str

    @property
    def kept(self) -> bytes:
        """What a run keeps of it, which is read without the loader."""
        return self.written.encode()

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
        """Return a fault at a place of the file, or one that names what it is about.

        Of keys no loader knows the place; it is that of the value.
        """
        if isinstance(where, Scalar | Sequence | Mapping):
            way = next((way for way, node in _nodes(self.root) if node is where), ())
        else:
            way = tuple(where)
        nodes = list(_along(self.root, way))
        node, way = nodes[-1], way[: len(nodes) - 1]
        if node.line:
            line, column = node.line, node.column
            if offset is not None and isinstance(node, Scalar):
                line, column = self.position_in_scalar(node, offset)
        else:
            known = [one for one in nodes if one.line]
            line, column = (known[-1].line, known[-1].column) if known else (0, 0)
            message = f"{'.'.join(map(str, way))}: {message}" if way else message
        return self.source.fault(message, line, column, hint=hint, kind=kind)

    def position_in_scalar(self, node: Scalar, offset: int) -> tuple[int, int]:
        """Return the place of a character of a text where it can be seen there, or of the text."""
        rest = self.source.line(node.line)[max(0, node.column - 1) :]
        for quote in ("", '"', "'"):
            if node.line and rest.startswith(quote + node.text):
                return node.line, node.column + len(quote) + min(offset, len(node.text))
        return node.line, node.column


def foreign_document(data: bytes, file: str, loader: Loader) -> Document:
    """Return the document that a loader makes of the bytes of a file.

    Raises:
        WorkflowError: Everything wrong with it.
    """
    found = _read(data, file, loader)
    if found is None:
        _refuse(file, "there is no workflow in this file", kind="no-workflow")
    if isinstance(found, str):
        return parse_document(found, file=file)
    positions: MappingOf[Where, tuple[int, int]] = {}
    if isinstance(found, Loaded):
        positions = found.positions
        found = found.data
    source = SourceText(file, data.decode(errors="replace").removeprefix("\ufeff"))
    if not isinstance(found, dict) or not _are_positions(positions):
        if isinstance(found, Coroutine):
            found.close()
        what = "positions that are none" if isinstance(found, dict) else type(found).__name__
        _refuse(file, f"{_who(loader)} returned {what}: tell its author", kind="loader")
    taking = _Taking(source, positions)
    root = taking.node(found, (), 0)
    if taking.faults:
        raise WorkflowError(taking.faults)
    return ForeignDocument(root, source, _as_yaml(root, file))


def _read(data: bytes, file: str, loader: Loader) -> Any:
    """Call the loader; whatever it raises is a fault of the file."""
    try:
        return loader.read(data, file)
    except WorkflowError:
        raise
    except UnicodeDecodeError as error:
        decoded(data, file)  # says where
        _refuse(file, str(error), kind="loader")
    except (ValueError, CirandaError) as error:
        line, column = (getattr(error, name, 0) for name in ("lineno", "colno"))
        message = getattr(error, "msg", "") or str(error) or "the file cannot be read"
        source = SourceText(file, data.decode(errors="replace"))
        known = _is_place((line, column))
        fault = source.fault(str(message), *((line, column) if known else (0, 0)), kind="syntax")
        raise WorkflowError([fault]) from error
    except (Exception, SystemExit) as error:  # of another author's code; no signal is among them
        said = f"{type(error).__name__}: {error}"
        fault = Fault(f"{_who(loader)} raised {said}", file, hint="tell its author", kind="loader")
        raise WorkflowError([fault]) from error


class _Taking:
    """Makes nodes of plain data; what YAML could not hold is a fault."""

    def __init__(self, source: SourceText, positions: MappingOf[Where, tuple[int, int]]) -> None:
        self.faults: Final[list[Fault]] = []
        self._source: Final = source
        self._positions: Final = positions
        self._left = DEFAULT_LIMITS.nodes

    def node(self, value: Any, way: Where, depth: int) -> Node:
        """Return the node of a value.

        Raises:
            WorkflowError: There is too much of it.
        """
        line, column = self._positions.get(way, (0, 0))
        self._left -= 1
        if self._left < 0:
            self._stop(way, f"the document has more than {DEFAULT_LIMITS.nodes:,} values")
        if isinstance(value, dict | list) and depth >= DEFAULT_LIMITS.depth:
            self._stop(way, f"collections are nested more than {DEFAULT_LIMITS.depth} deep")
        if isinstance(value, dict):
            self._left -= len(value)
            entries: dict[str, Node] = {}
            for key, one in value.items():
                name = self._key(key, way)
                if name is not None:
                    entries[name] = self.node(one, (*way, name), depth + 1)
            keys = {
                name: Scalar(name, name, "double", one.line, one.column)
                for name, one in entries.items()
            }
            return Mapping(entries, keys, line, column)
        if isinstance(value, list):
            items = (self.node(one, (*way, at), depth + 1) for at, one in enumerate(value))
            return Sequence(tuple(items), line, column)
        return self._scalar(value, way, line, column)

    def _scalar(self, value: Any, way: Where, line: int, column: int) -> Scalar:
        if isinstance(value, str):  # of libraries that remember how it was written, a kind of it
            text = str.__str__(value)
            if _UNWRITABLE.search(text):
                self._add(way, "text cannot hold a NUL character, nor half of a character")
            return Scalar(text, text, "double", line, column)
        if value is None or isinstance(value, bool):
            return Scalar(value, json.dumps(value), "plain", line, column)
        text = ""
        if isinstance(value, float):
            text = float.__repr__(value) if math.isfinite(value) else ""
            if not text:
                self._add(way, f"`{float.__repr__(value)}` is not a finite number")
        elif isinstance(value, int):
            shown = int.bit_length(value) <= _WIDEST
            text = int.__repr__(value) if shown else f"{'-' * (value < 0)}{'9' * _WIDEST}"
        else:
            kind = type(value).__name__
            self._add(way, f"a workflow cannot hold a {kind}", "write it as text")
        try:
            return Scalar(resolve(text), text, "plain", line, column)
        except ResolveError as error:
            self._add(way, str(error), "write it as text")
            return Scalar(None, "null", "plain", line, column)

    def _key(self, key: Any, way: Where) -> str | None:
        if not isinstance(key, str):
            self._add(way, f"{_shown(key)} is not text", "put it in quotes")
        elif _UNWRITABLE.search(key):
            self._add(way, "a key cannot hold a NUL character, nor half of a character")
        elif len(json.dumps(key)) > _LONGEST_KEY:
            self._add(way, f"a key is longer than {_LONGEST_KEY:,} characters")
        else:
            return str.__str__(key)
        return None

    def _add(self, way: Where, message: str, hint: str = "") -> None:
        line, column = self._positions.get(way, (0, 0))
        named = message if line or not way else f"{'.'.join(map(str, way))}: {message}"
        self.faults.append(self._source.fault(named, line, column, hint=hint, kind="yaml.value"))
        if len(self.faults) >= DEFAULT_LIMITS.faults:
            raise WorkflowError(self.faults)

    def _stop(self, way: Where, message: str) -> NoReturn:
        line, column = self._positions.get(way, (0, 0))
        self.faults.append(self._source.fault(message, line, column, kind="yaml.limit"))
        raise WorkflowError(self.faults)


def _as_yaml(root: Node, file: str) -> str:
    """Return a document as text that is JSON, and YAML too."""
    text = json.dumps(plain(root), ensure_ascii=False, indent=1) + "\n"
    text = _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    if len(text.encode()) > DEFAULT_LIMITS.size:
        most = f"{DEFAULT_LIMITS.size >> 20} MiB"
        _refuse(file, f"the workflow is larger than {most} as YAML", kind="yaml.limit")
    return text


def _along(root: Node, way: Where) -> Iterator[Node]:
    """Yield the nodes on a way, as far as there are any."""
    node = root
    yield node
    for part in way:
        if isinstance(node, Mapping) and part in node.entries:
            node = node.entries[str(part)]
        elif isinstance(node, Sequence) and isinstance(part, int) and 0 <= part < len(node.items):
            node = node.items[part]
        else:
            return
        yield node


def _nodes(node: Node, way: Where = ()) -> Iterator[tuple[Where, Node]]:
    yield way, node
    if isinstance(node, Mapping):
        for name, one in node.entries.items():
            yield from _nodes(one, (*way, name))
    elif isinstance(node, Sequence):
        for at, one in enumerate(node.items):
            yield from _nodes(one, (*way, at))


def _are_positions(given: Any) -> bool:
    return isinstance(given, MappingOf) and all(map(_is_place, given.values()))


def _is_place(given: Any) -> bool:
    whole = isinstance(given, tuple) and len(given) == 2 and {*map(type, given)} == {int}  # noqa: PLR2004  (line, column)
    return whole and 0 < min(given) <= max(given) <= _FARTHEST


def _shown(key: Any) -> str:
    try:
        return f"the key `{key!r:.40}`"
    except Exception:  # of an int with thousands of digits, and of another author's class
        return f"a key, of type {type(key).__name__},"


def _who(loader: Loader) -> str:
    return f"the loader of plugin '{loader.plugin}'" if loader.plugin else "the loader"


def _refuse(file: str, message: str, *, kind: str) -> NoReturn:
    raise WorkflowError([Fault(message, file, kind=kind)])
