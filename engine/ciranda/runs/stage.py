"""The surroundings of one run: what its expressions name, its contexts, its steps' output."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
import msgspec

from ciranda.actions import digest
from ciranda.bus import Bus
from ciranda.context import Context, RunInfo
from ciranda.errors import ActionError, StepError
from ciranda.events import CacheHit, Event, Request, RunEvent, StepLogged, StepProgressed
from ciranda.expressions import ExpressionError, Secret
from ciranda.layer import Call
from ciranda.middleware.naming import sealed
from ciranda.middleware.printing import beside_steps
from ciranda.runs.artifacts import restored
from ciranda.runs.messages import Emitted, encode
from ciranda.runs.plan import PlannedStep
from ciranda.runs.scope import inner_scope_of
from ciranda.store import Clock, Log
from ciranda.vault import Vault, encode_reference

if TYPE_CHECKING:
    from ciranda.runs.notes import Notes
    from ciranda.workflow.binding import Binding
    from ciranda.workflow.model import Block

__all__ = ["Stage"]

_OF_RUNS: Final = frozenset(RunEvent.__args__)
_LAYERS: Final = CacheHit.__module__  # these are news, not part of what a run's log tells
_pack: Final = msgspec.msgpack.Encoder(enc_hook=encode_reference).encode
_NOTHING: Final[dict[str, float]] = {}
_NO_VARIABLES: Final[Mapping[str, str]] = MappingProxyType({})
TAIL: Final = 4096  # bytes of a running step's output kept for its failure


class Stage:
    """What a run offers to its steps; the host of their contexts.

    Args:
        info: The run.
        bus: Where events and questions go.
        vault: The run's secrets.
        scope: Names for expressions.
        functions: Plugins' functions for expressions.
        key: Seals secrets in digests.
        log: The store that keeps output and artifacts; None keeps nothing.
        trace: Returns the `traceparent` for a path; None without tracing.
        clock: Both clocks.
        environ: Where variables of the environment come from.
        listeners: Hear every event, before observers do.

    Attributes:
        notes: Keeps what plugins publish; None outside of a run.
        receive: Takes an event of a run that has no inbox.
        announced: Is told which runs have an event in their inboxes.
    """

    def __init__(  # noqa: PLR0913  (each is one thing of the surroundings; most have defaults)
        self,
        info: RunInfo,
        bus: Bus,
        vault: Vault,
        *,
        scope: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]],
        key: bytes = b"",
        log: Log | None = None,
        trace: Callable[[str, int], str] | None = None,
        clock: Clock | None = None,
        environ: Mapping[str, str] = _NO_VARIABLES,
        listeners: Sequence[Callable[[Event], None]] = (),
    ) -> None:
        self.info: Final = info
        self.vault: Final = vault
        self.scope: Final = scope
        self.functions: Final = functions
        self.thread = threading.get_ident()
        self._costs: Final[dict[str, dict[str, float]]] = {}
        self._bus: Final = bus
        self._key: Final = key
        self._log: Final = log
        self._trace: Final = trace
        self._listeners: Final = listeners
        self.notes: Notes | None = None
        self.receive: Callable[[int, Emitted], None] = _nobody
        self.announced: Callable[[Sequence[str]], None] = _unheard
        self._environ: Final = environ
        self.clock: Final = (clock or Clock()).steady
        self._wall: Final = (clock or Clock()).wall
        self._tails: Final[dict[str, bytes]] = {}
        self._printed: list[tuple[str, str, bytes]] = []
        self._printing: Final = threading.Lock()  # of the two above: threads of steps print

    # For attempts

    def context(self, planned: PlannedStep, call: Call) -> Context:
        """Return the context of an attempt."""
        timeout = planned.step.timeout
        trace = self._trace
        return Context(
            self,
            self.info,
            planned.step.id,
            call.path,
            call.attempt,
            None if timeout is None else self.clock() + timeout,
            self.vault.reveal(call.env) if call.env else call.env,
            "" if trace is None else trace(call.path, call.attempt),
            "" if planned.key is None else self._key_of(planned.key, call),
        )

    def _key_of(self, written: Binding, call: Call) -> str:
        try:
            return str(self.vault.reveal(written(call.scope)))
        except ExpressionError as error:
            text = f"`idempotency-key` cannot be evaluated: {error.message}"
            raise StepError("invalid-input", text, retryable=False) from None

    def folder(self, path: str) -> str:
        """Return the step's own folder, made if it is missing."""
        return str(Context(self, self.info, path, path).dir)

    def digest(self, value: Any) -> str:
        """Return what identifies inputs in the log; a secret enters as its HMAC."""
        if self._log is None:
            return ""
        return digest(self._without_secrets(value) if self.vault else value)

    def _without_secrets(self, value: Any) -> Any:
        if isinstance(value, Secret):
            return {"secret": value.names, "hmac": sealed(self._key, value)}
        if isinstance(value, dict):
            return {name: self._without_secrets(each) for name, each in value.items()}
        return [self._without_secrets(each) for each in value] if isinstance(value, list) else value

    def spent(self, path: str) -> dict[str, float]:
        """Return what a step has used since it was last asked for."""
        return self._costs.pop(path, _NOTHING)

    def tail(self, path: str) -> str:
        """Return the last lines that a step wrote."""
        data = self._tails.pop(path, b"")
        lines = data.decode("utf-8", "replace").splitlines()[-10:]
        return self.vault.mask("\n".join(lines))

    def flush(self) -> None:
        """Hand what steps printed to the store; any thread may call it."""
        if self._log is None:
            return
        with self._printing:
            printed, self._printed = self._printed, []
        joined: dict[tuple[str, str], list[bytes]] = {}
        for path, stream, data in printed:
            joined.setdefault((path, stream), []).append(data)
        for (path, stream), pieces in joined.items():
            # Together once more: of a secret that came in pieces none was seen before.
            data = self.vault.mask(b"".join(pieces))
            self._log.append_output(self.info.id, path, stream, data)

    def inner_scope(
        self,
        block: Block,
        inputs: Mapping[str, Any],
        secrets: Mapping[str, Any],
        steps: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the names that the steps of a sub-workflow see."""
        inner = block.workflow
        assert inner is not None  # the caller looked
        return {
            **inner_scope_of(inner, inputs, secrets, self.scope["run"], self._environ),
            "steps": steps,
        }

    async def emit(self, number: str, event: str, data: Any) -> int:
        """Tell all runs that have not ended of an event; return how many there are.

        Raises:
            StepError: The data holds a secret, which other runs cannot read.
            InputError: It cannot be kept.
        """
        if self.vault:
            _refuse_secrets(self.vault.conceal([event, data]))
        emitted = Emitted(id=number, event=event, data=data, source=f"run {self.info.id}")
        if self._log is None:
            self.receive(0, emitted)
            return 1
        runs = await anyio.to_thread.run_sync(self._log.announce, *encode(emitted))
        self.announced(runs)
        return len(runs)

    # For contexts

    def log(self, ctx: Context, level: str, text: str, fields: Mapping[str, Any]) -> None:
        """Write a line of the step's log."""
        text = self.vault.mask(text)
        shown = {name: self.vault.mask(str(value)) for name, value in fields.items()}
        line = " ".join([level, text, *(f"{name}={value}" for name, value in shown.items())])
        with self._printing:
            self._keep(ctx.path, "log", line.encode("utf-8", "replace") + b"\n")
        self._tell(StepLogged, ctx, level=level, text=text, fields=shown)

    def output(self, ctx: Context, stream: str, data: bytes) -> None:
        """Take what a step's program or its code wrote; any thread may call it."""
        if self.vault:
            data = self.vault.mask(data.decode("utf-8", "surrogateescape")).encode(
                "utf-8", "surrogateescape"
            )
        with self._printing:
            self._keep(ctx.path, stream, data)
            self._tails[ctx.path] = (self._tails.get(ctx.path, b"") + data)[-TAIL:]

    def _keep(self, path: str, stream: str, data: bytes) -> None:
        if self._log is not None:  # nobody flushes what no store takes
            self._printed.append((path, stream, data))

    def progress(self, ctx: Context, done: float, total: float, text: str) -> None:
        """Show how far a step is."""
        self._tell(StepProgressed, ctx, done=done, total=total, text=self.vault.mask(text))

    def used(self, ctx: Context, cost: Mapping[str, float]) -> None:
        """Add to what a step has cost."""
        total = self._costs.setdefault(ctx.path, {})
        for name, amount in cost.items():
            total[name] = total.get(name, 0.0) + amount

    def secret(self, ctx: Context, name: str) -> str:
        """Return the text of a secret of the run."""
        try:
            return self.vault[name]
        except KeyError:
            raise StepError(
                "secret", f"step '{ctx.step}' asks for the secret {name}, which is not declared"
            ) from None

    def mask(self, text: str) -> str:
        """Return text without secrets."""
        return self.vault.mask(text)

    def artifact(self, ctx: Context, path: Path) -> dict[str, Any]:
        """Keep a file by its digest."""
        file = path if path.is_absolute() else ctx.dir / path
        try:
            content = file.read_bytes()
        except OSError as error:
            raise StepError("invalid-output", f"artifact {path}: {error.strerror}") from error
        if self._log is not None:
            self._log.put_blob(content, self.info.id)
        digest = hashlib.sha256(content).hexdigest()
        return {"path": str(file), "sha256": digest, "bytes": len(content)}

    def restore(self, artifact: Mapping[str, Any]) -> bool:
        """See to it that a kept file is where a step left it; False when it is kept no more."""
        return restored(self._log, self.info.id, artifact)

    async def publish(self, ctx: Context, event: Event) -> None:
        """Tell everybody a fact of this run; one of a plugin is kept in the log before.

        Raises:
            ActionError: It is of a type that only a run itself publishes, or cannot be kept.
        """
        kind = type(event)
        if kind in _OF_RUNS:
            raise ActionError(
                f"ctx.publish: {kind.__name__} is for the run itself to publish: "
                "write an Event class of your own"
            )
        event = msgspec.structs.replace(event, run=self.info.id, at=event.at or self._wall())
        if self.vault and kind.__module__ == _LAYERS:  # names of breakers and the like
            event = self._masked(event)
        if self.notes is None or kind.__module__ == _LAYERS:
            with beside_steps():
                self.tell(event)
        else:
            await self.notes.keep(event)
        await self._bus.room()

    def _masked(self, event: Event) -> Event:
        fields = {name: getattr(event, name) for name in event.__struct_fields__}
        texts = {name: each for name, each in fields.items() if isinstance(each, str)}
        shown = {name: self.vault.mask(each) for name, each in texts.items()}
        return msgspec.structs.replace(event, **shown)

    def packed(self, event: Event) -> bytes:
        """Return an event of a plugin as the log keeps it, references in place of secrets."""
        try:
            plain = msgspec.to_builtins(event, builtin_types=(bytes,), str_keys=True)
            return _pack(self.vault.conceal(plain))
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise ActionError(
                f"ctx.publish: {type(event).__name__} cannot be kept in the run's log: {error}"
            ) from error

    def tell(self, event: Event) -> bool:
        """Tell whoever listens; say whether observers could take more."""
        for listen in self._listeners:
            listen(event)
        return self._bus.publish_nowait(event)

    async def ask(self, ctx: Context, request: Request[Any]) -> Any:
        """Put a question to the plugins."""
        return await self._bus.ask(request)

    def _tell(self, kind: type[StepLogged | StepProgressed], ctx: Context, **fields: Any) -> None:
        if self._listeners or self._bus.listens(kind):
            with beside_steps():
                self.tell(kind(run=self.info.id, at=self._wall(), path=ctx.path, **fields))


def _unheard(_: Sequence[str]) -> None:
    """Tell no run: whoever has an inbox looks into it by itself."""


def _nobody(_: int, __: Emitted) -> None:
    """Take an event outside of a run, where nobody waits."""


def _refuse_secrets(value: Any) -> None:
    """Refuse data that holds a secret: other runs could not read it."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Secret):
            names = ", ".join(f"'{name}'" for name in each.names)
            message = (
                f"the data holds the secret {names}, which no other run can read: leave it out"
            )
            raise StepError("secret", message, retryable=False)
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, (list, tuple)):
            waiting += each
