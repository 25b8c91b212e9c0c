"""Inputs as they are given on the command line: `-i name=text`, `-i name=@file`, a file of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ciranda.errors import InputError

__all__ = ["given_inputs", "inputs_of_file", "plain_inputs"]


def given_inputs(pairs: Iterable[str], file: str | None = None) -> dict[str, Any]:
    """Return the inputs of a file, overridden by those written out.

    A value is text and is read by the type that the workflow declares; `@file` stands for the
    text of a file, `@-` for standard input, `@@` for a text that begins with `@`.

    Raises:
        InputError: One cannot be read.
    """
    found = inputs_of_file(file) if file is not None else {}
    return {**found, **{name: _text(name, value) for name, value in _split(pairs).items()}}


def plain_inputs(pairs: Iterable[str]) -> dict[str, Any]:
    """Return inputs where nothing declares a type: JSON where it is JSON, else text.

    Raises:
        InputError: One cannot be read.
    """
    import json

    found: dict[str, Any] = {}
    for name, value in _split(pairs).items():
        text = _text(name, value)
        try:
            found[name] = json.loads(text)
        except (ValueError, RecursionError):
            found[name] = text
    return found


def inputs_of_file(file: str) -> dict[str, Any]:
    """Return the inputs in a YAML or JSON file; `-` is standard input.

    Raises:
        InputError: It cannot be read, or is no mapping.
        WorkflowError: It is no YAML.
    """
    from ciranda.workflow.load import parse

    values = parse(_read(file, "the inputs file"), file=file)
    if not isinstance(values, dict):
        raise InputError(f"the inputs file {file} must be a mapping such as `name: value`")
    return values


def _split(pairs: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name:
            raise InputError(f"`-i {pair}` is no input: write `-i name=value`")
        if name in found:
            raise InputError(f"input `{name}` is given twice: leave one out")
        found[name] = value
    return found


def _text(name: str, value: str) -> str:
    if value.startswith("@@") or not value.startswith("@"):
        return value.removeprefix("@") if value.startswith("@@") else value
    data = _read(value[1:], f"input `{name}`")
    try:
        return data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InputError(f"input `{name}`: {value[1:]} is not UTF-8 text") from None


def _read(file: str, what: str) -> bytes:
    if file == "-":
        return b"" if sys.stdin is None else sys.stdin.buffer.read()
    if not file:
        raise InputError(f"{what} names no file: write `@file`, or `@@` for a text")
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{what} cannot be read: {file}: {why.lower()}") from None
