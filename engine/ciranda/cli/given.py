"""Inputs as they are given on the command line: `-i name=text`, `-i name=@file`, a file of them."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ciranda.errors import InputError

__all__ = ["event_data", "given_inputs", "inputs_of_file", "plain_inputs", "texts_of"]

_SHOWN: Final = 60  # characters of a value in a message
_MOST: Final = 64 << 20  # bytes of one value: more is not meant for a log


def given_inputs(
    pairs: Iterable[str], file: str | None = None, *, option: str = "-i"
) -> dict[str, Any]:
    """Return the inputs of a file, overridden by those written out.

    A value is text and is read by the type that the workflow declares; `@file` stands for the
    text of a file, `@-` for standard input, `@@` for a text that begins with `@`.

    Raises:
        InputError: One cannot be read.
    """
    found = inputs_of_file(file) if file is not None else {}
    return {**found, **texts_of(pairs, option, "input")}


def plain_inputs(pairs: Iterable[str]) -> dict[str, Any]:
    """Return inputs where nothing declares a type: JSON where it is JSON, else text.

    Raises:
        InputError: One cannot be read.
    """
    return {name: _plain(text) for name, text in texts_of(pairs, "-i", "input").items()}


def texts_of(pairs: Iterable[str], option: str, noun: str) -> dict[str, str]:
    """Return what follows the names, that of files as their text.

    Args:
        pairs: As given.
        option: The option that they are given by, for messages.
        noun: What one of them is, for messages.

    Raises:
        InputError: One cannot be read.
    """
    split = _split(pairs, option, noun)
    return {name: _text(f"{noun} `{name}`", value) for name, value in split.items()}


def event_data(given: Sequence[str], option: str = "-d ") -> Any:
    """Return what an event tells: JSON, the JSON of a file, or values by name; None if nothing.

    Args:
        given: As given.
        option: What stands before each, for messages.

    Raises:
        InputError: It cannot be read.
    """
    if not given:
        return None
    first = given[0]
    if all(_is_pair(each) for each in given):
        texts = texts_of(given, "-d", "value")
        return {name: _plain(text) for name, text in texts.items()}
    if len(given) > 1:
        raise InputError("`-d` is given several times: only `name=value` can be repeated")
    import json

    text = _text("the event's data", first)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if first.startswith("@"):
            raise InputError(f"{first[1:]} is no JSON: {error}") from None
        if len(first) > _SHOWN:
            raise InputError(f"`{option}{first[:_SHOWN]}...` is no JSON: {error}") from None
        raise InputError(
            f"`{option}{first}` is no JSON: write `{option}name=value`, `{option}@file`, or quote "
            f"a text as `{option}'{json.dumps(first)}'`"
        ) from None


def _is_pair(given: str) -> bool:
    name, equals, _ = given.partition("=")
    return bool(equals) and not name.startswith("@") and name.strip().isidentifier()


def _plain(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


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


def _split(pairs: Iterable[str], option: str, noun: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name:
            raise InputError(f"`{option} {pair}` is no {noun}: write `{option} name=value`")
        if name in found:
            raise InputError(f"{noun} `{name}` is given twice: leave one out")
        found[name] = value
    return found


def _text(what: str, value: str) -> str:
    if value.startswith("@@") or not value.startswith("@"):
        return value.removeprefix("@") if value.startswith("@@") else value
    data = _read(value[1:], what)
    try:
        return data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InputError(f"{what}: {value[1:]} is not UTF-8 text") from None


def _read(file: str, what: str) -> bytes:
    if file == "-":
        data = b"" if sys.stdin is None else sys.stdin.buffer.read(_MOST + 1)
    elif not file:
        raise InputError(f"{what} names no file: write `@file`, or `@@` for a text")
    else:
        try:
            data = _content(file)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise InputError(f"{what} cannot be read: {file}: {why.lower()}") from None
    if len(data) > _MOST:
        raise InputError(f"{what} is larger than {_MOST >> 20} MiB: give the path of the file")
    return data


def _content(file: str) -> bytes:
    """Return what a file holds, or what comes out of a pipe that somebody writes to."""
    with open(file, "rb", buffering=0, opener=_at_once) as stream:
        first: bytes | None = b""
        if stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode):
            first = stream.read(1)  # None: there is a writer, who has said nothing yet
            if first == b"":
                raise ValueError("nobody writes to this pipe")
        os.set_blocking(stream.fileno(), True)
        with io.BufferedReader(stream) as reader:
            return (first or b"") + reader.read(_MOST + 1)


def _at_once(file: str, flags: int) -> int:
    return os.open(file, flags | os.O_NONBLOCK)  # a pipe without a writer would wait for one
