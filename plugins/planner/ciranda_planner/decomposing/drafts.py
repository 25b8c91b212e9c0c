"""Tasks as the items of an outline say them, before it is known which others they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..faults import FaultKind
from .notes import Notes, read_notes
from .outline import Item
from .patterns import is_pattern
from .spans import Masked
from .work import Work

__all__ = ["Draft", "read_drafts"]

_SPAN: Final = "\ue000\\d+\ue001"
_THEN: Final = re.compile(
    r"\s*[,;.]\s*(?:and\s+)?then[,:]?\s+|\s+and\s+then[,:]?\s+", re.IGNORECASE
)
_EACH: Final = re.compile(
    rf"for\s+(?:each|every|all)\s+(?:of\s+)?(?:file\s+(?:in|of)\s+)?({_SPAN}|[\w./*?\[\]!~-]+)"
    r"(?:\s+files?)?\s*(?:[:,]\s*|$)",
    re.IGNORECASE,
)
_BRACKETS: Final = re.compile(r"\s*\(([^()]*)\)")
_MARK: Final = re.compile(r"\s*\{#([^\s{}]+)\}")
_DONE: Final = (
    r"(?:\s+(?:is|are|has|have)(?:\s+(?:been|all))?\s+"
    r"(?:done|finished|completed?|ready|over|passed|succeeded))"
)
_END: Final = (
    rf"(?=\s*[:;]|\s*$|\s+(?:with|using|via|by|run|by running|uses:?)\s+{_SPAN}"
    rf"|(?<!\band)(?<!\bthe)(?<!\bstep)(?<![,&+])\s+{_SPAN}$)"  # code after words is the work
)
_ORDERS: Final = {
    "then": "then|afterwards|after that|after this|next|subsequently",
    "finally": "finally|lastly|at last|at the end|in the end",
    "meanwhile": "meanwhile|in parallel|at the same time",
    "first": "first of all|firstly|first|to begin with",
}
_ORDER: Final = re.compile(
    r"(?:and\s+)?(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _ORDERS.items())
    + r")\b[,:]?\s+(?=\S)", re.IGNORECASE,
)  # fmt: skip
_LEAD: Final = re.compile(
    r"(?:only\s+)?(after|before|once|when|as soon as)\s+(.+?),\s+(?=\S)", re.IGNORECASE
)
_TRAIL: Final = re.compile(
    rf"[,\s]+(?:and\s+|which\s+|but\s+|only\s+|this\s+|it\s+)*"
    rf"(?:(after|before|following)\s+(.+?)|(?:depends|depending|dependent)\s+on\s+(.+?)"
    rf"|(?:needs|requires|after|before):\s*(.+?)|(?:once|when|as soon as)\s+(.+?){_DONE}){_END}",
    re.IGNORECASE,
)
# "look after the logs" and "one after another" name no task.
_IDIOM: Final = re.compile(
    r"(?:look(?:s|ed|ing)?|named?|takes?|one|day|time)[,\s]*$", re.IGNORECASE
)
_PRIOR: Final = re.compile(r"(?:(?:and|which|but|only|this|it) )*before\b")
# "after building, `make ship`" has a command; "after building, `test`" has two names.
_CODE: Final = re.compile(rf",\s*({_SPAN})$")
_COMMAS: Final = 20  # names at the beginning of one task
_FINISHED: Final = re.compile(rf"{_DONE}$", re.IGNORECASE)


@dataclass(slots=True)
class Draft:
    """A task or a group of tasks; `parent` is the place of the group that it is a part of.

    `leads` holds, for words such as "After A, B, do C", all ways to end the names: pairs of the
    names and what is left as title, the longest names first. `pattern` holds file patterns;
    `indexed` is what others may call it.
    """

    title: Masked
    line: int
    column: int
    parent: int
    number: int | None = None
    ticked: bool | None = None
    heading: int = 0
    order: str = ""
    notes: Notes = field(default_factory=Notes)
    description: str = ""
    patterns: list[str] = field(default_factory=list)
    work: Work = field(default_factory=Work)
    leads: list[tuple[str, Masked]] = field(default_factory=list)
    lead_before: bool = False
    clauses: bool = False
    faults: list[tuple[FaultKind, str]] = field(default_factory=list)

    @property
    def indexed(self) -> str:
        """The words that it is called by; none where its clauses have names of their own."""
        return "" if self.clauses else (self.leads[-1][1] if self.leads else self.title).plain()

    @property
    def fields(self) -> dict[str, Any]:
        """What its brackets say."""
        return self.notes.fields


def read_drafts(items: Sequence[Item], is_file: Callable[[str], bool]) -> list[Draft]:
    """Return the drafts of an outline; an item of several clauses is a group of them.

    Args:
        items: The outline.
        is_file: Tells whether a word is a file of the goal's folder.
    """
    made: list[Draft] = []
    places: list[int] = []
    for item in items:
        parent = places[item.parent] if item.parent >= 0 else -1
        places.append(len(made))
        masked = item.masked
        one = Draft(
            masked, item.line, item.column, parent, item.number, item.ticked, item.heading,
            description="\n".join(item.notes).strip(),
        )  # fmt: skip
        made.append(one)
        if item.long:
            text = f"`{item.text[:40]}…` is too long for one task: split it up"
            one.faults.append((FaultKind.TOO_LARGE, text))
            continue
        if each := _EACH.match(masked.text):
            one.patterns.append(masked.plain(each[1]))
            masked = masked.part(masked.text[each.end() :])
            if not is_pattern(one.patterns[0]) and not is_file(one.patterns[0]):
                one.patterns.clear()
                masked = item.masked
        pieces = _pieces(masked.text)
        if len(pieces) == 1:
            one.title = masked if masked.text else item.masked
            _read(one)
            continue
        one.clauses = True
        for number, piece in enumerate(pieces):
            part = Draft(masked.part(piece), item.line, item.column, len(made) - 1 - number)
            part.order = "then" if number else ""
            _read(part)
            made.append(part)
    return made


def _pieces(text: str) -> list[str]:
    """Split at each "then", but not within brackets."""
    hidden = _BRACKETS.sub(lambda found: "_" * len(found[0]), text)
    places = [found.span() for found in _THEN.finditer(hidden)]
    pieces = []
    start = 0
    for begin, end in places:
        if hidden[start:begin].strip():
            pieces.append(text[start:begin])
            start = end
    return [*pieces, text[start:]]


def _read(one: Draft) -> None:
    """Take out of a draft's words what they say besides its title and its work."""
    masked = one.title

    def note(found: re.Match[str]) -> str:
        return "" if read_notes(masked.plain(found[1]), one.notes) else found[0]

    text = _BRACKETS.sub(note, masked.text)
    if found := _MARK.search(text):
        one.notes.fields["id"] = found[1]
        text = text[: found.start()] + text[found.end() :]
    text = text.strip()
    if found := _ORDER.match(text):
        order = found.lastgroup or ""
        one.order = order if not one.order or order == "finally" else one.order
        text = text[found.end() :]
    one.title = masked.part(_references(one, masked.part(text.strip(" ,;:."))))
    one.description = "\n".join([*filter(None, [one.description]), *one.notes.rest])
    if not any(map(str.isalnum, one.title.plain())):
        text = "this item has no words: write what is to be done, or remove it"
        one.faults.append((FaultKind.INVALID_TASK, text))


