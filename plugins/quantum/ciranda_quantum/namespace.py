"""Everything that generated code can name: its whole world."""

from __future__ import annotations

import builtins
from collections.abc import ItemsView, Iterable, KeysView, ValuesView
from typing import Any, Final

from ciranda.expressions import ExpressionError, Stored
from ciranda.expressions.inline import (
    NAMESPACE as OF_EXPRESSIONS,
    RAISED,
    bounded,
    checked_result,
    reason,
    spend,
    word,
)

from . import convert, data, escape, operations, query
from .error import UNCATCHABLE, QuantumError, kind_of
from .run import Out

MISSING: Final = object()
_NUL: Final = "\0"  # what no text of a page holds
_FEW: Final = 16  # items that may be joined before anyone knows how long they are
_WIDEST: Final = 1 << 62


def _sane(value: Any) -> Any:
    """Return a number that is not too large; floats never are."""
    return bounded(value) if type(value) is int else value


def _bound(value: Any) -> int:
    """Return a bound of a loop: a whole number, or a text that writes one."""
    if type(value) is int:
        return value
    made = convert.number(value, "bound")
    if type(made) is float and made.is_integer():
        made = int(made)
    if type(made) is not int:
        raise QuantumError("type", "the bound of a loop is a whole number")
    return made


def _range(start: int, stop: int, step: int, budget: list[int]) -> range:
    """Return the numbers of a loop, both ends among them, after paying for every turn."""
    if step == 0:
        raise QuantumError("runtime", "the step of a loop cannot be 0")
    if not (-_WIDEST < start < _WIDEST and -_WIDEST < stop < _WIDEST and -_WIDEST < step < _WIDEST):
        raise QuantumError("limit", "a loop counts numbers of 62 bits at most")
    turns = range(start, stop + (1 if step > 0 else -1), step)
    count = (turns.stop - turns.start) // step + 1
    spend(budget, max(0, count))
    return turns


def _items(value: Any, budget: list[int]) -> Any:
    """Return what a loop runs over, after paying for every turn."""
    if type(value) is list or isinstance(value, (list, tuple, range, set, frozenset, Stored)):
        spend(budget, len(value))
        return value
    if isinstance(value, (KeysView, ValuesView, ItemsView)):
        spend(budget, len(value))
        return list(value)
    raise QuantumError("type", f"a loop runs over a list, not {word(value)}")


def _cells(items: Any, before: str, after: str, limit: int, budget: list[int]) -> str:
    """Return every item as escaped text with the same markup around it."""
    items = _items(items, budget)
    if not items:
        return ""
    try:
        if len(items) > _FEW and sum(map(len, items)) > limit:
            raise QuantumError("limit", f"a page may have {limit} characters")
        joined = "\0".join(items)
    except TypeError:  # not texts alone
        joined = "\0" * len(items)
    around = len(items) * (len(before) + len(after))
    if len(joined) + around > limit:
        raise QuantumError("limit", f"a page may have {limit} characters")
    if joined.count("\0") == len(items) - 1:
        escaped = escape.escape(joined)
        return f"{before}{escaped.replace(_NUL, after + before)}{after}"
    made: list[str] = []
    left = limit - around
    for item in items:
        text = escape.html(item, budget)
        left -= len(text)
        if left < 0:
            raise QuantumError("limit", f"a page may have {limit} characters")
        made.append(f"{before}{text}{after}")
    return "".join(made)


def _listed(value: Any, delimiter: str, budget: list[int]) -> Any:
    """Return the items of a list that a text writes, without the space around them."""
    if type(value) is str:
        value = [each.strip() for each in value.split(delimiter)] if value.strip() else []
    return _items(value, budget)


def _pairs(value: Any, budget: list[int]) -> Iterable[tuple[Any, Any]]:
    """Return the keys and values of an object."""
    if not isinstance(value, dict):
        raise QuantumError("type", f"this loop runs over an object, not {word(value)}")
    spend(budget, len(value))
    return list(value.items())


def _rows(value: Any, budget: list[int]) -> Any:
    """Return the rows of a query."""
    for row in _items(value, budget):
        if not isinstance(row, dict):
            raise QuantumError("type", f"a row of a query is an object, not {word(row)}")
    return value


def _turn(budget: list[int]) -> None:
    spend(budget, 1)


