"""From a file to plain data, and from a path in it back to its place."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any, Final, NoReturn, final

from ciranda.errors import WorkflowError
from ciranda.workflow.document import Document, Limits, parse_document

from .faults import Fault, FaultKind, PlanError

__all__ = ["UNSHOWN", "Source", "Where", "load"]

# What no terminal shows as it is: controls, and what turns the direction of the text.
UNSHOWN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)

# Ten thousand tasks of twenty values each: beyond it reading would take longer than planning.
_LIMITS: Final = Limits(size=16 << 20, nodes=600_000)
_NUMBER: Final = re.compile(r"[^\s,\]}#]+")

Where = tuple[str | int, ...]


@final
class Source:
    """Where a plan came from: it makes faults that know their place."""

    __slots__ = ("_data", "_document", "_text", "faults", "file", "warnings")

    def __init__(
        self, file: str, *, data: Any, document: Document | None = None, text: bytes = b""
    ) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self._data = data
        self._document = document
        self._text = text  # of JSON, which is read again for its places once there is a fault

    def add(
        self,
        kind: FaultKind,
        task: str,
        where: Where,
        message: str,
        *,
        key: bool = False,
        path: tuple[str, ...] = (),
    ) -> None:
        """Note a fault.

        Args:
            kind: Its kind.
            task: The id of its task, "" when it is the plan's own.
            where: The path from the root to the value that is wrong.
            message: One sentence.
            key: Point at the key that ends the path rather than at its value.
            path: The tasks of a cycle.
        """
        line, column = self._place(where, key)
        message = UNSHOWN.sub("?", message)
        self.faults.append(Fault(kind, task, message, self.file, line, column, path))

    def warn(self, kind: FaultKind, task: str, where: Where, message: str) -> None:
        """Note what deserves a look although the plan would run."""
        line, column = self._place(where, False)
        self.warnings.append(Fault(kind, task, message, self.file, line, column))

    def value(self, where: Where) -> Any:
        """Return the plain data at a path, None if there is nothing."""
        value = self._data
        for part in where:
            try:
                value = value[part]
            except (LookupError, TypeError):
                return None
        return value

    def refuse(self) -> None:
        """Raise all faults noted so far, if any.

        Raises:
            PlanError: There are some.
        """
        if self.faults:
            raise PlanError(sorted(self.faults, key=lambda fault: (fault.line, fault.column)))

    def _place(self, where: Where, key: bool) -> tuple[int, int]:
        if self._text:
            text, self._text = self._text, b""
            try:
                self._document = _document(text, self.file)
            except WorkflowError:  # JSON that is no YAML: its faults have no place
                return 0, 0
        if self._document is None:
            return 0, 0
        fault = self._document.fault(where, "", key=key)
        return fault.line, fault.column


def load(source: str | Path | bytes, file: str = "") -> tuple[Any, Source]:
    """Return the plain data of a plan in YAML or JSON, and where it came from.

    Args:
        source: The path of a file, or what one holds.
        file: The name that faults show; the path, if there is one, by default.

    Raises:
        PlanError: It cannot be read, or is neither.
    """
    if not isinstance(source, bytes):
        file = file or str(source)
        source = _read(Path(source), file)
    text = source.removeprefix(b"\xef\xbb\xbf")
    if text.lstrip()[:1] in (b"{", b"["):
        try:
            data = json.loads(text, object_pairs_hook=_without_twins)
        except (ValueError, RecursionError):
            pass  # YAML may begin like this too, and its reader says what is wrong and where
        else:
            return data, Source(file, data=data, text=text)
    try:
        document = _document(source, file)
    except WorkflowError as error:
        raise _as_plan_error(error, file) from None
    data = document.plain()
    return data, Source(file, data=data, document=document)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key stands twice")
    return mapping


def _document(text: bytes, file: str) -> Document:
    """Return the YAML document; numbers that nothing can hold stay text, and are told as such.

    Raises:
        WorkflowError: It is none.
    """
    try:
        return parse_document(text, file=file, limits=_LIMITS)
    except WorkflowError as error:
        places = {(one.line, one.column) for one in error.faults if one.kind == "yaml.number"}
        if len(places) != len(error.faults):
            raise
    lines = text.decode().split("\n")
    for line, column in sorted(places, reverse=True):
        before, after = lines[line - 1][: column - 1], lines[line - 1][column - 1 :]
        lines[line - 1] = before + _NUMBER.sub(lambda found: f'"{found[0]}"', after, count=1)
    return parse_document("\n".join(lines), file=file, limits=_LIMITS)


def _read(path: Path, file: str) -> bytes:
    try:
        status = path.stat()
        # A pipe that nobody writes to would be waited for for ever.
        if not stat.S_ISREG(status.st_mode):
            _refuse(FaultKind.INVALID_FILE, "this is no file: name a plan in YAML or JSON", file)
        if status.st_size > _LIMITS.size:
            _refuse(FaultKind.TOO_LARGE, f"the file is larger than {_LIMITS.size >> 20} MiB", file)
        return path.read_bytes()
    except FileNotFoundError:
        _refuse(FaultKind.INVALID_FILE, "there is no such file: check its name", file)
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error).lower()
        _refuse(FaultKind.INVALID_FILE, f"the file cannot be read: {reason}", file)


def _as_plan_error(error: WorkflowError, file: str) -> PlanError:
    kinds = {"yaml.empty": FaultKind.EMPTY_PLAN, "yaml.limit": FaultKind.TOO_LARGE}
    return PlanError(
        [
            Fault(
                kinds.get(one.kind, FaultKind.INVALID_FILE),
                "",
                f"{one.message} ({one.hint})" if one.hint else one.message,
                file,
                one.line,
                one.column,
            )
            for one in error.faults
        ]
    )


def _refuse(kind: FaultKind, message: str, file: str) -> NoReturn:
    raise PlanError([Fault(kind, "", message, file)])