def _references(one: Draft, masked: Masked) -> str:
    """Take the names of other tasks out of a title, at its end and at its beginning."""
    text = masked.text
    while found := _TRAIL.search(text):
        before = text[: found.start()]
        if _IDIOM.search(before) or not before.strip():
            break
        names = next(group for group in found.groups()[1:] if group)
        word = found[0].lstrip(" ,").lower()
        after = text[found.end() :]
        if (code := _CODE.search(names)) and " " in masked.plain(code[1]):
            names, after = names[: code.start()], f" {code[1]}{after}"
        listed = one.notes.before if _PRIOR.match(word) else one.notes.after
        listed.append(masked.plain(names))
        text = f"{before}{after}".strip(" ,;:")
    found = _LEAD.match(text)
    if found and (found[1].lower() in {"after", "before"} or _FINISHED.search(found[2])):
        one.lead_before = found[1].lower() == "before"
        one.leads = [
            (masked.plain(names), masked.part(rest)) for names, rest in _leads(text, found)
        ]
    return text


def _leads(text: str, found: re.Match[str]) -> list[tuple[str, str]]:
    """Return all ways to end the names that a text begins with, the longest names first."""
    start = found.start(2)
    commas = [comma.start() for comma in re.finditer(r",\s+(?=\S)", text)][:_COMMAS]
    return [
        (_FINISHED.sub("", text[start:comma]), text[comma + 1 :].strip())
        for comma in reversed(commas)
    ]
