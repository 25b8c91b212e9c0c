"""`q:if`, `q:loop`, `q:break`, `q:continue`, `q:try`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ciranda.expressions import Q_CONDITION

from .literals import NOTHING, as_structure
from .nodes import Body, Catch, Choice, EachLoop, Leave, RangeLoop, Try, WhileLoop
from .places import Text
from .reader import Element
from .tags import LOOPS
from .values import Code, Value

if TYPE_CHECKING:
    from .build import Builder

_EDGES: Final = frozenset(["loop", "slot", "finally"])
_WHOLE: Final = re.compile(r"\s*[+-]?\d{1,30}\s*")


def build_if(builder: Builder, element: Element) -> Choice:
    """Build `q:if` with the branches that stand among its children."""
    at = (element.line, element.column)
    tests: list[Code] = [builder.code(element, "condition", Q_CONDITION)]
    bodies: list[Body] = []
    own: list[Element | Text] = []
    branches: list[Element] = []
    for child in element.children:
        if isinstance(child, Element) and child.tag in {"q:elseif", "q:else"}:
            branches.append(child)
        elif branches and (isinstance(child, Element) or child.value.strip()):
            last = branches[-1]
            message = (
                f"nothing may follow <{last.tag}> in its <q:if>; what belongs to it stands "
                f"within it: <{last.tag}> ... </{last.tag}>"
            )
            builder.fail(message, (last.line, last.column))
        else:
            own.append(child)
    bodies.append(builder.several(element, own))
    other: Body = ()
    for place, branch in enumerate(branches):
        builder.shape(branch)
        if not branch.children:
            message = f"<{branch.tag}/> is empty; what belongs to it stands within it"
            builder.fail(message, (branch.line, branch.column))
        if branch.tag == "q:elseif":
            tests.append(builder.code(branch, "condition", Q_CONDITION))
            bodies.append(builder.children(branch))
        elif place < len(branches) - 1:
            builder.fail("<q:else> is the last of a <q:if>", (branch.line, branch.column))
        else:
            other = builder.children(branch)
    return Choice(at, tuple(zip(tests, bodies)), other)


def build_loop(builder: Builder, element: Element) -> RangeLoop | EachLoop | WhileLoop:
    """Build `q:loop` of any kind; the attributes tell which one it is."""
    given = element.attributes
    kind = (
        "while" if "while" in given
        else "query" if "query" in given
        else "array" if "items" in given
        else "range"
    )  # fmt: skip
    kind = builder.word(element, "type", LOOPS, kind)
    needed = {
        "while": ("while",), "query": ("query",), "range": ("var", "from", "to"),
        "array": ("var", "items"), "list": ("var", "items"), "object": ("items",),
    }[kind]  # fmt: skip
    for each in needed:
        if each not in given:
            at = (element.line, element.column)
            builder.fail(f'a <q:loop> of type {kind} needs {each}="..."', at)
    var = builder.optional_name(element, "var")
    index = builder.optional_name(element, "index")
    if kind == "range":
        bounds = [_bound(builder, element, name) for name in ("from", "to", "step")]
        start, stop = bounds[:2]
        if "step" not in given and isinstance(start, int) and isinstance(stop, int):
            bounds[2] = 1 if start <= stop else -1  # written out, it counts down by itself
        if bounds[2] == 0 and not isinstance(bounds[2], Code):
            builder.fail("the step of a loop cannot be 0", builder.place(element, "step"))
    elif kind == "while":
        test = builder.code(element, "while", Q_CONDITION)
    else:
        items = _items(builder, element, kind)
    builder.within.append("loop")
    body = builder.children(element)
    builder.within.pop()
    at = (element.line, element.column)
    if kind == "range":
        return RangeLoop(at, var or "", index, bounds[0], bounds[1], bounds[2], body)
    if kind == "while":
        return WhileLoop(at, index, test, body)
    row = builder.optional_name(element, "query")
    return EachLoop(at, kind, var, index, items, given.get("delimiter", ",") or ",", row, body)


def _bound(builder: Builder, element: Element, attribute: str) -> int | Code:
    text = element.attributes.get(attribute, "1")
    if _WHOLE.fullmatch(text):
        return int(text)
    return builder.code(element, attribute)


def _items(builder: Builder, element: Element, kind: str) -> Code | Value | tuple[str, ...]:
    if kind == "query":
        builder.name(element, "query")
        return builder.code(element, "query")
    text = element.attributes["items"]
    if kind == "list" and "{" not in text:
        delimiter = element.attributes.get("delimiter", ",") or ","
        return tuple(each.strip() for each in text.split(delimiter)) if text.strip() else ()
    if kind == "list":  # a text with expressions in it is split when it is whole
        value = builder.value(element, "items")
        assert value is not None
        return value.single or value
    if kind == "object" and as_structure(text) is not NOTHING:
        message = 'set a variable to the object and loop over that: items="{name}"'
        builder.fail(message, builder.place(element, "items"))
    return builder.code(element, "items")


def build_leave(builder: Builder, element: Element) -> Leave:
    """Build `q:break` and `q:continue`."""
    around = builder.within
    at = (element.line, element.column)
    last = max((place for place, tag in enumerate(around) if tag in _EDGES), default=-1)
    if last < 0 or around[last] != "loop":
        builder.fail(f"<{element.tag}> stands within <q:loop> only", at)
    return Leave(at, element.tag[2:])


def build_try(builder: Builder, element: Element) -> Try:
    """Build `q:try`."""
    own: list[Element | Text] = []
    catches: list[Catch] = []
    final: Body = ()
    finals = 0
    for child in element.children:
        if isinstance(child, Element) and child.tag == "q:catch":
            builder.shape(child)
            catches.append(
                Catch(
                    (child.line, child.column),
                    builder.optional_name(child, "var"),
                    child.attributes.get("type") or None,
                    builder.children(child),
                )
            )
        elif isinstance(child, Element) and child.tag == "q:finally":
            builder.shape(child)
            finals += 1
            builder.within.append("finally")
            final = builder.children(child)
            builder.within.pop()
        elif (catches or finals) and (isinstance(child, Element) or child.value.strip()):
            message = "what is tried stands before <q:catch> and <q:finally>"
            at = (child.line, child.column) if isinstance(child, Element) else child.place(0)
            builder.fail(message, at)
        else:
            own.append(child)
    at = (element.line, element.column)
    if finals > 1:
        builder.fail("<q:try> has one <q:finally> at most", at)
    if not catches and not finals:
        builder.fail("<q:try> needs <q:catch> or <q:finally> within it", at)
    return Try(at, builder.several(element, own), tuple(catches), final)


BUILDERS: Final[dict[str, Any]] = {
    "if": build_if, "loop": build_loop, "break": build_leave, "continue": build_leave,
    "try": build_try,
}  # fmt: skip
