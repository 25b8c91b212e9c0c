"""A trigger ready to be asked: whether an event begins a run, and with which inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, final

import msgspec

from ciranda.errors import Fault, InputError
from ciranda.expressions import ExpressionError, Function, Secret
from ciranda.serve.occurrence import Occurrence
from ciranda.serve.schedule import Schedule, schedule_of
from ciranda.serve.work import Order
from ciranda.trigger import Hear, TriggerKind
from ciranda.vault import Vault
from ciranda.workflow.binding import bind, condition
from ciranda.workflow.inputs import confined, resolve_inputs
from ciranda.workflow.model import Trigger, Workflow
from ciranda.workflow.places import Places

__all__ = ["Triggering", "fault_of"]


@final
class Triggering:
    """One trigger of one workflow.

    Args:
        trigger: As the file has it.
        name: What logs and `--trigger` call it: `webhook`, or `schedule.2` if there are more.
        workflow: Which it begins.
        functions: What expressions may call.
        secrets: Texts of the workflow's secrets by name; None leaves out what needs them.
        kind: What a plugin says of its triggers of this kind; None of the engine's own.

    Raises:
        ValueError: It cannot work; the text is one sentence.
        ExpressionError: An expression of it cannot be compiled.
    """

    def __init__(
        self,
        trigger: Trigger,
        name: str,
        workflow: Workflow,
        *,
        functions: Mapping[str, Function],
        secrets: Mapping[str, str] | None,
        kind: TriggerKind | None = None,
    ) -> None:
        self.kind: Final = trigger.kind
        self.name: Final = name
        self._workflow: Final = workflow
        self._inputs: Final = bind(trigger.inputs, functions=functions)
        self._kind: Final = kind
        options = trigger.options
        where = options.get("where") if kind or trigger.kind == "event" else None
        self._where: Final = None if where is None else condition(where, functions=functions)
        self.event: Final[str] = _event(trigger, kind)
        self._listen: Final = None if kind is None else _listener(kind, options, secrets, functions)
        self.path: Final = str(options.get("path", "")) if trigger.kind == "webhook" else ""
        self.token: Final = None if secrets is None else _token(options, secrets)
        self.patterns: Final = _patterns(options) if trigger.kind == "files" else []
        self.schedule: Final[Schedule | None] = (
            schedule_of(
                str(options.get("cron", "")),
                str(options.get("timezone", "UTC")),
                str(options.get("missed", "skip")),
            )
            if trigger.kind == "schedule"
            else None
        )
        # What it looks at is part of its name: another schedule has a past of its own.
        seen = [workflow.file, trigger.kind, self.path, *self.patterns, self.event]
        if self.schedule is not None:
            seen += [self.schedule.cron, str(options.get("timezone", "UTC"))]
        self.cursor: Final = hashlib.sha256(msgspec.json.encode([*seen, name])).hexdigest()

    def takes(self, event: Occurrence) -> bool:
        """Tell whether the event is one for it, by its name and by `where`.

        Raises:
            ExpressionError: `where` cannot be evaluated for it.
        """
        if not self.event:
            return True
        if event.type != self.event:
            return False
        return self._where is None or bool(self._where(event.scope()))

    def suits(self, event: Occurrence) -> bool:
        """Tell whether such events are for such triggers, by their type."""
        kind = event.type.removeprefix("ciranda.").partition(".")[0]
        if event.type.startswith("ciranda.") and kind in ("schedule", "file"):
            return self.kind == ("files" if kind == "file" else kind)
        return self.kind == "webhook" or self.event == event.type

    def named(self, event: Occurrence) -> Occurrence:
        """Return the event as this trigger knows it, if somebody only told its data.

        Raises:
            InputError: The data is not of the type that the trigger's events have.
        """
        if self._kind is not None:
            event = msgspec.structs.replace(event, data=self._kind.checked(event.data))
        if event.unique or not self.event:
            return event
        return msgspec.structs.replace(event, type=self.event)

    @property
    def listens(self) -> bool:
        """Whether a plugin listens for it."""
        return self._listen is not None

    async def listen(self, hear: Hear) -> None:
        """Listen until cancelled; only where `listens` is true."""
        assert self._listen is not None
        await self._listen(hear)

    def inputs_for(self, event: Occurrence) -> dict[str, Any]:
        """Return the inputs of the run that the event begins, looked at as the run does it.

        Raises:
            InputError: They do not fit; everything wrong with them, a line each.
        """
        try:
            given: dict[str, Any] = self._inputs(event.scope())
        except ExpressionError as error:
            place = ".".join(map(str, ("inputs", *getattr(error, "path", ()))))
            raise InputError(f"`{place}` of the trigger: {error.message}") from None
        file = self._workflow.file
        folder = Path(file).resolve().parent if file else Path.cwd()
        for name, value in given.items():
            declared = self._workflow.inputs.get(name)
            if declared is None or declared.type != "path" or not isinstance(value, str):
                continue
            try:  # what strangers send leads to no file of others
                given[name] = confined(value, file)
            except ValueError as error:
                raise InputError(f"input `{name}` {error}") from None
        resolve_inputs(self._workflow, given, base=folder)
        return given

    def order(self, event: Occurrence, new_id: Callable[[], str]) -> Order:
        """Return the run that the event begins.

        Raises:
            InputError: Its inputs do not fit.
        """
        inputs = self.inputs_for(event)
        return Order(new_id(), self._workflow.file, self.name, inputs, self.key_of(event))

    def key_of(self, event: Occurrence) -> str | None:
        """Return what is equal for the same event; None if nothing is the same as this one."""
        if not event.unique:
            return None
        return msgspec.json.encode([self.cursor, event.source, event.id]).decode()


def fault_of(error: ValueError | ExpressionError, trigger: Trigger, places: Places) -> Fault:
    """Return the fault of a trigger that cannot work."""
    said = error.message if isinstance(error, ExpressionError) else str(error)
    return places.fault(trigger.at or ("on",), said, kind="trigger")


def _token(options: Mapping[str, Any], secrets: Mapping[str, str]) -> str | None:
    written = options.get("token")
    if written is None:
        return None
    opaque = {name: Secret(name, text) for name, text in secrets.items()}
    found = bind(written)({"secrets": opaque})
    assert isinstance(found, Secret)  # the check of the file saw to it
    return found.reveal()


def _event(trigger: Trigger, kind: TriggerKind | None) -> str:
    """Return the type of the events that a trigger takes; empty if it is none of a few."""
    if kind is not None:
        return kind.name
    return str(trigger.options.get("name", "")) if trigger.kind == "event" else ""


def _listener(
    kind: TriggerKind,
    written: Mapping[str, Any],
    secrets: Mapping[str, str] | None,
    functions: Mapping[str, Function],
) -> Callable[[Hear], Awaitable[None]] | None:
    """Return what listens, with the options as the file has them and the secrets in them."""
    if secrets is None:
        return None
    opaque = {name: Secret(name, text) for name, text in secrets.items()}
    given = {name: each for name, each in written.items() if name != "where"}
    told = _revealed(bind(given, functions=functions)({"secrets": opaque}))
    try:
        options = kind.read(told)
    except ValueError as error:
        raise ValueError(Vault(secrets).mask(str(error))) from None
    return partial(kind.listen, options)


def _revealed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _revealed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_revealed(each) for each in value]
    return value.reveal() if isinstance(value, Secret) else value


def _patterns(options: Mapping[str, Any]) -> list[str]:
    paths = options.get("paths", ())
    return [paths] if isinstance(paths, str) else list(map(str, paths))
