"""What a goal says about a task in brackets: `(2m, 3 requests, high priority, after linting)`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from ciranda.workflow.durations import duration_text, parse_duration

from ..faults import FaultKind

__all__ = ["Notes", "read_notes"]

_UNITS: Final = {
    "ms": "ms", "msec": "ms", "millisecond": "ms",
    "s": "s", "sec": "s", "second": "s",
    "m": "m", "min": "m", "minute": "m",
    "h": "h", "hr": "h", "hour": "h",
    "d": "d", "day": "d",
}  # fmt: skip
_MILLISECONDS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_UNIT: Final = "|".join(f"{one}s?" for one in sorted(_UNITS, key=len, reverse=True))
_ONE: Final = rf"(\d{{1,12}}(?:\.\d{{1,9}})?)\s*({_UNIT})"
_TIME: Final = re.compile(rf"(?:~|about |ca\.? )?\s*([-+]?)((?:{_ONE}\s*)+)(?<!\s)", re.IGNORECASE)
_PIECE: Final = re.compile(_ONE, re.IGNORECASE)
_TIMED: Final = re.compile(
    r"(estimate|takes|timeout|at most|deadline|within)\s*:?\s+(.+)", re.IGNORECASE
)
_COST: Final = re.compile(
    r"(?:costs?:?\s+)?(-?\d{1,12}(?:\.\d{1,3})?)(k|m)?\s+(requests?|calls?|(?:(input|output)\s+)?tokens?)"
    r"(?:\s+(in|out))?",
    re.IGNORECASE,
)
_PRIORITY: Final = re.compile(
    r"priority\s*:?\s*([-+]?\d{1,9})|(\w+)\s+priority|(urgent)|p([0-4])", re.IGNORECASE
)
_LEVELS: Final = {"highest": 20, "high": 10, "normal": 0, "low": -10, "lowest": -20}
_RETRIES: Final = re.compile(r"(\d{1,4})\s+(?:retries|retry)|retries:?\s+(\d{1,4})", re.IGNORECASE)
_ID: Final = re.compile(r"(?:id\s*:\s*|#)([^\s,;]+)", re.IGNORECASE)
_USES: Final = re.compile(r"uses:?\s+([\w.-]+)", re.IGNORECASE)
_LOCKS: Final = re.compile(r"locks?:?\s+(.+)", re.IGNORECASE)
_KIND: Final = re.compile(r"(cpu|io)(?:[- ]bound)?|kind:?\s+(\S+)", re.IGNORECASE)
_NEEDS: Final = re.compile(
    r"(?:comes |runs |only )?(after|once|depends on|dependent on|needs|requires|before)\b:?\s*(.*)",
    re.IGNORECASE,
)
_ANY: Final = re.compile(r"in parallel|any time|at any time|meanwhile", re.IGNORECASE)
_THOUSANDS: Final = {"": 1, "k": 1000, "m": 1_000_000}


@dataclass(slots=True)
class Notes:
    """What the brackets of one task say.

    `fields` are those of a task in a plan file; `after` and `before` are the words that name
    other tasks; `loose` says that the order of the list does not bind it; `faults` are pairs of a
    kind and a sentence; `rest` holds what was no note and goes on as words.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    loose: bool = False
    faults: list[tuple[FaultKind, str]] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


def read_notes(text: str, notes: Notes) -> bool:
    """Read what stands between two brackets into `notes`.

    Returns:
        Whether it was a note; if not, it is words like others and nothing was read.
    """
    pieces = [piece.strip() for piece in re.split(r"[,;]", text)]
    pieces = [piece for piece in pieces if piece]
    read = Notes()
    last = ""
    for piece in pieces:
        # "after lint, test" names two tasks.
        if _piece(piece, read):
            last = "after" if read.after and _NEEDS.fullmatch(piece) else ""
        elif last:
            read.after[-1] += f", {piece}"
        else:
            read.rest.append(piece)
    if len(read.rest) == len(pieces):
        return False
    cost = {**notes.fields.get("cost", {}), **read.fields.get("cost", {})}
    notes.fields |= read.fields | ({"cost": cost} if cost else {})
    notes.after += read.after
    notes.before += read.before
    notes.loose |= read.loose
    notes.faults += read.faults
    notes.rest += read.rest
    return True


