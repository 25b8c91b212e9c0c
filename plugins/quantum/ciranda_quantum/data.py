"""`q:data` when it runs: text to rows, and what is done to them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from ciranda.expressions.inline import spend, weigh, word

from .convert import convert
from .error import QuantumError
from .literals import NOTHING, as_structure
from .memo import frozen
from .places import Text
from .reader import Element, read

Row = dict[str, Any]


def data(
    kind: str,
    content: Any,
    columns: tuple[tuple[str, str], ...],
    delimiter: str,
    path: str,
    budget: list[int],
) -> list[Row]:
    """Return the rows that a text writes. A cell is text, unless its column says otherwise."""
    if isinstance(content, list):
        rows: list[Any] = content
    elif not isinstance(content, str):
        raise QuantumError("type", f"<q:data> reads a text, not {word(content)}")
    else:
        spend(budget, len(content) >> 5)
        rows = (
            _csv(content, delimiter, budget) if kind == "csv"
            else _json(content, path) if kind == "json"
            else _xml(content, path)
        )  # fmt: skip
    spend(budget, len(rows))
    if not all(isinstance(row, dict) for row in rows):
        raise QuantumError("type", "<q:data> reads rows, which are objects")
    if not columns:
        return list(rows)
    spend(budget, len(rows) * len(columns))
    return [{name: _cell(row, name, of, budget) for name, of in columns} for row in rows]


def _cell(row: Row, name: str, kind: str, budget: list[int]) -> Any:
    value = row.get(name)
    if isinstance(value, str) and kind not in {"string", "json", "any"}:
        value = value.strip()
        if not value:
            return None
    return convert(value, kind, name, budget)


def _csv(text: str, delimiter: str, budget: list[int]) -> list[Any]:
    try:
        reader = csv.DictReader(io.StringIO(text.strip("\ufeff\r\n"), newline=""), strict=True,
                                delimiter=delimiter, skipinitialspace=True, restval="")  # fmt: skip
        rows = []
        for row in reader:
            spend(budget, len(row))  # a short line has every column of the first one too
            rows.append({k.strip(): v for k, v in row.items() if k is not None})
    except csv.Error as error:
        raise QuantumError("runtime", f"this is no CSV: {error}") from None
    return rows


def _json(text: str, path: str) -> list[Any]:
    value = as_structure(text)
    if value is NOTHING:
        raise QuantumError("runtime", "this is no JSON list or object")
    for part in path.split(".") if path else ():
        if not isinstance(value, dict) or part not in value:
            raise QuantumError("undefined", f"the JSON holds no '{part}'")
        value = value[part]
    return value if isinstance(value, list) else [value]


def _xml(text: str, path: str) -> list[Any]:
    try:
        root = read(text.strip(), "<q:data>")
    except QuantumError as error:
        raise QuantumError(
            "runtime" if error.kind == "compile" else error.kind, error.message
        ) from None
    tag = path.strip("/").rpartition("/")[2]
    found: list[Any] = []
    waiting = [each for each in root.children if isinstance(each, Element)][::-1]
    while waiting:
        each = waiting.pop()
        if not tag or each.tag == tag:
            found.append(_fields(each))
        else:
            waiting += [child for child in each.children if isinstance(child, Element)][::-1]
    return found


def _fields(element: Element) -> Row:
    row: Row = dict(element.attributes)
    for child in element.children:
        if isinstance(child, Element):
            row[child.tag] = "".join(
                each.value for each in child.children if isinstance(each, Text)
            ).strip()
    return row


def keep(
    rows: list[Row], test: Callable[[Row], Any], _name: str, _kind: str, budget: list[int]
) -> list[Row]:
    """Return the rows that a condition holds for."""
    spend(budget, len(rows))
    return [row for row in rows if test(row)]


def compute(
    rows: list[Row], make: Callable[[Row], Any], name: str, kind: str, budget: list[int]
) -> list[Row]:
    """Return the rows with one more field."""
    spend(budget, len(rows))
    return [{**row, name: convert(make(row), kind, name, budget)} for row in rows]


def sort(rows: list[Row], names: tuple[str, ...], reverse: bool, budget: list[int]) -> list[Row]:
    """Return the rows in order; those without the field stand last."""
    spend(budget, weigh(rows, budget))
    made = list(rows)
    for name in reversed(names):
        present = [row for row in made if row.get(name) is not None]
        absent = [row for row in made if row.get(name) is None]
        try:
            present.sort(key=lambda row, name=name: row[name], reverse=reverse)  # type: ignore[misc]
        except TypeError:
            raise QuantumError("type", f"the values of '{name}' do not compare") from None
        made = present + absent
    return made


def limit(rows: list[Row], most: int, budget: list[int]) -> list[Row]:
    """Return the first rows."""
    return rows[: max(most, 0)]


def select(rows: list[Row], names: tuple[str, ...], _: bool, budget: list[int]) -> list[Row]:
    """Return the rows with some fields only."""
    spend(budget, len(rows))
    return [{name: row.get(name) for name in names} for row in rows]


def unique(rows: list[Row], names: tuple[str, ...], _: bool, budget: list[int]) -> list[Row]:
    """Return each row once, by some of its fields or by all."""
    spend(budget, weigh(rows, budget))
    seen: dict[Any, Row] = {}
    for row in rows:
        seen.setdefault(frozen([row.get(name) for name in names] if names else row), row)
    return list(seen.values())
