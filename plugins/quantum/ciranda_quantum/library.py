"""Templates of folders, compiled once: a hit costs one look at each file they come from."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Final

from . import limits as bounds
from .error import QuantumError
from .limits import Limits
from .run import Host
from .template import Template, Unit, compile_unit, link

_NAME: Final = re.compile(r"[A-Z]\w*")
_OBJECT: Final = 600  # bytes that small objects of a template take, each roughly
_SPACE: Final = 5000  # bytes of the names that its code runs among

Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class _Kept:
    """One compiled file."""

    stamp: Stamp
    digest: bytes
    unit: Unit
    size: int


@dataclass(frozen=True)
class _Linked:
    """One template with the files it was made of, in their state of then."""

    template: Template
    files: tuple[tuple[str, Stamp], ...]


class Library:
    """Loads templates from files, and again when a file has changed.

    Args:
        folder: Where components are looked up, as `Name.q`; None is the template's own folder.
        most: Files that are kept compiled.
        size: Bytes that they may take together.
        limits: Bounds of a run.
        host: What runs may use.
        compiler: Called with text and path instead of the compiler, such as `CodeCache.unit`.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        most: int = 1000,
        size: int = 64 * 1024 * 1024,
        limits: Limits | None = None,
        host: Host | None = None,
        compiler: Callable[[str, str], Unit] = compile_unit,
    ) -> None:
        self._compile: Final = compiler
        self._folder = None if folder is None else os.fspath(folder)
        self._most = most
        self._size = size
        self._limits = limits or Limits()
        self._host = host or Host()
        self._units: OrderedDict[str, _Kept] = OrderedDict()
        self._linked: OrderedDict[str, _Linked] = OrderedDict()
        self._held = 0
        self._lock = threading.RLock()

    def load(self, path: str | os.PathLike[str]) -> Template:
        """Return the template of a file.

        Raises:
            OSError: When the file cannot be read.
            QuantumError: For the first thing wrong with it or with a component.
        """
        name = os.fspath(path)
        linked = self._linked.get(name)
        if linked is not None:
            for file, stamp in linked.files:
                if _stamp(file) != stamp:
                    break
            else:
                return linked.template
        with self._lock:
            return self._link(name)

    def __len__(self) -> int:
        return len(self._units)

    @property
    def held(self) -> int:
        """Bytes that the compiled files take, about."""
        return self._held

    def _link(self, path: str) -> Template:
        folder = self._folder if self._folder is not None else os.path.dirname(path)
        files: dict[str, Stamp] = {}

        def find(component: str) -> Unit:
            if not _NAME.fullmatch(component):
                raise KeyError(component)
            file = os.path.join(folder, f"{component}.q")
            try:
                return self._unit(file, files)
            except OSError:
                raise KeyError(component) from None

        unit = self._unit(path, files)
        template = Template(unit, link(unit, find), self._limits, self._host)
        self._linked[path] = _Linked(template, tuple(files.items()))
        self._linked.move_to_end(path)
        while len(self._linked) > self._most or (
            len(self._linked) > 1 and len(self._linked) > len(self._units)
        ):
            self._linked.popitem(last=False)
        return template

    def _unit(self, path: str, files: dict[str, Stamp]) -> Unit:
        stamp = _stamp(path)
        if stamp is None:
            raise FileNotFoundError(f"there is no template {path}")
        kept = self._units.get(path)
        if kept is None or kept.stamp != stamp:
            text, digest = read_file(path)
            if kept is not None and kept.digest == digest:
                kept = _Kept(stamp, digest, kept.unit, kept.size)
            else:
                unit = self._compile(text, path)
                kept = _Kept(stamp, digest, unit, weight(unit))
            self._keep(path, kept)
        self._units.move_to_end(path)
        files[path] = stamp
        return kept.unit

    def _keep(self, path: str, kept: _Kept) -> None:
        old = self._units.pop(path, None)
        self._held += kept.size - (old.size if old is not None else 0)
        self._units[path] = kept
        while len(self._units) > 1 and (len(self._units) > self._most or self._held > self._size):
            gone, dropped = self._units.popitem(last=False)
            self._held -= dropped.size
            for name in [
                name for name, linked in self._linked.items() if gone in dict(linked.files)
            ]:
                del self._linked[name]


def _stamp(path: str) -> Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_file(path: str) -> tuple[str, bytes]:
    """Return the text of a template and its digest.

    Raises:
        OSError: It cannot be read.
        QuantumError: It is no UTF-8 text.
    """
    with open(path, "rb") as file:
        data = file.read(4 * bounds.FILE + 1)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise QuantumError("compile", "the file is not UTF-8 text", file=path) from None
    return text, hashlib.blake2b(data, digest_size=16).digest()


def weight(unit: Unit) -> int:
    """Return the bytes that a compiled file takes, about."""
    total = len(unit.source.data) * 2 + _SPACE
    waiting: list[CodeType] = [unit.code]
    while waiting:
        code = waiting.pop()
        total += len(code.co_code) + _OBJECT
        for each in code.co_consts:
            if isinstance(each, CodeType):
                waiting.append(each)
            else:
                total += len(each) + 50 if isinstance(each, (str, tuple, bytes)) else 30
        total += 60 * (len(code.co_names) + len(code.co_varnames))
    return total
