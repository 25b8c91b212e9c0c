"""An intent as it was given: read from YAML, JSON or text, with the way back to its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ciranda.errors import Fault, WorkflowError

from ..intent.error import FaultKind
from ..intent.text import is_text_form
from ..intent.tokens import shown
from .feed import LONGEST

if TYPE_CHECKING:
    from ciranda.workflow.document import Document

__all__ = ["Given", "of_file", "of_line"]

_ID: Final = 100  # characters of an id that is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One intent of a file, or what stands where one should.

    Attributes:
        file: The file's name as messages show it.
        line: The line of a file with an intent a line, 0 for a whole file.
        text: As it was written.
        intent: What the council is asked: a mapping or text.
        fault: Why there is no intent at all.
        kind: What sort of fault that is.
        column: Where in the line it is, 0 where nobody knows.
    """

    file: str
    text: str
    intent: dict[str, Any] | str = ""
    line: int = 0
    fault: str = ""
    kind: FaultKind = FaultKind.MALFORMED
    column: int = 0

    @property
    def id(self) -> str | int:
        """What the intent calls itself; "" where it does not.

        What is no name is told as JSON: whoever wrote it finds the answer by it.
        """
        found = self.intent.get("id") if isinstance(self.intent, dict) else None
        if found is None:
            return ""
        if isinstance(found, str | int) and not isinstance(found, bool):
            return found
        return shown(json.dumps(found, ensure_ascii=False, default=str), most=_ID)

    @property
    def place(self) -> str:
        """Where it stands: `transfer.yaml`, `payments.jsonl:7`, with a fault also `...:7:35`."""
        column = f":{self.column}" if self.column else ""
        return f"{self.file}:{self.line}{column}" if self.line else self.file

    def located(self) -> str:
        """Return the place of what is wrong in it: `transfer.yaml:7:12`; else its own."""
        from ..intent.error import IntentError
        from ..intent.reading import read_intent

        try:
            read_intent(self.text, line=max(1, self.line))
        except IntentError as error:
            if error.line:
                return f"{self.file}:{error.line}" + (f":{error.column}" if error.column else "")
        return self.place


def of_file(data: bytes, file: str) -> Given:
    """Read a file that holds one intent: by its suffix, else by what it looks like.

    Raises:
        WorkflowError: It is not UTF-8, or neither YAML, JSON nor the text of an intent.
    """
    suffix = file.rpartition(".")[2].lower() if "." in file else ""
    text = _decoded(data, file)
    if not text.strip():
        return Given(file=file, text=text, intent=text)
    if suffix not in ("yaml", "yml", "json") and is_text_form(text):
        return Given(file=file, text=text, intent=text)
    if suffix == "json" or (suffix not in ("yaml", "yml") and text.lstrip().startswith("{")):
        try:
            return _of_value(_from_json(text), text, file)
        except ValueError as error:
            if suffix == "json":
                _refuse_json(error, text, file)
    document = _document(text, file)
    value = document.plain()
    if isinstance(value, dict) and (identity := _identity(document)):
        value["id"] = identity
    if value is None or isinstance(value, str):
        return Given(file=file, text=text, intent=text)
    return _of_value(value, text, file)


def of_line(data: bytes | None, line: int, file: str) -> Given:
    """Read a line that should be a JSON object; what is wrong becomes its `fault`."""
    if data is None:
        fault = f"it is longer than {LONGEST >> 20} MiB: split the intent"
        return Given(file=file, text="", line=line, fault=fault, kind=FaultKind.LIMIT)
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return _faulty(f"byte 0x{data[error.start]:02x} is not UTF-8", "", line, file)
    try:
        value = _from_json(text)
    except _TooMuchError as error:
        return Given(file=file, text=text, line=line, fault=str(error), kind=FaultKind.LIMIT)
    except ValueError as error:
        column = error.colno if isinstance(error, json.JSONDecodeError) else 0
        return _faulty(f"it is no JSON: {_json_problem(error)}", text, line, file, column)
    if not isinstance(value, dict):
        return _faulty(f"it is {_called(value)}, not an object", text, line, file)
    return Given(file=file, text=text, intent=value, line=line)


def _faulty(problem: str, text: str, line: int, file: str, column: int = 0) -> Given:
    return Given(file=file, text=text, line=line, fault=problem, column=column)


def _of_value(value: Any, text: str, file: str) -> Given:
    if isinstance(value, dict):
        return Given(file=file, text=text, intent=value)
    fault = f"an intent is a mapping such as `post: [x > 0]`, and this is {_called(value)}"
    return Given(file=file, text=text, fault=fault)


def _identity(document: Document) -> str:
    """Return the id as written: `007` is no number, and neither is `1e3`."""
    from ciranda.workflow.nodes import Mapping, Scalar

    root = document.root
    node = root.entries.get("id") if isinstance(root, Mapping) else None
    return node.text if isinstance(node, Scalar) and node.value is not None else ""


def _from_json(text: str) -> Any:
    """Read JSON, without what is ambiguous: a key that occurs twice, numbers that are none.

    Raises:
        ValueError: It is no JSON.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except RecursionError:
        raise _TooMuchError("it nests too deep: flatten it") from None
    except ValueError as error:
        if "integer string conversion" in str(error):
            long = "a number in it is too long: numerals belong in conditions, which are text"
            raise _TooMuchError(long) from None
        raise


class _TooMuchError(ValueError):
    """JSON, as far as it was read, beyond what is read."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {json.dumps(twice)} occurs twice")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _json_problem(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{_called_wrong(error)} at column {error.colno}"
    return str(error)


def _called_wrong(error: json.JSONDecodeError) -> str:
    return error.msg.lower().removesuffix(" at").removesuffix(" starting")


def _refuse_json(error: ValueError, text: str, file: str) -> NoReturn:
    if isinstance(error, json.JSONDecodeError):
        problem, line, column = _called_wrong(error), error.lineno, error.colno
    else:
        problem, line, column = _json_problem(error), 0, 0
    lines = text.split("\n")
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    raise WorkflowError([Fault(f"this is no JSON: {problem}", file, line, column, source=source)])


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + 1
        problem = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise WorkflowError([Fault(problem, file, line, column, "save it as UTF-8")]) from None


def _document(text: str, file: str) -> Document:
    from ciranda.workflow.document import Limits, parse_document

    return parse_document(text, file=file, limits=Limits(size=LONGEST))


def _called(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    kinds = {list: "a list", str: "a text", int: "a number", float: "a number"}
    return kinds.get(type(value), f"a {type(value).__name__}")
