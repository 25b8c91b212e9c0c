"""`quantum.render` and `quantum.call`: templates as steps of a workflow."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NotRequired, TypedDict

from ciranda import Context, StepError, action
from ciranda.actions import Action, Arg

from .error import KINDS, QuantumError
from .escape import Trusted
from .lending import lent, name_of
from .library import Library
from .settings import QuantumSettings, compiler_of
from .template import Result

__all__ = ["ERRORS", "Templates"]

ERRORS: Final = {
    **{f"quantum.{kind}": False for kind in sorted(KINDS)},
    "quantum.not_found": False,
    "quantum.unwritable": False,
}
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
        invoke: list[str] | None = None,
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
            invoke: Actions that `q:invoke` and `q:fetch` (`http.request`) may call.
            ctx: The step.

        Returns:
            `html`, or `path` of the file written, and `return`, the value of `q:return`.
        """
        given = _with_trusted(data or {}, trusted or [])
        result = self._run(template, given, components, databases, invoke, ctx)
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
        invoke: list[str] | None = None,
        ctx: Context | None = None,
    ) -> Any:
        """Run a template, a `.q` file, for the value of its `q:return`.

        Args:
            template: The file; relative to the workflow file.
            data: The template's variables.
            components: The folder of imported components; by default the template's own, or that
                of the settings.
            databases: SQLite files for `q:query`, by the name of the data source; only read.
            invoke: Actions that `q:invoke` and `q:fetch` (`http.request`) may call.
            ctx: The step.

        Returns:
            The value; null when the template returns none.
        """
        return self._run(template, data or {}, components, databases, invoke, ctx).value

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
        data: dict[str, Any],
        components: Path | None,
        databases: dict[str, Path] | None,
        invoke: list[str] | None,
        ctx: Context | None,
    ) -> Result:
        base = _base(ctx)
        try:
            found = self._library(base, components).load(base / template)
            with lent(ctx, base, databases or {}, invoke or []) as host:
                return found.run(data, host=host)
        except QuantumError as error:
            shown = _placed(error, base)
            raise StepError(
                f"quantum.{shown.kind}", str(shown), retryable=False, detail=shown.plain()
            ) from error
        except FileNotFoundError:
            message = f"There is no template {name_of(template, base)}."
            raise StepError("quantum.not_found", message) from None
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            message = f"{name_of(template, base)} cannot be read: {why}."
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


def _placed(error: QuantumError, base: Path) -> QuantumError:
    name = name_of(Path(error.file), base) if error.file else ""
    return error.placed(name, error.line, error.column, error.source)


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
