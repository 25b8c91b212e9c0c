"""Inputs whose files count: a path stands for what the file holds."""

from __future__ import annotations

import hashlib
import inspect
import stat
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Final

import msgspec

from ciranda.middleware.fingerprint import NoKeyError

__all__ = ["default_paths", "has_path", "with_contents"]

_CONTENT: Final = 2  # a msgpack extension type: no plain value encodes as one
_BRANCHES: Final = ("anyOf", "oneOf", "allOf")


def has_path(schema: Mapping[str, Any]) -> bool:
    """Say whether a JSON Schema has text of format `path` anywhere."""
    if schema.get("format") == "path":
        return True
    return any(
        has_path(each) if isinstance(each, Mapping) else _any_path(each) for each in schema.values()
    )


def _any_path(value: Any) -> bool:
    return isinstance(value, list) and any(
        isinstance(each, Mapping) and has_path(each) for each in value
    )


def default_paths(function: Callable[..., Any]) -> dict[str, Path]:
    """Return the parameters of a function whose default is a path."""
    parameters = inspect.signature(function).parameters.values()
    defaults = {each.name: each.default for each in parameters}
    return {
        name: Path(default) for name, default in defaults.items() if isinstance(default, PathLike)
    }


def with_contents(
    inputs: Mapping[str, Any],
    schema: Mapping[str, Any],
    defaults: Mapping[str, Path],
    base: Path,
) -> dict[str, Any]:
    """Return inputs with each path replaced by its name and the digest of its content.

    Reads files: call it in a thread. Relative paths start from `base`; those of `defaults`,
    which count when there is no input of that name, from the working directory.

    Raises:
        NoKeyError: A file cannot be read.
    """
    absent = {name: path for name, path in defaults.items() if name not in inputs}
    held: dict[str, Any] = dict(_replaced(dict(inputs), schema, base))
    held.update((name, msgspec.msgpack.Ext(_CONTENT, _content(absent[name]))) for name in absent)
    return held


def _replaced(value: Any, schema: Mapping[str, Any], base: Path) -> Any:
    for word in _BRANCHES:
        for branch in schema.get(word, ()):
            changed = _replaced(value, branch, base)
            if changed is not value:
                return changed
    if isinstance(value, str) and schema.get("format") == "path":
        return msgspec.msgpack.Ext(_CONTENT, _content(base / value))
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        each = [_replaced(item, schema["items"], base) for item in value]
        return each if _differs(each, value) else value
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        others = rest if isinstance(rest, Mapping) else {}
        made = {key: _replaced(item, fields.get(key, others), base) for key, item in value.items()}
        return made if _differs(list(made.values()), list(value.values())) else value
    return value


def _differs(made: list[Any], value: list[Any]) -> bool:
    return any(new is not old for new, old in zip(made, value, strict=True))


def _content(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return _file(path) + path.name.encode()
        if stat.S_ISDIR(mode):
            total = hashlib.sha256()
            for inner in sorted(path.rglob("*")):
                if inner.is_file():
                    name = inner.relative_to(path).as_posix().encode()
                    total.update(len(name).to_bytes(4, "big") + name + _file(inner))
            return total.digest() + path.name.encode()
    except OSError as error:
        raise NoKeyError(f"`{path}` cannot be read: {error.strerror}") from error
    raise NoKeyError(f"`{path}` is neither a file nor a folder")


def _file(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
