"""The formats of `data.read` and `data.write`, from bytes to plain data and back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from ciranda.errors import StepError, WorkflowError
from ciranda.std.yamlwriting import to_yaml

_BYTE: Final = re.compile(r" \(byte (\d+)\)")
_DELIMITER: Final = 1  # characters


def decode(data: bytes, format: str, name: str, encoding: str, delimiter: str) -> Any:  # noqa: A002
    """Return what a file holds.

    Args:
        data: The file.
        format: One of `csv`, `json`, `jsonl`, `yaml`, `text`.
        name: How messages call the file.
        encoding: Of its text.
        delimiter: Of a csv file.

    Raises:
        StepError: Kind `data.malformed`, with the line in `detail`.
    """
    text = _decoded(data, encoding, name)
    reading: dict[str, Callable[[], Any]] = {
        "csv": lambda: _csv(text, name, delimiter),
        "json": lambda: _json(text, name),
        "jsonl": lambda: [
            _json(line, name, number)
            for number, line in enumerate(text.split("\n"), 1)
            if line.strip()
        ],
        "yaml": lambda: _yaml(text, name),
        "text": lambda: text,
    }
    return reading[format]()


def malformed(name: str, line: int, problem: str) -> StepError:
    """Return the failure of a file that is not what it should be; `line` 0 is unknown."""
    place = f"{name}:{line}" if line else name
    return StepError("data.malformed", f"{place}: {problem}.", detail={"line": line})


def _decoded(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise malformed(name, line, f"this is not {encoding}") from None
    except LookupError:
        raise _unknown_encoding(encoding) from None


def _unknown_encoding(encoding: str) -> StepError:
    return StepError("invalid-input", f'There is no encoding "{encoding}".', retryable=False)


def _csv(text: str, name: str, delimiter: str) -> list[dict[str, str]]:
    _check_delimiter(delimiter)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            return []
        for column in header:
            if header.count(column) > 1:
                raise malformed(name, 1, f'the column "{column}" occurs twice in the header')
        rows: list[dict[str, str]] = []
        for row in reader:
            if not row:  # an empty line
                continue
            if len(row) != len(header):
                problem = f"{len(row)} cells, but the header has {len(header)}"
                raise malformed(name, reader.line_num, problem)
            rows.append(dict(zip(header, row, strict=True)))
    except csv.Error as error:
        raise malformed(name, reader.line_num, str(error)) from None
    return rows


def _check_delimiter(delimiter: str) -> None:
    if len(delimiter) != _DELIMITER or delimiter in '"\r\n':
        raise StepError("invalid-input", f"{delimiter!r} cannot separate cells; use one character.")


def _json(text: str, name: str, line: int = 0) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        at = _BYTE.search(str(error))
        if not line and at:
            line = text.encode().count(b"\n", 0, int(at[1])) + 1
        problem = _BYTE.sub("", str(error)).removeprefix("JSON is malformed: ")
        raise malformed(name, line, f"this is not JSON: {problem}") from None
    except RecursionError:
        raise malformed(name, line, "this JSON nests too deep") from None


def _yaml(text: str, name: str) -> Any:
    from ciranda.workflow.document import parse_document

    try:
        return parse_document(text.encode(), file=name).plain()
    except WorkflowError as error:
        fault = error.faults[0]
        raise malformed(name, fault.line, fault.message.rstrip(".")) from None


def encode(value: Any, format: str, encoding: str, delimiter: str) -> bytes:  # noqa: A002
    """Return the bytes of a file that holds `value`.

    Args:
        value: Plain data.
        format: One of `csv`, `json`, `jsonl`, `yaml`, `text`.
        encoding: Of its text.
        delimiter: Of a csv file.

    Raises:
        StepError: Kind `invalid-input`: the format cannot hold the value.
    """
    if format != "text":
        _refuse_bytes(value, "value", format)
    writing: dict[str, Callable[[], str]] = {
        "csv": lambda: _to_csv(value, delimiter),
        "json": lambda: msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n",
        "jsonl": lambda: _to_jsonl(value),
        "yaml": lambda: to_yaml(value),
        "text": lambda: _to_text(value),
    }
    text = writing[format]()
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        character = text[error.start]
        raise _unwritable(f"{encoding} has no way to write {character!r}") from None
    except LookupError:
        raise _unknown_encoding(encoding) from None


def _unwritable(problem: str) -> StepError:
    return StepError("invalid-input", f"The value cannot be written: {problem}.", retryable=False)


def _refuse_bytes(value: Any, place: str, format: str) -> None:  # noqa: A002
    if isinstance(value, bytes):
        raise _unwritable(f"{place} is bytes, which {format} cannot hold")
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_bytes(item, f"{place}.{key}", format)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_bytes(item, f"{place}[{index}]", format)


def _to_text(value: Any) -> str:
    if not isinstance(value, str):
        raise _unwritable(f"text is needed, and it is a {type(value).__name__}")
    return value


def _to_jsonl(value: Any) -> str:
    if not isinstance(value, list):
        raise _unwritable(f"jsonl needs a list, and it is a {type(value).__name__}")
    return "".join(f"{msgspec.json.encode(item).decode()}\n" for item in value)


def _to_csv(value: Any, delimiter: str) -> str:
    _check_delimiter(delimiter)
    if not isinstance(value, list):
        raise _unwritable(f"csv needs a list of objects, and it is a {type(value).__name__}")
    columns: dict[str, None] = {}
    for index, row in enumerate(value):
        if not isinstance(row, dict):
            raise _unwritable(f"value[{index}] is no object, as a row of csv must be")
        columns.update(dict.fromkeys(row))
    rows = [list(columns)] if columns else []
    rows += [
        [_cell(row.get(name), f"value[{index}].{name}") for name in columns]
        for index, row in enumerate(value)
    ]
    return "".join(_csv_line(row, delimiter) for row in rows if row)


def _csv_line(cells: list[str], delimiter: str) -> str:
    """Write one row; the csv module leaves a lone carriage return without quotes."""
    if cells == [""]:
        return '""\n'  # an empty line would be no row
    special = (delimiter, '"', "\r", "\n")
    quoted = (
        '"{}"'.format(cell.replace('"', '""')) if any(mark in cell for mark in special) else cell
        for cell in cells
    )
    return delimiter.join(quoted) + "\n"


def _cell(value: Any, place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        raise _unwritable(f"{place} holds other values, which a cell of csv cannot")
    return msgspec.json.encode(value).decode()