def _piece(piece: str, notes: Notes) -> bool:
    fields = notes.fields
    if found := _TIME.fullmatch(piece):
        _time(found, "estimate", piece, notes)
    elif found := _TIMED.fullmatch(piece):
        name = {"timeout": "timeout", "at most": "timeout"}.get(found[1].lower(), "estimate")
        name = "deadline" if found[1].lower() in {"deadline", "within"} else name
        _time(_TIME.fullmatch(found[2].strip()), name, found[2].strip(), notes)
    elif found := _COST.fullmatch(piece):
        _cost(found, piece, notes)
    elif found := _NEEDS.fullmatch(piece):
        names = notes.before if found[1].lower() == "before" else notes.after
        names.append(found[2])
    elif found := _RETRIES.fullmatch(piece):
        fields["retries"] = int(found[1] or found[2])
    elif found := _ID.fullmatch(piece):
        fields["id"] = found[1]
    elif found := _USES.fullmatch(piece):
        fields["uses"] = found[1]
    elif found := _LOCKS.fullmatch(piece):
        names = re.split(r"\s+and\s+|\s*[+&]\s*", found[1].strip())
        fields["resources"] = {**fields.get("resources", {}), **dict.fromkeys(names, 1)}
    elif found := _KIND.fullmatch(piece):
        fields["kind"] = (found[1] or found[2]).lower()
    elif _ANY.fullmatch(piece):
        notes.loose = True
    else:
        return _priority(piece, notes)
    return True


def _priority(piece: str, notes: Notes) -> bool:
    found = _PRIORITY.fullmatch(piece)
    if not found:
        return False
    if found[1]:
        notes.fields["priority"] = int(found[1])
    elif found[3]:
        notes.fields["priority"] = _LEVELS["highest"]
    elif found[4]:
        notes.fields["priority"] = 20 - 10 * int(found[4])
    elif (word := found[2].lower()) in _LEVELS:
        notes.fields["priority"] = _LEVELS[word]
    else:
        known = ", ".join(_LEVELS)
        text = f"`{piece}` is no priority: write one of {known}, or `priority 5`"
        notes.faults.append((FaultKind.INVALID_FIELD, text))
    return True


def _time(found: re.Match[str] | None, name: str, piece: str, notes: Notes) -> None:
    if found is None:
        text = f"`{piece}` is no {name}: write a length of time such as `30s` or `1h30m`"
        notes.faults.append((FaultKind.INVALID_DURATION, text))
        return
    if found[1] == "-":
        text = f"the {name} `{piece}` is below zero: write how long it takes"
        notes.faults.append((FaultKind.INVALID_DURATION, text))
        return
    whole = sum(
        round(float(count) * _MILLISECONDS[_unit(unit)]) for count, unit in _PIECE.findall(found[2])
    )
    try:
        notes.fields[name] = duration_text(parse_duration(f"{whole}ms"))
    except ValueError:
        text = f"the {name} `{piece}` is longer than a century: write a shorter one"
        notes.faults.append((FaultKind.INVALID_DURATION, text))


def _unit(word: str) -> str:
    word = word.lower()
    return _UNITS[word] if word in _UNITS else _UNITS[word.removesuffix("s")]


def _cost(found: re.Match[str], piece: str, notes: Notes) -> None:
    count = float(found[1]) * _THOUSANDS[(found[2] or "").lower()]
    if count < 0 or count != int(count):
        text = f"the cost `{piece}` is no whole number of 0 or more: write one, as in `3 requests`"
        notes.faults.append((FaultKind.INVALID_COST, text))
        return
    side = (
        found[4] or {"in": "input", "out": "output"}.get((found[5] or "").lower(), "input")
    ).lower()
    tokens = found[3].lower().endswith(("token", "tokens"))
    cost = notes.fields.setdefault("cost", {})
    cost[f"{side}_tokens" if tokens else "requests"] = int(count)
