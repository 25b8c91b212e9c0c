"""The values of a plan's fields: what each may be, and what is said when it is something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, final

from ciranda.workflow.durations import parse_duration
from ciranda.workflow.nearest import nearest
from ciranda.workflow.written import shown

from .faults import FaultKind
from .loading import Source, Where

__all__ = ["CENTURY", "MOST", "Fields"]

CENTURY: Final = 36_525 * 86_400  # seconds, which timers can hold everywhere
MOST: Final = 1_000_000_000  # of anything that is counted


@final
class Fields:
    """The fields of one mapping: each reader gives a value, or notes a fault and gives none."""

    __slots__ = ("data", "source", "subject", "task", "where")

    def __init__(
        self, source: Source, data: Mapping[str, Any], where: Where, subject: str, task: str = ""
    ) -> None:
        self.source = source
        self.data = data
        self.where = where
        self.subject = subject  # whose fields they are, as a sentence names it
        self.task = task

    def fault(self, kind: FaultKind, name: str | int, message: str, *, key: bool = False) -> None:
        """Note a fault of one field; the message goes on after the subject."""
        text = f"{self.subject}: {message}" if self.subject else message
        self.source.add(kind, self.task, (*self.where, name), text, key=key)

    def known(self, names: Iterable[str]) -> None:
        """Note every field that has none of these names, and does not begin with `x-`."""
        for name in self.data.keys() - frozenset(names):
            if not str(name).startswith("x-"):
                meant = nearest(str(name), sorted(names))
                hint = f"; did you mean `{meant}`?" if meant else "; remove it"
                message = f"{shown(str(name))} is no field of it{hint}"
                self.fault(FaultKind.UNKNOWN_FIELD, name, message, key=True)

    def one_of(self, first: str, second: str, kind: FaultKind) -> str | None:
        """Return which of two spellings is used, if any."""
        if first in self.data and second in self.data:
            self.fault(kind, second, f"`{first}` and `{second}` are the same: keep one", key=True)
        return first if first in self.data else second if second in self.data else None

    def text(self, name: str, kind: FaultKind = FaultKind.INVALID_FIELD) -> str | None:
        """Return a text that is not empty."""
        value = self.data.get(name)
        if name in self.data and not (isinstance(value, str) and value.strip()):
            self.fault(kind, name, f"`{name}` must be text, not {shown(value)}")
            return None
        return value

    def count(
        self, name: str, kind: FaultKind, *, least: int = 0, most: int = MOST, null: bool = False
    ) -> int | None:
        """Return a whole number."""
        value = self.data.get(name)
        if name not in self.data or (null and value is None):
            return None
        if type(value) is not int or not least <= value <= most:
            said = f"must be a whole number from {least:,} to {most:,}, not {shown(value)}"
            self.fault(kind, name, f"`{name}` {said}")
            return None
        return value

    def choice(self, name: str, options: Iterable[str], kind: FaultKind) -> str | None:
        """Return one of some words."""
        value = self.data.get(name)
        words = list(options)
        if name not in self.data or value in words:
            return value
        listed = f"{', '.join(f'`{word}`' for word in words[:-1])} or `{words[-1]}`"
        self.fault(kind, name, f"`{name}` must be {listed}, not {shown(value)}")
        return None

    def texts(self, name: str, kind: FaultKind) -> tuple[str, ...] | None:
        """Return the texts of a list; None if it is no list."""
        value = self.data.get(name)
        if name not in self.data:
            return ()
        if not isinstance(value, list):
            example = shown(value)[1:-1] if isinstance(value, str) and value else "name"
            self.fault(
                kind, name, f"`{name}` must be a list such as [{example}], not {shown(value)}"
            )
            return None
        wrong = [(at, each) for at, each in enumerate(value) if not isinstance(each, str)]
        for at, each in wrong:
            text = f"{self.subject}: `{name}` holds {shown(each)}, which is no text: quote it"
            self.source.add(kind, self.task, (*self.where, name, at), text)
        return tuple([each for each in value if isinstance(each, str)])

    def seconds(self, name: str, *, zero: bool = False) -> float | None:
        """Return a length of time: text such as `1m30s`, seconds, or `_ms` in milliseconds."""
        value = self.data.get(name)
        if name not in self.data:
            return None
        kind, said = FaultKind.INVALID_DURATION, None
        if isinstance(value, str) and not name.endswith("_ms"):
            try:
                seconds = parse_duration(value)
            except ValueError as error:
                said = f"`{name}`: {error}"
        elif isinstance(value, bool) or not isinstance(value, int | float):
            unit = "milliseconds" if name.endswith("_ms") else "seconds, or text such as `30s`"
            said = f"`{name}` must be a number of {unit}, not {shown(value)}"
        elif not abs(value) <= CENTURY * 1000:  # nor is what is no number
            said = f"`{name}` must be from zero to a century, not {shown(value)}"
        else:
            seconds = value / 1000 if name.endswith("_ms") else float(value)
        if said is None and not 0 <= seconds <= CENTURY:
            least = "zero or more" if seconds < 0 else "at most a century"
            said = f"`{name}` must be {least}, not {shown(value)}"
        elif said is None and not zero and not seconds:
            said = f"`{name}` must be more than zero: leave it out for the default"
        if said is not None:
            self.fault(kind, name, said)
            return None
        return seconds

    def time(self, name: str, *, zero: bool = False) -> float | None:
        """Return a length of time from `name`, or from `name_ms` in milliseconds."""
        used = self.one_of(name, f"{name}_ms", FaultKind.INVALID_DURATION)
        return None if used is None else self.seconds(used, zero=zero)
