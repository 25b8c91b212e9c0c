"""The digest of an action's code: what a cached answer must have been made by."""

from __future__ import annotations

import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, final

from ciranda.actions.values import canonical
from ciranda.middleware.sources import local_sources

if TYPE_CHECKING:
    from ciranda.actions import Action

__all__ = ["Fingerprints", "NoKeyError"]


class NoKeyError(Exception):
    """A cache key cannot be computed; the text says why and follows "not cached: "."""


@final
class Fingerprints:
    """Fingerprints of the code that one engine has loaded.

    Files are read once, when a plan first asks, because that is nearest to when Python read
    them.

    Args:
        digest_of: Returns the digest of the plugin that brought an action, as its loader knows
            it; None for a function that no plugin brought.
        roots: Folders besides a file's own from which it may import project code.
    """

    __slots__ = ("_digest_of", "_known", "_roots")

    def __init__(
        self,
        digest_of: Callable[[Action], str | None] = lambda _: None,
        roots: Iterable[Path] = (),
    ) -> None:
        self._digest_of: Final = digest_of
        self._roots: Final = tuple(roots)
        self._known: dict[str, str] = {}

    def of(self, action: Action) -> str:
        """Return the fingerprint of an action's code.

        It is the action's `version` if it has one, otherwise the digest of its plugin. A
        function without a plugin counts with all `.py` files of its package or, outside of
        one, with its file and the project files that this imports. What a nested function has
        captured counts too.

        Raises:
            NoKeyError: The code cannot be told from other code of the same name.
        """
        if action.version is not None:
            return f"version {action.version}"
        function = inspect.unwrap(action.function)
        if not hasattr(function, "__code__"):
            raise NoKeyError(f"`{action.name}` is not a Python function; give it a version")
        captured = _captured(function, action.name)
        code = self._digest_of(action) or self._code(function, action.name)
        return f"{code} {function.__qualname__}{captured}"

    def _code(self, function: Callable[..., Any], name: str) -> str:
        module = sys.modules.get(function.__module__)
        if module is None or getattr(module, "__file__", None) is None:
            raise NoKeyError(f"the code of `{name}` is in no file; give it a version")
        known = self._known.get(module.__name__)
        if known is None:
            known = self._known[module.__name__] = self._digest(module)
        return known

    def _digest(self, module: ModuleType) -> str:
        file = Path(str(module.__file__)).resolve()
        top = sys.modules.get(module.__name__.partition(".")[0], module)
        initial = getattr(top, "__file__", None)
        if hasattr(top, "__path__") and initial is not None:
            package = Path(initial).resolve().parent
            if file.is_relative_to(package):
                return _digest_files(sorted(package.rglob("*.py")), package)
        # What is installed imports what is installed: that is no code of the project.
        paths = sysconfig.get_paths()
        installed = any(
            file.is_relative_to(Path(paths[name]).resolve())
            for name in ("stdlib", "purelib", "platlib")
        )
        roots = () if installed else (file.parent, *self._roots)
        return _digest_files(local_sources(file, roots), file.parent)


def _captured(function: Callable[..., Any], name: str) -> str:
    """Return the digest of what a nested function got from around it, empty when nothing."""
    if "<locals>" not in function.__qualname__:
        return ""
    try:
        cells = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
        held = [cells, getattr(function, "__defaults__", None), function.__kwdefaults__]
        return f" {sha256(canonical(held)).hexdigest()}" if any(held) else ""
    except (TypeError, ValueError, OverflowError):
        raise NoKeyError(
            f"`{name}` is a nested function that captures more than plain data; give it a version"
        ) from None


def _digest_files(files: Iterable[Path], folder: Path) -> str:
    """Return the digest of files, by their names from `folder` and what they hold."""
    total = sha256()
    for file in files:
        name = file.relative_to(folder) if file.is_relative_to(folder) else file
        try:
            data = file.read_bytes()
        except OSError as error:
            raise NoKeyError(f"`{file}` cannot be read: {error.strerror}") from error
        total.update(canonical([name.as_posix(), sha256(data).digest()]))
    return total.hexdigest()
