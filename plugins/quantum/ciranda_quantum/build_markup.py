"""HTML, text, and the components that stand among it."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Final

from ciranda.expressions.inline import did_you_mean

from .escape import REFUSED
from .nodes import Body, Node, Raw, Slot, Tag, Use, Words
from .places import Text
from .reader import Element
from .tags import RAW
from .values import Code, Value, code_of, value_of

if TYPE_CHECKING:
    from .build import Builder

_TAG: Final = re.compile(r"[a-z][A-Za-z0-9-]*")
_ATTRIBUTE: Final = re.compile(r"[A-Za-z_@:][A-Za-z0-9_.:@-]*")
_SLOT: Final = re.compile(r"[A-Za-z_][\w-]*")


def words(builder: Builder, parent: Element, text: Text) -> Words | None:
    """Build text; what is only space with a line break is dropped."""
    value = text.value
    if not value.strip() and "\n" in value:
        return None
    if "function" in builder.within or parent.tag in {"q:try", "q:transform"}:
        if not value.strip():
            return None
        if "function" in builder.within:
            builder.fail("a <q:function> holds no text; it returns a value", _first(text))
    return Words(text.place(0), value_of(builder.source, text))


def _first(text: Text) -> tuple[int, int]:
    return text.place(len(text.value) - len(text.value.lstrip()))


def trimmed(body: Body) -> Body:
    """Take the space off the ends of a root's body."""
    nodes = list(body)
    if nodes and isinstance(nodes[0], Words):
        nodes[0] = _strip(nodes[0], left=True)
    if nodes and isinstance(nodes[-1], Words):
        nodes[-1] = _strip(nodes[-1], left=False)
    return tuple(nodes)


def _strip(node: Words, *, left: bool) -> Words:
    parts = list(node.value.parts)
    place = 0 if left else -1
    if parts and isinstance(parts[place], str):
        text = str(parts[place])
        parts[place] = text.lstrip() if left else text.rstrip()
    kept = tuple(part for part in parts if part != "")
    return dataclasses.replace(node, value=Value(node.value.text, kept))


def tag(builder: Builder, element: Element) -> Tag | Use:
    """Build an HTML element, or the use of a component."""
    at = (element.line, element.column)
    name = element.tag
    if name[0].isupper():
        return _use(builder, element)
    if not _TAG.fullmatch(name):
        builder.fail(f"<{name[:60]}> is no HTML element", at)
    if "function" in builder.within:
        builder.fail("a <q:function> holds no HTML; it returns a value", at)
    attributes: list[tuple[str, Value]] = []
    for each in element.attributes:
        if not _ATTRIBUTE.fullmatch(each):
            builder.fail(f"'{each[:60]}' is no HTML attribute", builder.place(element, each))
        value = builder.value(element, each)
        assert value is not None
        if value.codes and each.lower() in REFUSED:
            message = f'a value cannot be put into {each}="..."; it would be read as HTML'
            builder.fail(message, builder.place(element, each), "security")
        attributes.append((each, value))
    raw = name.lower() in RAW
    body = _raw(builder, element) if raw else builder.children(element)
    return Tag(at, name, tuple(attributes), body, raw)


def _raw(builder: Builder, element: Element) -> Body:
    made: list[Node] = []
    for child in element.children:
        if isinstance(child, Element):
            at = (child.line, child.column)
            builder.fail(f"<{element.tag}> holds text only, not <{child.tag}>", at)
        if f"</{element.tag}" in child.value.lower():
            builder.fail(f"the text of <{element.tag}> would end it", child.place(0))
        made.append(Words(child.place(0), Value(child, (child.value,)), raw=True))
    return tuple(made)


def _use(builder: Builder, element: Element) -> Use:
    at = (element.line, element.column)
    name = element.tag
    if name not in builder.imports:
        hint = did_you_mean(name, builder.imports)
        builder.fail(f"the component <{name}> is not imported here{hint}", at)
    if "function" in builder.within:
        builder.fail("a <q:function> holds no component; it returns a value", at)
    props: list[tuple[str, Value]] = []
    for each in element.attributes:
        if not re.fullmatch(r"(?!__)[A-Za-z_]\w*", each):
            builder.fail(f"'{each[:60]}' is no property's name", builder.place(element, each))
        value = builder.value(element, each)
        assert value is not None
        props.append((each, value))
    fills: list[tuple[str, Body]] = []
    own: list[Element | Text] = []
    builder.within.append("slot")
    for child in element.children:
        slot = child.attributes.get("slot") if isinstance(child, Element) else None
        if isinstance(child, Element) and child.tag == "template" and slot is not None:
            if not _SLOT.fullmatch(slot):
                builder.fail(f'slot="{slot[:60]}" is not a name', builder.place(child, "slot"))
            if slot in dict(fills):
                builder.fail(f"the slot '{slot}' is filled twice", (child.line, child.column))
            fills.append((slot, builder.children(child)))
        else:
            own.append(child)
    default = builder.several(element, own)
    builder.within.pop()
    if any(not isinstance(node, Words) or _shows(node) for node in default):
        fills.append(("", default))
    return Use(at, name, tuple(props), tuple(fills))


def _shows(node: Words) -> bool:
    return any(isinstance(part, Code) or part.strip() for part in node.value.parts)


def build_slot(builder: Builder, element: Element) -> Slot:
    """Build `q:slot`."""
    name = element.attributes.get("name", "")
    if name and not _SLOT.fullmatch(name):
        builder.fail(f'name="{name[:60]}" is not a name', builder.place(element, "name"))
    if "function" in builder.within:
        message = "a <q:function> holds no slot; it returns a value"
        builder.fail(message, (element.line, element.column))
    builder.within.append("slot")
    body = builder.children(element)
    builder.within.pop()
    return Slot((element.line, element.column), "" if name == "default" else name, body)


def build_raw(builder: Builder, element: Element) -> Raw:
    """Build `q:raw`: `value="{html}"`, or `{html}` alone within it."""
    at = (element.line, element.column)
    if "value" in element.attributes:
        value = builder.value(element, "value")
    else:
        texts = [child for child in element.children if isinstance(child, Text)]
        if len(texts) != len(element.children) or len(texts) != 1:
            builder.fail("<q:raw> holds one {expression}", at)
        text = texts[0]
        start = len(text.value) - len(text.value.lstrip())
        end = len(text.value.rstrip())
        inner = text.value[start:end]
        if not (inner.startswith("{") and inner.endswith("}")):
            builder.fail("<q:raw> holds one {expression}", at)
        return Raw(at, code_of(builder.source, text, start + 1, end - 1))
    if value is None or value.single is None:
        builder.fail("<q:raw> holds one {expression}", at)
    return Raw(at, value.single)


BUILDERS: Final[dict[str, Any]] = {"slot": build_slot, "raw": build_raw}
