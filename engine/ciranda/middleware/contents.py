"""Inputs whose files count: a path stands for what the file holds."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from ciranda.middleware.fingerprint import NoKeyError

__all__ = ["has_path", "with_contents"]

_CONTENT: Final = 2  # a msgpack extension type: no plain value encodes as one
_BRANCHES: Final = ("anyOf", "oneOf", "allOf")


def has_path(schema: Mapping[str, Any]) -> bool:
    """Say whether a JSON Schema has text of format `path` anywhere."""
    if schema.get("format") == "path":
        return True
    return any(
        has_path(each) if isinstance(each, Mapping) else _any_path(each)
        for name, each in schema.items()
        if name != "default"
    )


def _any_path(value: Any) -> bool:
    return isinstance(value, list) and any(
        isinstance(each, Mapping) and has_path(each) for each in value
    )


def with_contents(
    inputs: Mapping[str, Any], schema: Mapping[str, Any], base: Path
) -> dict[str, Any]:
    """Return inputs with each path replaced by its name and the digest of its content.

    Reads files: call it in a thread. A path that is only a default counts too; relative ones
    start from `base`.

    Raises:
        NoKeyError: A file cannot be read.
    """
    out = dict(inputs)
    for name, each in schema.get("properties", {}).items():
        if name not in out and "default" in each and has_path(each):
            out[name] = each["default"]
    replaced: dict[str, Any] = _replaced(out, schema, base)
    return replaced


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
