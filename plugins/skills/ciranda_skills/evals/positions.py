"""JSON with the place of each value, and without keys that are there twice."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

from ciranda.errors import Fault

from .error import EvalsError

__all__ = ["Document", "Path", "read_document"]

Path = tuple[str | int, ...]
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STRING: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
_SCALAR: Final = re.compile(r"[^\s,\]}]+")


class Document:
    """A JSON text that was read.

    Attributes:
        value: What it says.
        file: What faults call it.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file: Final = file
        self._lines: Final = text.split("\n")
        self._starts: Final[dict[Path, int]] = {}
        self._ends: Final[list[int]] = []
        at = 0
        for line in self._lines:
            at += len(line) + 1
            self._ends.append(at)
        try:
            self.value: Final[Any] = json.loads(text, parse_constant=self._no_number)
        except json.JSONDecodeError as error:
            raise EvalsError((self._at(error.pos, f"it is not JSON: {error.msg}"),)) from None
        except (ValueError, RecursionError) as error:
            raise EvalsError((self._at(0, f"it is not JSON: {error}"),)) from None
        twice: list[Fault] = []
        self._scan(text, 0, (), twice)
        if twice:
            raise EvalsError(tuple(twice))

    def fault(self, path: Path, message: str, *, hint: str = "") -> Fault:
        """Return a fault at the value at a path, or at the nearest thing around it."""
        while path and path not in self._starts:
            path = path[:-1]
        return self._at(self._starts[path], message, hint)

    def _at(self, offset: int, message: str, hint: str = "") -> Fault:
        number = next((n for n, end in enumerate(self._ends) if offset < end), len(self._lines) - 1)
        line = self._lines[number]
        column = offset - (self._ends[number] - len(line) - 1) + 1
        return Fault(message, self.file, number + 1, column, hint, "evals", line)

    def _no_number(self, word: str) -> NoReturn:
        raise ValueError(f"{word} is no number of JSON")

    def _scan(self, text: str, at: int, path: Path, twice: list[Fault]) -> int:
        """Note where a value begins, and all in it; returns where it ends."""
        at = _after_space(text, at)
        self._starts[path] = at
        if text[at] == '"':
            return _end(_STRING, text, at)
        if text[at] not in "[{":
            return _end(_SCALAR, text, at)
        closing = "]" if text[at] == "[" else "}"
        number = 0
        at = _after_space(text, at + 1)
        while text[at] != closing:
            inner: Path = (*path, number)
            if closing == "}":
                end = _end(_STRING, text, at)
                key = json.loads(text[at:end])
                inner = (*path, key)
                if inner in self._starts:
                    twice.append(self._at(at, f"the key `{key}` is there twice"))
                at = _after_space(text, end) + 1
            at = _after_space(text, self._scan(text, at, inner, twice))
            if text[at] == ",":
                at = _after_space(text, at + 1)
            number += 1
        return at + 1


def _after_space(text: str, at: int) -> int:
    return _end(_SPACE, text, at)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def read_document(data: bytes, file: str) -> Document:
    """Return a JSON file.

    Args:
        data: Its bytes.
        file: What faults call it.

    Raises:
        EvalsError: It is not UTF-8, not JSON, or has a key twice.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        said = f"byte 0x{data[error.start]:02x} is not UTF-8"
        line = data.count(b"\n", 0, error.start) + 1
        raise EvalsError((Fault(said, file, line, kind="evals"),)) from None
    return Document(text, file)
