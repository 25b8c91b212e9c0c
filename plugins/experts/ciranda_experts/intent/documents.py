"""Intents written as JSON or YAML, and where things stand in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from ciranda.errors import WorkflowError
from ciranda.workflow.document import Document, Limits, parse_document
from ciranda.workflow.nodes import Scalar

from . import limits
from .error import FaultKind, IntentError
from .places import Apart, Path
from .tokens import shown

__all__ = ["DocumentPlaces", "JsonPlaces", "read_json", "read_yaml"]

_LIMITS: Final = Limits(size=limits.DOCUMENT, depth=32, nodes=50_000, faults=1)
_KINDS: Final = {"yaml.empty": FaultKind.EMPTY, "yaml.limit": FaultKind.LIMIT}
_NUMBER: Final = 600  # digits of a number that stands by itself


class DocumentPlaces:
    """Positions in a YAML document.

    Args:
        document: As it was read.
        line: What its first line counts as, from 1.
    """

    __slots__ = ("_document", "_line")

    written = True

    def __init__(self, document: Document, line: int) -> None:
        self._document = document
        self._line = line

    def of(self, path: Path) -> tuple[int, int]:
        """Return where the value begins that `path` names, or the nearest around it."""
        node = self._document.node_at(path)
        return self._line + node.line - 1, node.column

    def within(self, path: Path, text: str, offset: int) -> tuple[int, int]:
        """Return the place of a character of a text."""
        node = self._document.node_at(path)
        if not isinstance(node, Scalar):
            return self.of(path)
        line, column = self._document.position_in_scalar(node, offset)
        return self._line + line - 1, column


class JsonPlaces:
    """Positions in a JSON text, which is read as YAML once somebody asks.

    Args:
        text: The text.
        line: What its first line counts as, from 1.
    """

    __slots__ = ("_line", "_text")

    written = False

    def __init__(self, text: str, line: int) -> None:
        self._text = text
        self._line = line

    def of(self, path: Path) -> tuple[int, int]:
        """Return where the value begins that `path` names."""
        places = self._places()
        return places.of(path) if places else (self._line, 0)

    def within(self, path: Path, text: str, offset: int) -> tuple[int, int]:
        """Return the place of a character of a text."""
        return (self._places() or Apart(self._line)).within(path, text, offset)

    def _places(self) -> DocumentPlaces | None:
        try:
            return DocumentPlaces(parse_document(self._text, limits=_LIMITS), self._line)
        except WorkflowError:  # such as half of a character: YAML is not quite a superset
            return None


def read_json(text: str, line: int) -> tuple[Mapping[str, Any], JsonPlaces] | None:
    """Return the mapping that a JSON text is, or None where it is not JSON.

    Raises:
        IntentError: It is JSON, and is no mapping, says something twice or exceeds a limit.
    """
    try:
        data = json.loads(
            text, object_pairs_hook=_mapping, parse_int=_integer, parse_constant=_constant
        )
    except json.JSONDecodeError:
        return None
    except RecursionError:
        _refuse(FaultKind.LIMIT, "the intent is nested too deep: flatten it", line)
    except _Unfit as unfit:
        _refuse(unfit.kind, str(unfit), line)
    if not isinstance(data, dict):
        _refuse(FaultKind.MALFORMED, 'an intent is a mapping, such as {"post": []}', line)
    return data, JsonPlaces(text, line)


class _Unfit(Exception):  # noqa: N818  (carries a message out of the JSON reader)
    def __init__(self, kind: FaultKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            message = f"`{shown(name)}` is written twice in one mapping: remove one"
            raise _Unfit(FaultKind.MALFORMED, message)
        found[name] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > _NUMBER:
        message = f"the number {shown(digits)} is too large here: numerals belong in conditions"
        raise _Unfit(FaultKind.LIMIT, message)
    return int(digits)


def _constant(name: str) -> NoReturn:
    raise _Unfit(FaultKind.MALFORMED, f"`{name}` is no number that JSON has: remove it")


def read_yaml(text: str, file: str, line: int) -> tuple[Mapping[str, Any], DocumentPlaces]:
    """Return the mapping that a YAML document is.

    Raises:
        IntentError: What is wrong with it first.
    """
    try:
        document = parse_document(text, file=file, limits=_LIMITS)
    except WorkflowError as error:
        fault = error.faults[0]
        message = f"{fault.message}: {fault.hint}" if fault.hint else fault.message
        kind = _KINDS.get(fault.kind, FaultKind.MALFORMED)
        raise IntentError(
            kind, message, line=fault.line and line + fault.line - 1, column=fault.column
        ) from None
    data = document.plain()
    if not isinstance(data, Mapping):
        _refuse(
            FaultKind.MALFORMED,
            "this is no intent: write a mapping with `pre` and `post`, or `guard {}` and "
            "`verify {}`",
            line,
        )
    return data, DocumentPlaces(document, line)


def _refuse(kind: FaultKind, message: str, line: int) -> NoReturn:
    raise IntentError(kind, message, line=line, column=1)
