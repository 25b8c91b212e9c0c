"""From libyaml's events to nodes, in one pass and under limits.

Events are pulled one at a time, so a limit stops the parser itself: libyaml's own composer
recurses in C and takes the process down at 100,000 nested brackets.
"""

from __future__ import annotations

from typing import Final, NoReturn

import msgspec
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

from ciranda.errors import Fault, WorkflowError
from ciranda.workflow.faults import SourceText
from ciranda.workflow.nearest import nearest
from ciranda.workflow.nodes import Mapping, Node, Scalar, Sequence, Style
from ciranda.workflow.scalars import ResolveError, resolve, shown

__all__ = ["Limits", "compose"]

_STYLES: Final[dict[str, Style]] = {
    "": "plain",
    "'": "single",
    '"': "double",
    "|": "literal",
    ">": "folded",
}
_NULL_BYTE: Final = "\0"
_NEVER_RESOLVED: Final = frozenset("abcdeghijklmopqrsuvwxyzABCDEGHIJKLMOPQRSUVWXYZ_$/")


class Limits(msgspec.Struct, frozen=True):
    """How large a document may be.

    Attributes:
        size: Bytes of the file.
        depth: Collections inside one another, counted through aliases too.
        nodes: Keys, values and collections; an alias counts as all that it repeats.
        faults: Reading stops at so many.
    """

    size: int = 1 << 20
    depth: int = 64
    nodes: int = 200_000
    faults: int = 50


class _Anchored(msgspec.Struct, frozen=True):
    """What `&name` stands for; `node` is None while it is still being read."""

    node: Node | None
    weight: int
    height: int


