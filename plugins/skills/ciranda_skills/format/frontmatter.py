"""The YAML between the fences, with every word as it was spelled.

The engine's own reader is made for workflows: it refuses numbers that do not fit in 64 bits, keys
that are numbers and tags, all of which stand in the frontmatter of skills, where everything is
text first. So this composer keeps spellings and resolves a word only when asked to. It pulls the
same events of libyaml, one at a time and within limits, so neither nesting nor aliases hurt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from ciranda.workflow.scalars import ResolveError, resolve

__all__ = ["FrontmatterError", "Node", "Text", "absent", "data", "parse", "spelled"]

_DEEPEST: Final = 32
_MOST_NODES: Final = 20_000
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "map", "null", "seq", "str")
)
_NON_SPECIFIC: Final = "!"


class FrontmatterError(Exception):
    """The frontmatter is no YAML mapping; the text says why and where."""


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it was spelled; `plain` when nothing quoted it and no tag made it text."""

    value: str
    plain: bool


Node = Text | list["Node"] | dict[str, "Node"]


def parse(text: str) -> dict[str, Node]:
    """Return the mapping that the frontmatter holds; an empty one holds no fields.

    Raises:
        FrontmatterError: It is no YAML, or no mapping, or holds a key twice, or is too large.
    """
    try:
        root = _Composer(text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" on line {mark.line + 2}" if mark else ""  # the opening fence is line 1
        raise FrontmatterError(f"{error.problem or 'not readable'}{place}") from None
    except yaml.YAMLError as error:
        raise FrontmatterError(str(error).replace("\n", " ")) from None
    if absent(root):
        return {}
    if not isinstance(root, dict):
        kind = "a list" if isinstance(root, list) else "text"
        raise FrontmatterError(f"it is {kind}, not a mapping of fields")
    return root


def absent(node: Node | None) -> bool:
    """Tell whether a field is not there, or has the value null."""
    return node is None or (isinstance(node, Text) and node.plain and node.value in _NULLS)


def spelled(node: Node) -> str:
    """Return a value as text: a word as it was written, a collection as JSON."""
    if isinstance(node, Text):
        return node.value
    import msgspec  # few skills nest anything here

    return msgspec.json.encode(data(node)).decode()


def data(node: Node) -> Any:
    """Return a value as plain data, by the YAML 1.2 core schema; odd numbers stay text."""
    if isinstance(node, list):
        return [data(item) for item in node]
    if isinstance(node, dict):
        return {key: data(value) for key, value in node.items()}
    if not node.plain:
        return node.value
    try:
        return resolve(node.value)
    except ResolveError:
        return node.value


class _Composer:
    """One reading of one frontmatter."""

    __slots__ = ("_anchors", "_left", "_next")

    def __init__(self, text: str) -> None:
        self._next = CParser(text.encode()).get_event
        self._left = _MOST_NODES
        # What `&name` stands for, and how many values that repeats; None while it is being read.
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}

    def document(self) -> Node:
        self._next()  # the start of the stream
        if isinstance(self._next(), StreamEndEvent):
            return Text("", plain=True)
        root, _ = self._node(self._next(), 0)
        self._next()  # the end of the document
        after = self._next()
        if isinstance(after, DocumentStartEvent):
            raise _error("a second document starts", after)
        return root

    def _node(self, event: Event | None, depth: int) -> tuple[Node, int]:
        """Return the node that `event` opens, and how deep it is."""
        if isinstance(event, AliasEvent):
            return self._alias(event, depth)
        assert isinstance(event, ScalarEvent | CollectionStartEvent)  # grammar allows no other
        if event.tag is not None and event.tag not in _TAGS and event.tag != _NON_SPECIFIC:
            raise _error(f"the tag {event.tag[:60]} is not known here", event)
        if event.anchor is None:
            return self._bare(event, depth)
        before = self._left
        self._anchors[event.anchor] = None
        node, height = self._bare(event, depth)
        self._anchors[event.anchor] = node, height, before - self._left
        return node, height

    def _bare(self, event: ScalarEvent | CollectionStartEvent, depth: int) -> tuple[Node, int]:
        self._spend(1, event)
        if isinstance(event, ScalarEvent):
            text = event.tag in {_NON_SPECIFIC, "tag:yaml.org,2002:str"}
            return Text(event.value, plain=not event.style and not text), 0
        self._limit(depth + 1, event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(depth + 1)
        return self._sequence(depth + 1)

    def _sequence(self, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        height = 0
        while not isinstance(event := self._next(), SequenceEndEvent):
            node, below = self._node(event, depth)
            items.append(node)
            height = max(height, below)
        return items, height + 1

    def _mapping(self, depth: int) -> tuple[Node, int]:
        entries: dict[str, Node] = {}
        height = 0
        while not isinstance(event := self._next(), MappingEndEvent):
            assert event is not None  # the parser raises before it runs out
            key, _ = self._node(event, depth)
            if not isinstance(key, Text):
                raise _error("a list or a mapping is used as a key", event)
            if key.value in entries:
                raise _error(f"the key {key.value[:60]!r} is written twice", event)
            entries[key.value], below = self._node(self._next(), depth)
            height = max(height, below)
        return entries, height + 1

    def _alias(self, event: AliasEvent, depth: int) -> tuple[Node, int]:
        name = event.anchor or ""
        if name not in self._anchors:
            raise _error(f"nothing above is called &{name[:60]}", event)
        target = self._anchors[name]
        if target is None:
            raise _error(f"*{name[:60]} repeats the collection it is in", event)
        node, height, weight = target
        self._spend(weight, event)
        self._limit(depth + height, event)
        return node, height

    def _spend(self, weight: int, event: Event) -> None:
        self._left -= weight
        if self._left < 0:
            raise _error(f"it holds more than {_MOST_NODES:,} values", event)

    def _limit(self, depth: int, event: Event) -> None:
        if depth > _DEEPEST:
            raise _error(f"collections are nested more than {_DEEPEST} deep", event)


def _error(message: str, event: Event) -> FrontmatterError:
    mark = event.start_mark
    assert mark is not None
    return FrontmatterError(f"{message} on line {mark.line + 2}")
