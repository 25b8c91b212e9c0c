"""What a step lends to its template: its log, databases, chosen actions, events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from ciranda import ActionError, Context, StepError
from ciranda.events import InvokeAction

from .error import QuantumError
from .hooks import TemplateEvent
from .run import Host

__all__ = ["lent", "name_of"]

_LEVELS: Final = {
    "trace": "debug", "debug": "debug", "info": "info", "warn": "warning", "warning": "warning",
}  # fmt: skip
_METHODS: Final = frozenset(["get", "post", "put", "patch", "delete", "head"])


@contextmanager
def lent(
    ctx: Context | None, base: Path, databases: Mapping[str, Path], invoke: Sequence[str]
) -> Iterator[Host]:
    """Lend what a template may use for one run.

    Args:
        ctx: The step; without one a template can only query.
        base: The folder that relative paths start from.
        databases: SQLite files by name; they are opened for reading, and closed by this thread.
        invoke: Names of actions.
    """
    with ExitStack() as stack:
        opened = {
            name: stack.enter_context(closing(_opened(name, base / path, base)))
            for name, path in databases.items()
        }
        if ctx is None:
            yield Host(databases=opened)
        else:
            ask = _ask(ctx, frozenset(invoke))
            yield Host(databases=opened, ask=ask, dispatch=_dispatch(ctx), log=_log(ctx))


def name_of(path: Path, base: Path) -> str:
    """Return a path as the workflow writes it, from its own folder."""
    return str(path.relative_to(base) if path.is_relative_to(base) else path)


def _opened(name: str, path: Path, base: Path) -> Any:
    import sqlite3  # most templates query nothing

    try:
        return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        message = f"The database `{name}` cannot be opened: {name_of(path, base)}: {error}."
        raise StepError("quantum.not_found", message) from None


def _ask(ctx: Context, allowed: frozenset[str]) -> Callable[[str, dict[str, Any]], Any]:
    def ask(action: str, inputs: dict[str, Any]) -> Any:
        namespace, _, method = action.partition(".")
        if namespace == "http" and method in _METHODS:  # what q:fetch asks for
            action, inputs = "http.request", {"method": method.upper(), **inputs}
        if namespace == "quantum":  # it would hold a thread at every level
            raise QuantumError("security", "a template calls no template: import a component")
        if action not in allowed:
            message = f"the step lets no template call '{action}': list it below `invoke`"
            raise QuantumError("security", message)
        return ctx.ask_sync(InvokeAction(action=action, inputs=inputs)).output

    return ask


def _dispatch(ctx: Context) -> Callable[[str, Any], None]:
    def dispatch(name: str, data: Any) -> None:
        try:
            ctx.publish_sync(TemplateEvent(path=ctx.path, name=name, data=data))
        except ActionError as error:
            raise QuantumError("runtime", f"the event '{name}' reaches nobody: {error}") from None

    return dispatch


def _log(ctx: Context) -> Callable[[str, str], None]:
    log = ctx.log

    def write(level: str, message: str) -> None:
        getattr(log, _LEVELS.get(level, "error"))(message)

    return write