class _Composer:
    """One reading of one document."""

    __slots__ = ("anchors", "deepest", "faults", "left", "limits", "next", "open", "source")

    def __init__(self, data: bytes, source: SourceText, limits: Limits) -> None:
        self.next = CParser(data).get_event
        self.source = source
        self.limits = limits
        self.left = limits.nodes
        self.deepest = 0  # collections inside one another, at most, within the open anchor
        self.anchors: dict[str, _Anchored] = {}
        self.open: list[tuple[int, int]] = []  # where each unfinished collection began
        self.faults: list[Fault] = []

    def document(self) -> Node:
        """Read the one document of the stream."""
        self.next()  # the start of the stream
        start = self.next()
        if isinstance(start, StreamEndEvent):
            self.stop("the file is empty", 1, 1, kind="yaml.empty")
        if isinstance(start, DocumentStartEvent):
            self.directives(start)
        root = self.node(self.next(), 0)
        if isinstance(root, Scalar) and root.style == "plain":
            if not root.text:
                self.stop("the document is empty", root.line, root.column, kind="yaml.empty")
            from ciranda.workflow.mistakes import squeezed_fault

            squeezed = squeezed_fault(self.source, root.line)
            if squeezed and isinstance(root.value, str):
                self.add(squeezed)
        self.next()  # the end of the document
        after = self.next()
        if isinstance(after, DocumentStartEvent):
            line, column = _place(after)
            self.stop(
                "a second document starts here: a file has one",
                line,
                column,
                hint="put it in a file of its own and remove `---`",
                kind="yaml.documents",
            )
        return root

    def directives(self, start: DocumentStartEvent) -> None:
        line, column = _place(start)
        if start.tags:
            self.report("`%TAG` has no use here: tags are not read", line, column, kind="yaml.tag")
        if start.version == (1, 1):
            hint = "remove the line, and quote `yes`, `no`, `on` where a boolean was meant"
            message = "`%YAML 1.1` asks for rules that are not followed: files are YAML 1.2"
            self.report(message, line, column, hint=hint, kind="yaml.version")

    def node(self, event: Event | None, depth: int) -> Node:
        """Read the node that `event` opens."""
        if type(event) is ScalarEvent and event.anchor is None:
            return self.scalar(event)
        if isinstance(event, AliasEvent):
            return self.alias(event, depth)
        assert isinstance(event, ScalarEvent | CollectionStartEvent)  # grammar allows no other
        name = event.anchor
        if name is None:
            return self.bare(event, depth)
        before = self.left
        deepest, self.deepest = self.deepest, depth
        self.anchors[name] = _Anchored(None, 0, 0)
        node = self.bare(event, depth)
        self.anchors[name] = _Anchored(node, before - self.left, self.deepest - depth)
        self.deepest = max(deepest, self.deepest)
        return node

    def bare(self, event: ScalarEvent | CollectionStartEvent, depth: int) -> Node:
        """Read a node apart from its anchor."""
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        self.spend(event, 1)
        line, column = _place(event)
        if depth >= self.limits.depth:
            message = f"collections are nested more than {self.limits.depth} deep"
            self.stop(message, line, column, kind="yaml.limit")
        if event.tag is not None:
            self.tag(event)
        self.open.append((line, column))
        self.deepest = max(self.deepest, depth + 1)
        if isinstance(event, MappingStartEvent):
            node: Node = self.mapping(line, column, depth + 1)
        else:
            node = self.sequence(line, column, depth + 1)
        self.open.pop()
        return node

    def scalar(self, event: ScalarEvent) -> Scalar:
        """Read one scalar and resolve it when it is not quoted."""
        self.left -= 1
        if self.left < 0:
            self.spend(event, 0)
        text = event.value
        mark = event.start_mark
        assert mark is not None
        line, column = mark.line + 1, mark.column + 1
        if event.tag is not None:
            self.tag(event)
        elif not event.style:
            if "${{" in text:
                self.expression(text, event)
            if text and text[0] in _NEVER_RESOLVED:
                return Scalar(text, text, "plain", line, column)
            try:
                return Scalar(resolve(text), text, "plain", line, column)
            except ResolveError as error:
                hint = "quote it to keep it as text"
                self.report(str(error), line, column, hint=hint, kind="yaml.number")
        elif event.style == '"' and _NULL_BYTE in text:
            self.report("text cannot hold a NUL character", line, column, kind="yaml.control")
        return Scalar(text, text, _STYLES[event.style or ""], line, column)

    def sequence(self, line: int, column: int, depth: int) -> Sequence:
        items: list[Node] = []
        following = self.next
        while type(event := following()) is not SequenceEndEvent:
            items.append(self.node(event, depth))
        return Sequence(tuple(items), line, column)

    def mapping(self, line: int, column: int, depth: int) -> Mapping:
        entries: dict[str, Node] = {}
        key_nodes: dict[str, Scalar] = {}
        merged: Node | None = None
        following = self.next
        while type(event := following()) is not MappingEndEvent:
            if type(event) is ScalarEvent and event.anchor is None:
                key: Node = self.scalar(event)
            else:
                key = self.node(event, depth)
            event = following()
            if type(event) is AliasEvent and _merges(key):
                value = self.alias(event, depth - 1)  # its entries move up into this mapping
            else:
                value = self.node(event, depth)
            if not isinstance(key, Scalar):
                self.key(key)
                continue
            name = key.text
            if type(key.value) is not str or ("${{" in name and _half_expression(key)):
                self.key(key)
                continue
            if name in key_nodes:
                self.duplicate(key, key_nodes[name])
                continue
            key_nodes[name] = key
            if name == "<<" and key.style == "plain":
                merged = value
            else:
                entries[name] = value
        if merged is None:
            return Mapping(entries, key_nodes, line, column)
        merge_key = key_nodes.pop("<<")
        return self.merge(Mapping(entries, key_nodes, line, column), merged, merge_key)

    def merge(self, own: Mapping, merged: Node, key: Scalar) -> Mapping:
        """Return `own` with the entries of `<<` beneath it; the first of several maps wins."""
        entries: dict[str, Node] = {}
        key_nodes: dict[str, Scalar] = {}
        for source in merged.items if isinstance(merged, Sequence) else (merged,):
            if not isinstance(source, Mapping):
                message = "`<<` merges a mapping or a list of mappings"
                hint = 'quote it, `"<<"`, if it is a name'
                self.report(message, key.line, key.column, hint=hint, kind="yaml.merge")
                return own
            # One step for each entry, all of them paid for by the alias that brought them.
            for name, value in source.entries.items():
                if name not in entries:
                    entries[name] = value
                    key_nodes[name] = source.key_nodes[name]
        return Mapping(
            {**entries, **own.entries}, {**key_nodes, **own.key_nodes}, own.line, own.column
        )

    def alias(self, event: AliasEvent, depth: int) -> Node:
        line, column = _place(event)
        name = event.anchor or ""
        target = self.anchors.get(name)
        if target is None:
            from ciranda.workflow.mistakes import alias_hint

            meant = nearest(name, self.anchors)
            hint = f"did you mean `*{meant}`?" if meant else alias_hint(self.source.line(line))
            message = f"{shown('*' + name)} is an alias, and no `&{name}` stands above it"
            self.report(message, line, column, hint=hint, kind="yaml.alias")
            return Scalar(f"*{name}", f"*{name}", "plain", line, column)
        if target.node is None:
            message = f"{shown('*' + name)} repeats the collection it is in, without end"
            self.stop(message, line, column, kind="yaml.alias")
        self.spend(event, target.weight)
        self.deepest = max(self.deepest, depth + target.height)
        if depth + target.height > self.limits.depth:
            message = f"aliases nest collections more than {self.limits.depth} deep"
            self.stop(message, line, column, kind="yaml.limit")
        return target.node

    def spend(self, event: Event, weight: int) -> None:
        """Take `weight` from the nodes that may still come."""
        self.left -= weight
        if self.left < 0:
            line, column = _place(event)
            counted = ", counting what aliases repeat" if self.anchors else ""
            message = f"the document has more than {self.limits.nodes:,} values{counted}"
            self.stop(message, line, column, kind="yaml.limit")

    def tag(self, event: ScalarEvent | CollectionStartEvent) -> None:
        from ciranda.workflow.mistakes import tag_fault

        self.add(tag_fault(self.source, *_place(event)))

    def key(self, key: Node) -> None:
        from ciranda.workflow.mistakes import key_fault

        self.add(key_fault(self.source, key))

    def expression(self, text: str, event: ScalarEvent) -> None:
        """Report an expression whose tail YAML took for a comment."""
        if text.rfind("${{") > text.rfind("}}"):
            from ciranda.workflow.mistakes import comment_in_expression

            mark = event.end_mark
            assert mark is not None
            fault = comment_in_expression(self.source, mark.line + 1, mark.column + 1)
            if fault:
                self.add(fault)

    def duplicate(self, key: Scalar, first: Scalar) -> None:
        message = f"{shown(key.text)} is written twice in one mapping, first on line {first.line}"
        hint = "`<<: [*one, *two]` merges several" if key.text == "<<" else "remove or rename one"
        self.report(message, key.line, key.column, hint=hint, kind="yaml.duplicate")

    def report(self, message: str, line: int, column: int, *, hint: str = "", kind: str) -> None:
        self.add(self.source.fault(message, line, column, hint=hint, kind=kind))

    def add(self, fault: Fault) -> None:
        self.faults.append(fault)
        if len(self.faults) >= self.limits.faults:
            raise WorkflowError(self.faults)

    def stop(self, message: str, line: int, column: int, *, hint: str = "", kind: str) -> NoReturn:
        self.faults.append(self.source.fault(message, line, column, hint=hint, kind=kind))
        raise WorkflowError(self.faults)


def compose(data: bytes, source: SourceText, limits: Limits) -> Node:
    """Return the root of the one document in `data`, which is UTF-8 and is `source.text`.

    Raises:
        WorkflowError: Everything found wrong; reading goes on after a fault where it can.
    """
    composer = _Composer(data, source, limits)
    try:
        root = composer.document()
    except yaml.YAMLError as error:
        from ciranda.workflow.mistakes import explain  # only a mistake needs it, here and above

        fault = explain(error, source, composer.open[-1] if composer.open else (1, 1))
        # What is wrong on a line is told once: a fault may already have said it better.
        if all(other.line != fault.line for other in composer.faults):
            composer.faults.append(fault)
        raise WorkflowError(composer.faults) from None
    if composer.faults:
        raise WorkflowError(composer.faults)
    return root


def _merges(key: Node) -> bool:
    return isinstance(key, Scalar) and key.text == "<<" and key.style == "plain"


def _half_expression(key: Scalar) -> bool:
    """Tell whether a plain key is what `- ${{ a ? b : c }}` leaves before its colon."""
    return "}}" not in key.text and key.style == "plain"


def _place(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    assert mark is not None
    return mark.line + 1, mark.column + 1
