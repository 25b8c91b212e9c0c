"""`q:query`, `q:transaction`, `q:data`, `q:invoke`, `q:fetch`, events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ciranda.expressions import Q_CONDITION

from .build_state import param_of, written_value
from .nodes import Ask, Data, Dispatch, Handler, Param, Query, Step, Transaction
from .places import Text
from .reader import Element
from .sql import Statement
from .tags import TYPES
from .values import Value

if TYPE_CHECKING:
    from .build import Builder

_FORMATS: Final = frozenset(["csv", "json", "xml"])
_ORDERS: Final = frozenset(["asc", "desc"])
_METHODS: Final = frozenset(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])


def _params(builder: Builder, element: Element) -> tuple[list[Param], list[Text]]:
    """Read the `q:param`s within an element, and the text beside them."""
    params: list[Param] = []
    texts: list[Text] = []
    for child in element.children:
        if isinstance(child, Text):
            texts.append(child)
        elif child.tag == "q:param":
            builder.shape(child)
            param = param_of(builder, child)
            if param.value is None and param.default is None:
                builder.fail('<q:param> needs value="..." here', (child.line, child.column))
            params.append(param)
        else:
            message = f"<{element.tag}> holds <q:param> only, not <{child.tag}>"
            builder.fail(message, (child.line, child.column))
    builder.distinct(params, "parameter")
    return params, texts


def _place(texts: list[Text], offset: int) -> tuple[int, int]:
    """Return where a character of all the texts together stands."""
    for text in texts[:-1]:
        if offset < len(text.value):
            return text.place(offset)
        offset -= len(text.value)
    return texts[-1].place(offset)


def build_query(builder: Builder, element: Element) -> Query:
    """Build `q:query`."""
    at = (element.line, element.column)
    params, texts = _params(builder, element)
    sql = "".join(text.value for text in texts)
    first = next((text for text in texts if text.value.strip()), None)
    if first is None:
        builder.fail("<q:query> holds no SQL", at)
    statement = Statement(sql)
    known = {param.name for param in params}
    if statement.brace >= 0:
        message = 'SQL holds no {...}; write :name and <q:param name="name" value="{...}"/>'
        builder.fail(message, _place(texts, statement.brace))
    for name, place in zip(statement.names, statement.places):
        if name not in known:
            message = f"the SQL names :{name}, which no <q:param> gives"
            builder.fail(message, _place(texts, place))
    source = builder.optional_name(element, "source")
    database = element.attributes.get("datasource", "default")
    return Query(at, builder.name(element), database, source, sql, tuple(params))


def build_transaction(builder: Builder, element: Element) -> Transaction:
    """Build `q:transaction`."""
    database = element.attributes.get("datasource", "default")
    return Transaction((element.line, element.column), database, builder.children(element))


def build_data(builder: Builder, element: Element) -> Data:
    """Build `q:data`."""
    at = (element.line, element.column)
    kind = builder.word(element, "type", _FORMATS, "csv")
    columns: list[tuple[str, str]] = []
    steps: list[Step] = []
    texts: list[Text] = []
    for child in element.children:
        if isinstance(child, Text):
            texts.append(child)
            continue
        if child.tag in {"q:column", "q:field"}:
            builder.shape(child)
            columns.append((builder.name(child), builder.word(child, "type", TYPES, "string")))
        elif child.tag == "q:transform":
            builder.shape(child)
            steps += [_step(builder, each) for each in child.children if _is_step(each)]
        else:
            builder.fail(f"<{child.tag}> has no place here", (child.line, child.column))
    attribute = "value" if "value" in element.attributes else "source"
    if attribute in element.attributes:
        content = written_value(builder, element, attribute, True)
        assert content is not None
    else:
        inline = [text for text in texts if text.value.strip()]
        if len(inline) != 1:
            builder.fail('<q:data> needs value="{text}", or the text within it', at)
        content = Value(inline[0], (inline[0].value.strip(),))
    return Data(
        at,
        builder.name(element),
        kind,
        content,
        element.attributes.get("delimiter", ",")[:1] or ",",
        element.attributes.get("path", ""),
        tuple(columns),
        tuple(steps),
    )


def _is_step(child: Element | Text) -> bool:
    return isinstance(child, Element) or bool(child.value.strip())


def _step(builder: Builder, child: Element | Text) -> Step:
    if isinstance(child, Text):
        builder.fail("<q:transform> holds no text", child.place(0))
    at = (child.line, child.column)
    kind = child.tag[2:]
    if kind not in {"filter", "sort", "limit", "compute", "select", "unique"}:
        builder.fail(f"<{child.tag}> transforms nothing", at)
    builder.shape(child)
    given = child.attributes
    code = None
    if kind == "filter":
        code = builder.code(child, "condition", Q_CONDITION)
    elif kind == "compute":
        code = builder.code(child, "expression")
    fields = given.get("fields") or given.get("by") or ""
    names = tuple(each.strip() for each in fields.split(",") if each.strip())
    if kind == "sort" and not names:
        builder.fail('<q:sort> needs by="..."', at)
    return Step(
        at,
        kind,
        code,
        builder.name(child, "field") if kind == "compute" else "",
        names,
        builder.value(child, "value"),
        builder.word(child, "order", _ORDERS, "asc") == "desc",
        builder.word(child, "type", TYPES, ""),
    )


def build_invoke(builder: Builder, element: Element) -> Ask:
    """Build `q:invoke`."""
    params, texts = _params(builder, element)
    _no_text(builder, texts)
    action = builder.value(element, "action")
    assert action is not None
    name = builder.name(element) if "name" in element.attributes else ""
    return Ask((element.line, element.column), name, action, _inputs(params))


def build_fetch(builder: Builder, element: Element) -> Ask:
    """Build `q:fetch`: the action `http.get` or another method's, with the address."""
    at = (element.line, element.column)
    params, texts = _params(builder, element)
    _no_text(builder, texts)
    method = builder.word(element, "method", _METHODS, "GET")
    url = builder.value(element, "url")
    assert url is not None
    action = Value(Text(method, ((0, *at),)), (f"http.{method.lower()}",))
    return Ask(at, builder.name(element), action, (("url", url), *_inputs(params)))


def _inputs(params: list[Param]) -> tuple[tuple[str, Value], ...]:
    found = []
    for param in params:
        value = param.value if param.value is not None else param.default
        assert value is not None
        found.append((param.name, value))
    return tuple(found)


def _no_text(builder: Builder, texts: list[Text]) -> None:
    for text in texts:
        if text.value.strip():
            builder.fail("only <q:param> stands here", text.place(0))


def build_dispatch(builder: Builder, element: Element) -> Dispatch:
    """Build `q:dispatchEvent`."""
    event = builder.value(element, "event")
    assert event is not None
    data = written_value(builder, element, "data", True)
    return Dispatch((element.line, element.column), event, data)


def build_handler(builder: Builder, element: Element) -> None:
    """Build `q:onEvent`."""
    event = element.attributes["event"]
    if not re.fullmatch(r"[\w.:-]+", event):
        builder.fail(f'event="{event[:60]}" is not a name', builder.place(element, "event"))
    var = builder.optional_name(element, "var") or "event"
    at = (element.line, element.column)
    builder.within.append("slot")
    body = builder.children(element)
    builder.within.pop()
    builder.handlers.append(Handler(at, event, var, body))


BUILDERS: Final[dict[str, Any]] = {
    "query": build_query, "transaction": build_transaction, "data": build_data,
    "invoke": build_invoke, "fetch": build_fetch, "dispatchEvent": build_dispatch,
    "onEvent": build_handler,
}  # fmt: skip
