"""Compiled templates on disk, for processes to come.

An entry holds code, and whoever can make this process load code of theirs owns it. So an entry is
read only when its keyed digest (HMAC-SHA256) is right, and the key is 32 random bytes in a file
that its owner alone can read, in a folder that nobody else can write. Neither lies in a project:
a cache that comes along with somebody's files is nothing but bytes of a wrong digest. What is
refused is compiled again and written anew.

An entry's name is a digest of the text, its path, the version of Python and the files of the
compiler, so that it is never out of date; all that remains is to throw old ones away.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import marshal
import os
import secrets
import stat
import sys
from collections.abc import Mapping
from importlib.util import MAGIC_NUMBER
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from .reader import Source
from .template import Unit, compile_unit

if TYPE_CHECKING:
    from .nodes import Import

__all__ = ["CodeCache", "default_folder"]

_FORMAT: Final = b"ciranda.q 1\n"
_SEAL: Final = hashlib.sha256().digest_size
_KEY: Final = 32  # bytes
_LARGEST: Final = 32 * 1024 * 1024  # bytes of one entry
_SUFFIX: Final = ".qc"


def default_folder(environ: Mapping[str, str] = os.environ) -> str:
    """Return the folder that compiled templates of this user are in."""
    caches = environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(caches, "ciranda", "quantum")


class CodeCache:
    """A folder of compiled templates; a folder or a key that others could have written is unused.

    Safe to share between threads and processes: an entry is put in its place whole.

    Args:
        folder: Made when it is missing, for its owner alone.
        most: Entries that are kept; the oldest go first.
    """

    def __init__(self, folder: str | os.PathLike[str], *, most: int = 2000) -> None:
        self._folder: Final = os.fspath(folder)
        self._most: Final = most
        self._compiler: Final = _compiler()
        self._key: Final = _key_in(self._folder)
        self.refused = 0  # entries whose digest was wrong

    @property
    def usable(self) -> bool:
        """Whether the folder and its key belong to this user alone."""
        return self._key is not None

    def unit(self, text: str, file: str) -> Unit:
        """Return a compiled file, from the folder or else from the compiler.

        Raises:
            QuantumError: For the first thing wrong with the text.
        """
        if self._key is None:
            return compile_unit(text, file)
        name = self._name(text, file)
        payload = self._read(name, self._key)
        if payload is not None:
            return _unit(payload, text, file)
        unit = compile_unit(text, file)
        self._write(name, self._key, unit)
        return unit

    def _name(self, text: str, file: str) -> str:
        total = hashlib.sha256(self._compiler)
        for part in (file.encode("utf-8", "surrogateescape"), text.encode("utf-8", "replace")):
            total.update(b"%d " % len(part) + part)
        return total.hexdigest()

    def _read(self, name: str, key: bytes) -> bytes | None:
        try:
            with open(os.path.join(self._folder, name + _SUFFIX), "rb") as file:
                data = file.read(_LARGEST + 1)
        except OSError:
            return None
        start = len(_FORMAT) + _SEAL
        payload = data[start:]
        if data[: len(_FORMAT)] != _FORMAT or not hmac.compare_digest(
            data[len(_FORMAT) : start], _seal(key, name, payload)
        ):
            self.refused += 1
            return None
        return payload

    def _write(self, name: str, key: bytes, unit: Unit) -> None:
        imports = tuple((each.at, each.component, each.alias) for each in unit.imports)
        try:
            payload = marshal.dumps((unit.code, unit.params, imports))
        except ValueError:  # a constant that marshal does not know
            return
        beside = os.path.join(self._folder, f".{secrets.token_hex(8)}")
        with contextlib.suppress(OSError):  # a full disk costs the next process some time, no more
            self._prune()
            with open(beside, "xb", opener=_private) as file:
                file.write(_FORMAT + _seal(key, name, payload) + payload)
            os.replace(beside, os.path.join(self._folder, name + _SUFFIX))
            return
        with contextlib.suppress(OSError):
            os.unlink(beside)

    def _prune(self) -> None:
        entries = [each for each in os.scandir(self._folder) if each.name.endswith(_SUFFIX)]
        if len(entries) < self._most:
            return
        entries.sort(key=lambda each: each.stat().st_mtime_ns)
        for each in entries[: max(1, self._most // 4)]:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(each.path)


def _unit(payload: bytes, text: str, file: str) -> Unit:
    code, params, imports = marshal.loads(payload)  # its digest was right: we wrote it
    assert isinstance(code, CodeType)
    return Unit(Source(text.lstrip("\ufeff"), file), _imports(imports), code, params)


def _imports(listed: tuple[Any, ...]) -> tuple[Import, ...]:
    if not listed:
        return ()
    from .nodes import Import  # with it comes the whole tree of the compiler

    return tuple(Import(at, component, alias) for at, component, alias in listed)


def _seal(key: bytes, name: str, payload: bytes) -> bytes:
    return hmac.digest(key, _FORMAT + name.encode() + payload, "sha256")


def _compiler() -> bytes:
    """Return what code depends on besides a text: Python, and the files that make code."""
    import ciranda.expressions

    here = os.path.dirname(__file__)
    there = os.path.dirname(ciranda.expressions.__file__)
    parts: list[Any] = [MAGIC_NUMBER, sys.version, sys.implementation.cache_tag]
    for folder in (here, there):
        for each in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if each.name.endswith(".py"):
                found = each.stat()
                parts.append((each.name, found.st_mtime_ns, found.st_size))
    return hashlib.sha256(repr(parts).encode()).digest()


def _key_in(folder: str) -> bytes | None:
    """Return the key, made when there is none; None when it could be known to others."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if not _own(os.lstat(folder), stat.S_ISDIR):
            return None
        path = os.path.join(folder, "key")
        if not os.path.lexists(path):
            _make_key(path)
        with open(path, "rb", opener=_unlinked) as file:
            if not _own(os.fstat(file.fileno()), stat.S_ISREG):
                return None
            key = file.read(_KEY + 1)
    except OSError:
        return None
    return key if len(key) == _KEY else None


def _make_key(path: str) -> None:
    beside = f"{path}.{secrets.token_hex(8)}"
    try:
        with open(beside, "xb", opener=_private) as file:
            file.write(secrets.token_bytes(_KEY))
        with contextlib.suppress(FileExistsError):  # another process was quicker
            os.link(beside, path)
    finally:
        os.unlink(beside)


def _own(found: os.stat_result, kind: Any) -> bool:
    return bool(kind(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _unlinked(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
