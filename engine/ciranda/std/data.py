"""`data.read` and `data.write`: files of rows, documents and text."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final, Literal, TypedDict

from ciranda.actions import Action, action
from ciranda.context import Context
from ciranda.errors import StepError
from ciranda.hooks import hookimpl

CIRANDA_API = (1, 0)

Format = Literal["csv", "json", "jsonl", "yaml", "text"]

_SUFFIXES: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".log": "text",
    ".md": "text",
    ".ndjson": "jsonl",
    ".text": "text",
    ".tsv": "csv",
    ".txt": "text",
    ".yaml": "yaml",
    ".yml": "yaml",
}
_ERRORS: Final = {
    "data.malformed": False,
    "data.not_found": False,
    "data.unknown_format": False,
    "data.unwritable": False,
}


class Written(TypedDict):
    """A file as it now is; `path` is absolute."""

    path: str
    bytes: int
    sha256: str


@action("data.read", pure=True, errors=_ERRORS)
def read(
    path: Path,
    format: Format | None = None,  # noqa: A002  (the word that workflows use)
    delimiter: str | None = None,
    encoding: str = "utf-8",
    max_bytes: int = 100_000_000,
    ctx: Context | None = None,
) -> Any:
    """Read a file.

    `csv` gives a list of objects whose keys are the header and whose values are text; `json`,
    `jsonl` (a list) and `yaml` give what is written; `text` gives the text.

    Args:
        path: The file; relative to the workflow file.
        format: What it holds; by its suffix if left out.
        delimiter: What separates the cells of a csv file; a comma, for `.tsv` a tab.
        encoding: How its text is encoded.
        max_bytes: A larger file is refused.
        ctx: The step.
    """
    from ciranda.std.formats import decode

    file = _located(path, ctx)
    kind = format or _by_suffix(file)
    data = _content(file, max_bytes)
    return decode(data, kind, str(path), encoding, delimiter or _delimiter(file))


@action("data.write", idempotent=True, errors=_ERRORS)
def write(
    path: Path,
    value: Any,
    format: Format | None = None,  # noqa: A002  (the word that workflows use)
    delimiter: str | None = None,
    encoding: str = "utf-8",
    ctx: Context | None = None,
) -> Written:
    """Write a file, whole or not at all.

    A reader sees the old file or the new one, never a part, also when the power fails. Folders
    that do not exist are made.

    Args:
        path: The file; relative to the workflow file.
        value: For `csv` a list of objects, for `jsonl` a list, for `text` text.
        format: How it is written; by the suffix if left out.
        delimiter: What separates the cells of a csv file; a comma, for `.tsv` a tab.
        encoding: How text is encoded.
        ctx: The step.

    Returns:
        Where the file is, its size and its digest.
    """
    from ciranda.std.atomic import replace_file
    from ciranda.std.formats import encode

    file = _located(path, ctx)
    kind = format or _by_suffix(file)
    data = encode(value, kind, encoding, delimiter or _delimiter(file))
    try:
        replace_file(file, data)
    except PermissionError:
        raise StepError("denied", f"{path} cannot be written: permission denied.") from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise StepError("data.unwritable", f"{path} cannot be written: {reason}.") from error
    return Written(path=str(file), bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _located(path: Path, ctx: Context | None) -> Path:
    return ((ctx.run.base if ctx is not None else Path()) / path).absolute()


def _by_suffix(file: Path) -> Format:
    try:
        return _SUFFIXES[file.suffix.lower()]
    except KeyError:
        raise StepError(
            "data.unknown_format",
            f'The name "{file.name}" does not tell what the file holds; give `format`.',
        ) from None


def _delimiter(file: Path) -> str:
    return "\t" if file.suffix.lower() == ".tsv" else ","


def _content(file: Path, limit: int) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(limit + 1)
    except FileNotFoundError:
        raise StepError("data.not_found", f"There is no file {file}.") from None
    except (IsADirectoryError, NotADirectoryError):
        raise StepError("data.not_found", f"{file} is not a file.") from None
    except PermissionError:
        raise StepError("denied", f"{file} cannot be read: permission denied.") from None
    if len(data) > limit:
        raise StepError(
            "limit", f"{file} is larger than {limit} bytes; raise `max_bytes`.", retryable=False
        )
    return data


@hookimpl
def actions() -> list[Action]:
    """Offer `data.read` and `data.write`."""
    return [read, write]
