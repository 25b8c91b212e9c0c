"""`quantum.render` and `quantum.call`: templates as steps of a workflow."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, NotRequired, TypedDict

from ciranda import Context, StepError, action
from ciranda.actions import Action, Arg

from .error import KINDS, QuantumError
from .escape import Trusted
from .library import Library
from .run import Host
from .settings import QuantumSettings, compiler_of
from .template import Result

__all__ = ["ERRORS", "Templates"]

ERRORS: Final = {
    **{f"quantum.{kind}": False for kind in sorted(KINDS)},
    "quantum.not_found": False,
    "quantum.unwritable": False,
}
_LEVELS: Final = {
    "trace": "debug", "debug": "debug", "info": "info", "warn": "warning", "warning": "warning",
}  # fmt: skip
_LIBRARIES: Final = 32  # folders of components that one engine keeps compiled
_ASKS: Final = re.compile(r"<q:(invoke|fetch|dispatchEvent)\b")

Rendered = TypedDict(
    "Rendered",
    {
        "html": NotRequired[Annotated[str, Arg(doc="The page, when there is no `to`.")]],
        "path": NotRequired[Annotated[str, Arg(doc="The file written, absolute.")]],
        "return": Any,
    },
)


class Templates:
    """The actions with the templates that they have compiled.

    Args:
        settings: The project's.
    """

    def __init__(self, settings: QuantumSettings) -> None:
        self._settings: Final = settings
        self._compiler: Final = compiler_of(settings)
        self._lock: Final = threading.Lock()
        self._libraries: dict[Path | None, Library] = {}

    def actions(self) -> list[Action]:
        """Return `quantum.render` and `quantum.call`."""
        return [
            action(name, errors=ERRORS, fingerprint=self.fingerprint, idempotent=True)(function)
            for name, function in (("quantum.render", self.render), ("quantum.call", self.call))
        ]

    def render(
        self,
        template: Path,
        data: dict[str, Any] | None = None,
        to: str | None = None,
        *,
        components: Path | None = None,
        databases: dict[str, Path] | None = None,
        trusted: list[str] | None = None,
        ctx: Context | None = None,
    ) -> Rendered:
        """Render a template, a `.q` file, to HTML.

        A file is written whole or not at all: when the template fails, an older one stays.

        Args:
            template: The file; relative to the workflow file.
            data: The template's variables.
            to: The file to write; relative to the workflow file. Without it the page is `html`
                of the output.
            components: The folder of imported components; by default the template's own, or that
                of the settings.
            databases: SQLite files for `q:query`, by the name of the data source; only read.
            trusted: Names in `data` whose text is HTML that `q:raw` may show as it is.
            ctx: The step.

        Returns:
            `html`, or `path` of the file written, and `return`, the value of `q:return`.
        """
        result = self._run(template, data, components, databases, trusted, ctx)
        if to is None:
            return {"html": result.html, "return": result.value}
        return {"path": _write(_base(ctx), to, result.html), "return": result.value}

    def call(
        self,
        template: Path,
        data: dict[str, Any] | None = None,
        *,
        components: Path | None = None,
        databases: dict[str, Path] | None = None,
        ctx: Context | None = None,
    ) -> Any:
        """Run a template, a `.q` file, for the value of its `q:return`.

        Args:
            template: The file; relative to the workflow file.
            data: The template's variables.
            components: The folder of imported components; by default the template's own, or that
                of the settings.
            databases: SQLite files for `q:query`, by the name of the data source; only read.
            ctx: The step.

        Returns:
            The value; null when the template returns none.
        """
        return self._run(template, data, components, databases, None, ctx).value

    def fingerprint(self, inputs: Mapping[str, Any], base: Path) -> str:
        """Return what a result depends on besides the inputs: all files of the template.

        Raises:
            ValueError: The step has effects, which a cached answer would not have.
            QuantumError: The template cannot be compiled.
            OSError: It cannot be read.
        """
        if inputs.get("to") is not None:
            raise ValueError(
                "it writes a file, which a cached answer would not; take `to` away and write "
                "`html` with data.write"
            )
        folder = inputs.get("components")
        library = self._library(base, None if folder is None else Path(folder))
        total = hashlib.sha256()
        for source in library.load(base / inputs["template"]).sources:
            asks = _ASKS.search(source.text)
            if asks is not None:
                raise ValueError(f"{source.file} asks others by <q:{asks[1]}>")
            total.update(b"%d " % len(source.data) + source.data)
        return total.hexdigest()

    def _run(
        self,
        template: Path,
        data: dict[str, Any] | None,
        components: Path | None,
        databases: dict[str, Path] | None,
        trusted: list[str] | None,
        ctx: Context | None,
    ) -> Result:
        base = _base(ctx)
        given = _with_trusted(data or {}, trusted or [])
        try:
            found = self._library(base, components).load(base / template)
            with _opened(base, databases or {}) as connections:
                return found.run(given, host=Host(databases=connections, log=_log_of(ctx)))
        except QuantumError as error:
            shown = _placed(error, base)
            raise StepError(
                f"quantum.{shown.kind}", str(shown), retryable=False, detail=shown.plain()
            ) from error
        except FileNotFoundError:
            message = f"There is no template {_name(template, base)}."
            raise StepError("quantum.not_found", message) from None
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            message = f"{_name(template, base)} cannot be read: {why}."
            raise StepError("quantum.not_found", message) from error

    def _library(self, base: Path, components: Path | None) -> Library:
        folder = base / components if components is not None else self._settings.components
        with self._lock:
            library = self._libraries.pop(folder, None)
            if library is None:
                limits = self._settings.limits()
                library = Library(folder, limits=limits, compiler=self._compiler)
            self._libraries[folder] = library  # the one used last stands last
            while len(self._libraries) > _LIBRARIES:
                del self._libraries[next(iter(self._libraries))]
            return library


def _base(ctx: Context | None) -> Path:
    return (ctx.run.base if ctx is not None else Path()).absolute()


def _with_trusted(data: dict[str, Any], names: list[str]) -> dict[str, Any]:
    for name in names:
        if not isinstance(data.get(name), str):
            raise StepError(
                "invalid-input", f"`trusted` names `{name}`, and `data` holds no text of that name."
            )
    return {**data, **{name: Trusted(data[name]) for name in names}}


@contextmanager
def _opened(base: Path, databases: Mapping[str, Path]) -> Iterator[dict[str, Any]]:
    """Open SQLite files for reading; they are closed in the thread that opened them."""
    if not databases:
        yield {}
        return
    import sqlite3  # most templates query nothing

    with ExitStack() as stack:
        opened: dict[str, Any] = {}
        for name, path in databases.items():
            address = f"{(base / path).as_uri()}?mode=ro"
            try:
                connection = sqlite3.connect(address, uri=True)
            except sqlite3.Error as error:
                shown = _name(path, base)
                message = f"The database `{name}` cannot be opened: {shown}: {error}."
                raise StepError("quantum.not_found", message) from None
            opened[name] = stack.enter_context(closing(connection))
        yield opened


def _log_of(ctx: Context | None) -> Callable[[str, str], None] | None:
    if ctx is None:
        return None
    log = ctx.log

    def write(level: str, message: str) -> None:
        getattr(log, _LEVELS.get(level, "error"))(message)

    return write


def _placed(error: QuantumError, base: Path) -> QuantumError:
    name = _name(Path(error.file), base) if error.file else ""
    return error.placed(name, error.line, error.column, error.source)


def _name(path: Path, base: Path) -> str:
    """Return a path as the workflow writes it, from its own folder."""
    return str(path.relative_to(base) if path.is_relative_to(base) else path)


def _write(base: Path, to: str, html: str) -> str:
    from ciranda.std.atomic import replace_file

    path = base / to
    try:
        replace_file(path, html.encode("utf-8", "replace"))
    except PermissionError:
        raise StepError("denied", f"{to} cannot be written: permission denied.") from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise StepError("quantum.unwritable", f"{to} cannot be written: {reason}.") from error
    return str(path)
