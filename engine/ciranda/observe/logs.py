"""Log lines of a run: JSON for machines, words for people, each bound to run, step and trace."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TextIO, final

from ciranda.errors import SettingsError
from ciranda.events import (
    ApprovalGiven,
    BlockEntered,
    CacheHit,
    CacheMissed,
    CircuitClosed,
    CircuitHalfOpened,
    CircuitOpened,
    Event,
    EventReceived,
    EventTaken,
    ForeignEvent,
    LoopTurned,
    MapCompleted,
    MapExpanded,
    PlanBegan,
    PlanEnded,
    RunCancelled,
    RunCompleted,
    RunParked,
    RunResumed,
    RunStarted,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepLogged,
    StepSkipped,
    StepStarted,
    StepWaits,
)
from ciranda.observe.identity import Identity
from ciranda.observe.rounds import Rounds
from ciranda.observe.visible import visible

__all__ = ["LEVELS", "LogLines", "log_level"]

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}

_WORDS: Final[dict[type[Event], tuple[str, str]]] = {
    RunStarted: ("info", "run started"),
    RunResumed: ("info", "run resumed"),
    RunCancelled: ("warning", "run asked to stop"),
    RunParked: ("info", "run parked"),
    RunCompleted: ("info", "run completed"),
    StepStarted: ("debug", "step started"),
    StepAttemptFailed: ("warning", "attempt failed"),
    StepCompleted: ("info", "step completed"),
    StepFailed: ("error", "step failed"),
    StepSkipped: ("info", "step skipped"),
    StepCancelled: ("warning", "step cancelled"),
    StepWaits: ("info", "step waits"),
    ApprovalGiven: ("info", "approval given"),
    EventReceived: ("info", "event received"),
    EventTaken: ("debug", "event taken"),
    BlockEntered: ("debug", "block entered"),
    LoopTurned: ("debug", "loop turned"),
    MapExpanded: ("debug", "map expanded"),
    MapCompleted: ("info", "map completed"),
    CacheHit: ("debug", "cache hit"),
    PlanBegan: ("info", "plan began"),
    PlanEnded: ("info", "plan ended"),
    CacheMissed: ("debug", "cache missed"),
    CircuitOpened: ("warning", "circuit opened"),
    CircuitHalfOpened: ("info", "circuit half open"),
    CircuitClosed: ("info", "circuit closed"),
}
_SHOWN: Final = frozenset(
    {
        "age",
        "approved",
        "attempt",
        "attempts",
        "because",
        "block",
        "breaker",
        "by",
        "cached",
        "count",
        "counts",
        "due",
        "duration",
        "epoch",
        "failures",
        "file",
        "prompt",
        "reason",
        "source",
        "status",
        "tolerated",
        "turn",
        "until",
        "wait",
        "warnings",
        "what",
        "who",
        "workflow",
    }
)
_TAKEN: Final = frozenset({"event", "level", "self"})  # words of the logger itself
_OWN: Final = "ciranda.events"  # progress and timers are worth no line
_ENDS: Final = (StepCompleted, StepFailed, StepSkipped, StepCancelled)


def log_level(environ: Mapping[str, str]) -> str | None:
    """Return the level that `CIRANDA_LOG` asks for; None when it asks for no log lines.

    Raises:
        SettingsError: It is no level.
    """
    written = environ.get("CIRANDA_LOG", "").strip().lower()
    if not written or written == "off":
        return None
    if written not in LEVELS:
        raise SettingsError(f"CIRANDA_LOG={written} is no level: write {', '.join(LEVELS)} or off")
    return written


@final
class LogLines:
    """Writes a line for each event of a run, and for each line that a step logs.

    Args:
        stream: Where lines go.
        json: Whether each line is a JSON object; otherwise it is made for reading.
        level: The least level that is written.
        mask: Takes secrets out of a text.
    """

    def __init__(
        self,
        stream: TextIO = sys.stderr,
        *,
        json: bool = False,
        level: str = "info",
        mask: Callable[[str], str] | None = None,
    ) -> None:
        import structlog  # here: it is slow to import, and few runs want log lines

        renderer: Any = (
            structlog.processors.JSONRenderer(ensure_ascii=False)
            if json
            else structlog.dev.ConsoleRenderer(colors=False, sort_keys=False)
        )
        self._mask: Final = mask
        self._stream: Final = stream
        self.json: Final = json
        self._segments: Final[dict[str, Identity]] = {}
        self._rounds: Final[dict[str, Rounds]] = {}
        self._attempts: Final[dict[tuple[str, str], int]] = {}
        self._least: Final = LEVELS[level]
        self._logger: Final = structlog.wrap_logger(
            structlog.WriteLogger(stream),
            processors=[structlog.processors.add_log_level, self._clean, renderer],
            wrapper_class=structlog.make_filtering_bound_logger(self._least),
        )

    @contextmanager
    def for_structlog(self) -> Iterator[None]:
        """Write what is logged by structlog as lines of the same form, while the block lasts.

        Ciranda's own warnings are, such as those of observers that failed. Whoever configured
        structlog before is left alone, and so are people: for them its own form is made.
        """
        import structlog

        if not self.json or structlog.is_configured():
            yield
            return
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                self._clean,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(self._least),
            logger_factory=structlog.WriteLoggerFactory(self._stream),
        )
        try:
            yield
        finally:
            structlog.reset_defaults()

    def prime(self, events: Iterable[Event | ForeignEvent]) -> None:
        """Take in the past of a run that is to be resumed, so that trace ids are right."""
        for event in events:
            if isinstance(event, (RunStarted, RunResumed)):
                self._begin(event)
            elif isinstance(event, BlockEntered):
                self._rounds.setdefault(event.run, Rounds()).apply(event)

    def feed(self, event: Event) -> None:
        """Write the lines that an event is worth."""
        if isinstance(event, (RunStarted, RunResumed)):
            self._begin(event)
        path = getattr(event, "path", "")
        if isinstance(event, StepStarted):
            self._attempts[event.run, path] = event.attempt
        elif isinstance(event, BlockEntered):
            self._rounds.setdefault(event.run, Rounds()).apply(event)
        if isinstance(event, StepLogged):
            level = event.level if event.level in LEVELS else "info"
            self._write(event, path, level, event.text, dict(event.fields))
        elif (words := _WORDS.get(type(event))) is not None:
            level, text = words
            if isinstance(event, RunCompleted) and event.status == "failed":
                level = "error"
            self._write(event, path, level, text, _fields(event))
        elif not type(event).__module__.startswith(_OWN):
            self._write(event, path, "info", f"published {type(event).__name__}", {})
        if isinstance(event, _ENDS):
            self._attempts.pop((event.run, path), None)
        elif isinstance(event, RunCompleted):
            self._segments.pop(event.run, None)
            self._rounds.pop(event.run, None)

    def _begin(self, event: RunStarted | RunResumed) -> None:
        if isinstance(event, RunStarted):
            self._segments[event.run] = Identity(event.run, 0, event.trace_parent)
        else:
            before = self._segments.get(event.run)
            number = before.segment + 1 if before is not None else 1
            self._segments[event.run] = Identity(event.run, number)

    def _write(
        self, event: Event, path: str, level: str, text: str, fields: dict[str, Any]
    ) -> None:
        number = LEVELS[level]
        if number < self._least:
            return
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(event.at))
        bound: dict[str, Any] = {"timestamp": f"{at}.{int(event.at % 1 * 1000):03d}Z"}
        bound["run"] = event.run
        if path:
            bound["step"] = path
        identity = self._segments.get(event.run)
        if identity is not None:
            attempt = self._attempts.get((event.run, path), 0)
            bound["trace_id"] = f"{identity.trace:032x}"
            rounds = self._rounds.get(event.run)
            round_ = "" if rounds is None else rounds.of(path)
            bound["span_id"] = f"{identity.span(path, attempt, round_):016x}"
        for name, value in fields.items():  # a step must not pretend to be another run
            shown = f"{name}_" if name in _TAKEN or name in bound else name
            bound[shown] = value
        self._logger.log(number, text, **bound)

    def _clean(self, logger: Any, method: str, entry: Any) -> Any:
        """Mask every text; make control characters visible for people."""
        return {self._safe(str(name)): self._value(value) for name, value in entry.items()}

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._safe(value)
        if isinstance(value, Mapping):
            return {self._safe(str(name)): self._value(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._value(item) for item in value]
        return value

    def _safe(self, text: str) -> str:
        masked = text if self._mask is None else self._mask(text)
        return masked if self.json else visible(masked)


def _fields(event: Event) -> dict[str, Any]:
    """Return what an event says, without its envelope, outputs, digests, forms and data."""
    found = {
        name: value
        for name in event.__struct_fields__
        if name in _SHOWN and (value := getattr(event, name)) not in ("", None, {}, [], False)
    }
    if isinstance(event, (StepWaits, EventReceived)) and event.event:
        found["name"] = event.event
    error = getattr(event, "error", None)
    if error is not None:
        found["kind"], found["message"] = error.kind, error.message
    return found
