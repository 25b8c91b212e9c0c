"""The checked tree of a template: one frozen class a tag. `at` is line and column, from 1."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Union

from .values import Code, Value

Place = tuple[int, int]
Rules = tuple[tuple[Any, ...], ...]
"""Validators: (name, argument, ...) each, plain values all."""


@dataclass(frozen=True, eq=False)
class Param:
    """`q:param`: what a component or function takes."""

    at: Place
    name: str
    type: str
    required: bool
    default: Value | None
    rules: Rules
    value: Value | None = None  # of a query or a call


@dataclass(frozen=True, eq=False)
class Set:
    """`q:set`. `scope` is local, component, session, application or request."""

    at: Place
    name: str
    scope: str
    operation: str
    value: Value | None
    default: Value | None
    type: str
    step: Value | None
    index: Value | None
    key: Value | None
    source: Code | None
    required: bool
    nullable: bool
    rules: Rules


@dataclass(frozen=True, eq=False)
class Choice:
    """`q:if` with its `q:elseif`s and `q:else`."""

    at: Place
    arms: tuple[tuple[Code, Body], ...]
    other: Body


@dataclass(frozen=True, eq=False)
class RangeLoop:
    """`q:loop` from one number to another; a bound is a number or an expression."""

    at: Place
    var: str
    index: str | None
    start: int | Code
    stop: int | Code
    step: int | Code
    body: Body


@dataclass(frozen=True, eq=False)
class EachLoop:
    """`q:loop` over a list, a text, an object or the rows of a query.

    `items` are an expression or the items themselves; `row` is the query's name.
    """

    at: Place
    kind: str
    var: str | None
    index: str | None
    items: Code | Value | tuple[str, ...]
    delimiter: str
    row: str | None
    body: Body


@dataclass(frozen=True, eq=False)
class WhileLoop:
    """`q:loop` as long as a condition holds."""

    at: Place
    index: str | None
    test: Code
    body: Body


@dataclass(frozen=True, eq=False)
class Leave:
    """`q:break` and `q:continue`."""

    at: Place
    word: str


@dataclass(frozen=True, eq=False)
class Return:
    """`q:return`."""

    at: Place
    value: Value | None
    type: str


@dataclass(frozen=True, eq=False)
class Function:
    """`q:function`. `keep` is the seconds that results are kept; 0 keeps none, -1 always."""

    at: Place
    name: str
    params: tuple[Param, ...]
    returns: str
    keep: float
    body: Body


@dataclass(frozen=True, eq=False)
class Tag:
    """An HTML element; `raw` ones hold their text as it is."""

    at: Place
    name: str
    attributes: tuple[tuple[str, Value], ...]
    body: Body
    raw: bool


@dataclass(frozen=True, eq=False)
class Words:
    """Text between elements."""

    at: Place
    value: Value
    raw: bool = False


@dataclass(frozen=True, eq=False)
class Raw:
    """`q:raw`: HTML that the host trusts."""

    at: Place
    value: Code


@dataclass(frozen=True, eq=False)
class Use:
    """`<Name prop="...">`: another component; `fills` are its slots by name."""

    at: Place
    name: str
    props: tuple[tuple[str, Value], ...]
    fills: tuple[tuple[str, Body], ...]


@dataclass(frozen=True, eq=False)
class Slot:
    """`q:slot` with what stands there by default."""

    at: Place
    name: str
    body: Body


@dataclass(frozen=True, eq=False)
class Import:
    """`q:import`."""

    at: Place
    component: str
    alias: str


@dataclass(frozen=True, eq=False)
class Log:
    """`q:log`."""

    at: Place
    level: str
    message: Value
    when: Code | None


@dataclass(frozen=True, eq=False)
class Catch:
    """`q:catch`."""

    at: Place
    var: str | None
    type: str | None
    body: Body


@dataclass(frozen=True, eq=False)
class Try:
    """`q:try`."""

    at: Place
    body: Body
    catches: tuple[Catch, ...]
    final: Body


@dataclass(frozen=True, eq=False)
class Throw:
    """`q:throw`."""

    at: Place
    message: Value
    type: str


@dataclass(frozen=True, eq=False)
class Query:
    """`q:query`: SQL with parameters by name, over a host's database or over rows at hand."""

    at: Place
    name: str
    database: str
    source: str | None
    sql: str
    params: tuple[Param, ...]


@dataclass(frozen=True, eq=False)
class Step:
    """One transformation of `q:data`: filter, sort, limit, compute, select, unique."""

    at: Place
    kind: str
    code: Code | None
    name: str
    names: tuple[str, ...]
    value: Value | None
    reverse: bool
    type: str


@dataclass(frozen=True, eq=False)
class Data:
    """`q:data`: rows out of csv, json or xml text."""

    at: Place
    name: str
    kind: str
    content: Value
    delimiter: str
    path: str
    columns: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class Ask:
    """`q:invoke` and `q:fetch`: what the host does for the template."""

    at: Place
    name: str
    action: Value
    inputs: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, eq=False)
class Dispatch:
    """`q:dispatchEvent`."""

    at: Place
    event: Value
    data: Value | None


@dataclass(frozen=True, eq=False)
class Handler:
    """`q:onEvent`: runs when an event is dispatched in the same run."""

    at: Place
    event: str
    var: str
    body: Body


@dataclass(frozen=True, eq=False)
class Transaction:
    """`q:transaction`: all of its queries, or none."""

    at: Place
    database: str
    body: Body


@dataclass(frozen=True, eq=False)
class Dump:
    """`q:dump`: a value as readable text."""

    at: Place
    value: Code
    label: str


Node = Union[
    Set, Choice, RangeLoop, EachLoop, WhileLoop, Leave, Return, Tag, Words, Raw, Use, Slot, Log,
    Try, Throw, Query, Data, Ask, Dispatch, Transaction, Dump,
]  # fmt: skip
Body = tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Component:
    """A whole template."""

    at: Place
    name: str
    params: tuple[Param, ...]
    functions: tuple[Function, ...]
    imports: tuple[Import, ...]
    handlers: tuple[Handler, ...]
    body: Body
    source: Any = field(repr=False, default=None)


def bodies(node: Any) -> list[Body]:
    """Return the bodies right beneath a node, in document order."""
    if isinstance(node, Choice):
        return [*(body for _, body in node.arms), node.other]
    if isinstance(
        node, (RangeLoop, EachLoop, WhileLoop, Tag, Slot, Transaction, Handler, Function)
    ):
        return [node.body]
    if isinstance(node, Use):
        return [body for _, body in node.fills]
    if isinstance(node, Try):
        return [node.body, *(each.body for each in node.catches), node.final]
    return []
