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

from ciranda.actions.paths import with_paths
from ciranda.middleware.fingerprint import NoKeyError

__all__ = ["default_paths", "with_contents"]

_CONTENT: Final = 2  # a msgpack extension type: no plain value encodes as one


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

    def content(path: str) -> msgspec.msgpack.Ext:
        return msgspec.msgpack.Ext(_CONTENT, _content(base / path))

    held: dict[str, Any] = dict(with_paths(dict(inputs), schema, content))
    held.update((name, msgspec.msgpack.Ext(_CONTENT, _content(absent[name]))) for name in absent)
    return held


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