def _use(component: Any, run: Any, out: Out, props: Any, slots: Any) -> None:
    """Put out another component."""
    spend(run.budget, 1)
    run.enter()
    try:
        component(run, out, props, slots)
    finally:
        run.leave()


def _new(out: Out) -> Out:
    return Out(out.limit)


def _caught(error: BaseException) -> dict[str, Any]:
    """Return the error object of `q:catch`; what stops a run is raised again."""
    if isinstance(error, QuantumError):
        kind, message, of = error.kind, error.message, error.type
    else:
        kind, message = reason(error)
        kind = of = kind_of(kind)
    if kind in UNCATCHABLE:
        raise error
    return {"message": message, "type": of}


def _fits(error: dict[str, Any], wanted: str) -> bool:
    return wanted in {"any", "*"} or error["type"] == wanted


def _throw(message: str, kind: str) -> None:
    raise QuantumError("thrown", message, type=kind)


def _take(
    value: Any,
    kind: str,
    name: str,
    required: bool,
    rules: tuple[tuple[Any, ...], ...],
    budget: list[int],
) -> Any:
    """Return a parameter as its type, after its validators."""
    if value is None:
        if required:
            _absent(name)
        return None
    value = convert.convert(value, kind, name, budget)
    return convert.check(value, rules, name, budget) if rules else value


def _absent(name: str) -> None:
    raise QuantumError("arguments", f"'{name}' is required and missing")


def _checked(
    value: Any,
    name: str,
    required: bool,
    never_null: bool,
    rules: tuple[tuple[Any, ...], ...],
    budget: list[int],
) -> Any:
    """Return a value that its validators accept."""
    if required and (value is None or value == ""):
        raise QuantumError("validation", f"'{name}' is required and empty")
    if never_null and value is None:
        raise QuantumError("validation", f"'{name}' cannot be null")
    return convert.check(value, rules, name, budget)


def _or_default(value: Any, kind: str, name: str, default: Any, budget: list[int]) -> Any:
    """Return the value as its type, or the default when there is none."""
    if value is None or value == "":
        return default()
    return convert.convert(value, kind, name, budget)


def _dump(value: Any, label: str, budget: list[int]) -> str:
    """Return a value as readable text within `<pre>`."""
    from ciranda.expressions.text import json_text

    title = f"{escape.escape(label)}: " if label else ""
    return f"<pre>{title}{escape.escape(json_text(value, budget))}</pre>"


NAMESPACE: Final[dict[str, Any]] = {
    **OF_EXPRESSIONS,
    "c_str": str, "c_len": len, "c_enumerate": enumerate, "c_locals": builtins.locals,
    "c_missing": MISSING, "c_unbound": NameError, "c_bounded": _sane, "c_bound": _bound,
    "c_range": _range, "c_items": _items, "c_listed": _listed, "c_pairs": _pairs, "c_rows": _rows,
    "c_cells": _cells,
    "c_turn": _turn, "c_use": _use, "c_new": _new, "c_caught": _caught, "c_fits": _fits,
    "c_errors": (*RAISED, ExpressionError, QuantumError), "c_throw": _throw, "c_take": _take,
    "c_absent": _absent, "c_check": convert.check, "c_checked": _checked,
    "c_or_default": _or_default, "c_convert": convert.convert, "c_escape": escape.escape,
    "c_html": escape.html, "c_text": escape.text_of_value, "c_url": escape.url,
    "c_addresses": escape.addresses, "c_steps": escape.steps, "c_refresh": escape.refresh,
    "c_style": escape.style, "c_script": escape.script,
    "c_attribute": escape.attribute, "c_safe_attribute": escape.safe_attribute, "c_raw": escape.raw,
    "c_arithmetic": operations.arithmetic, "c_textual": operations.textual,
    "c_operate": operations.operate, "c_own_list": operations.own_list,
    "c_own_dict": operations.own_dict, "c_short": operations.short, "c_dump": _dump,
    "c_query": query.query, "c_query_rows": query.query_rows, "c_transaction": query.transaction,
    "c_read": data.data, "c_rows_filter": data.keep, "c_rows_compute": data.compute,
    "c_rows_sort": data.sort, "c_rows_limit": data.limit, "c_rows_select": data.select,
    "c_rows_unique": data.unique,
    "c_keyed": operations.key_of, "c_result": checked_result,
}  # fmt: skip
"""Copied for each component; nothing of the host is in it but what stands here."""
