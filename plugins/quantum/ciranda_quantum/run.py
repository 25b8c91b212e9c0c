"""One run of a template: what it may still take, what it wrote, and what the host lends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from .error import QuantumError
from .limits import Limits
from .memo import Memo


class Entry(NamedTuple):
    """One line of `q:log`."""

    level: str
    message: str


class Out(list[str]):
    """Pieces of output; longer runs of them are joined as they come."""

    __slots__ = ("done", "left", "limit")

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.left = limit
        self.done: list[str] = []

    def flush(self) -> None:
        """Join what has come, and check how much that is."""
        whole = "".join(self)
        self.clear()
        self.left -= len(whole)
        if self.left < 0:
            raise QuantumError("limit", f"a page may have {self.limit} characters")
        self.done.append(whole)

    def take(self) -> str:
        """Return everything, and begin anew."""
        self.flush()
        whole = self.done[0] if len(self.done) == 1 else "".join(self.done)
        self.done.clear()
        self.left = self.limit
        return whole


class Host:
    """What a host lends to runs; by default nothing.

    Args:
        databases: DB-API connections or SQLite files by name, for `q:query`.
        ask: Called with an action's name and its inputs, for `q:invoke` and `q:fetch`.
        dispatch: Called with an event's name and its data, for `q:dispatchEvent`.
        log: Called with each level and message of `q:log`.
    """

    def __init__(
        self,
        *,
        databases: dict[str, Any] | None = None,
        ask: Callable[[str, dict[str, Any]], Any] | None = None,
        dispatch: Callable[[str, Any], None] | None = None,
        log: Callable[[str, str], None] | None = None,
    ) -> None:
        self.databases: Final = dict(databases or {})
        self.ask: Final = ask
        self.dispatch: Final = dispatch
        self.log: Final = log


class Run:
    """The state that generated code shares within one run."""

    __slots__ = (
        "application", "budget", "depth", "handlers", "host", "limits", "logs", "memo", "open",
        "own", "request", "session",
    )  # fmt: skip

    def __init__(self, limits: Limits, host: Host, memo: Memo, maps: dict[str, Any]) -> None:
        self.limits = limits
        self.host = host
        self.budget = [limits.iterations]
        self.depth = 0
        self.logs: list[Entry] = []
        self.handlers: dict[str, list[Callable[[Any], None]]] = {}
        self.memo = memo  # across runs, for functions of their arguments alone
        self.own: dict[str, Memo] = {}
        self.open: dict[str, bool] = {}  # transactions
        self.session = maps.get("session")
        self.application = maps.get("application")
        self.request = maps.get("request")
        if not isinstance(self.session, dict):
            self.session = {}
        if not isinstance(self.application, dict):
            self.application = {}
        if not isinstance(self.request, dict):
            self.request = {}

    def log(self, level: str, message: str) -> None:
        """Keep a line of `q:log`."""
        self.logs.append(Entry(level, message))
        if self.host.log is not None:
            self.host.log(level, message)

    def enter(self) -> None:
        """Go one level deeper."""
        self.depth += 1
        if self.depth > self.limits.recursion:
            message = f"functions and components stand deeper than {self.limits.recursion}"
            raise QuantumError("limit", message)

    def leave(self) -> None:
        """Come back."""
        self.depth -= 1

    def keep(
        self, function: Callable[..., Any], name: str, seconds: float, closed: bool
    ) -> Callable[..., Any]:
        """Return a function that remembers its results.

        Args:
            function: What computes them.
            name: Within the template.
            seconds: How long; negative is always.
            closed: Whether they depend on the arguments alone, so that other runs may use them.
        """
        memo = self.memo if closed else self.own.setdefault(name, Memo())
        return memo.wrap(function, (name, function.__code__), seconds, self.budget)

    def ask(self, action: str, inputs: dict[str, Any]) -> Any:
        """Let the host do something.

        Raises:
            QuantumError: When it offers nothing, or fails.
        """
        if self.host.ask is None:
            raise QuantumError("security", f"the host does nothing for '{action}' here")
        try:
            return self.host.ask(action, inputs)
        except QuantumError:
            raise
        except Exception as error:
            raise QuantumError("runtime", f"'{action}' failed: {error}") from error

    def listen(self, event: str, handler: Callable[[Any], None]) -> None:
        """Call a handler for an event of this run."""
        self.handlers.setdefault(event, []).append(handler)

    def tell(self, event: str, data: Any) -> None:
        """Dispatch an event: to the handlers of this run, and to the host."""
        self.enter()
        try:
            for handler in self.handlers.get(event, ()):
                handler(data)
        finally:
            self.leave()
        if self.host.dispatch is not None:
            self.host.dispatch(event, data)
