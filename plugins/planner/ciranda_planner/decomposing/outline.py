"""The outline of a text: headings, list items and sentences, with their places."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from .spans import Masked, mask

__all__ = ["Item", "Outline", "read_outline"]

_FENCE: Final = re.compile(r" *(```+|~~~+)")
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING: Final = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_BULLET: Final = re.compile(r"( *)(?:[-*+]|(\d{1,9})[.)])(?:$|[ ]+(\[[ xX]\](?:$|[ ]+))?)(.*)$")
_RULE: Final = re.compile(r" {0,3}(?:(?:-[ ]*){3,}|(?:\*[ ]*){3,}|(?:_[ ]*){3,}|=+)$")
_QUOTE: Final = re.compile(r" {0,3}(?:> ?)+")
_STEP: Final = re.compile(
    r"(?:(?:step|phase|part)[ ]+(\d{1,9})[.):]?|(\d{1,9})[.)])[ ]+(?=\S)", re.IGNORECASE
)
_SENTENCE: Final = re.compile(r"(?<=[!?;])\s+|(?<=\.)\s+(?![a-z])")  # not after "e.g."
_LONGEST: Final = 4_000  # characters of an item: the patterns that read it are slow on more
_CHILD: Final = 2  # columns that a part is further to the right than what it is a part of


@dataclass(slots=True)
class Item:
    """A heading, a list item or a sentence; `parent` is the place of another one, or -1.

    `line` and `column` count from 1. `long` says that it is cut. `number` is the one that the text
    gives it, `ticked` what its box says (None without one), `heading` its level, 0 for no heading.
    """

    text: str
    line: int
    column: int
    parent: int = -1
    number: int | None = None
    ticked: bool | None = None
    heading: int = 0
    notes: list[str] = field(default_factory=list)
    long: bool = False
    masked: Masked = field(default_factory=lambda: Masked("", ()))


@dataclass(frozen=True, slots=True)
class Outline:
    """What a text is made of; `form` is `list`, `prose` or `nothing`."""

    items: list[Item]
    form: str


@dataclass(slots=True)
class _Reader:
    items: list[Item] = field(default_factory=list)
    paragraphs: list[Item] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    lists: list[tuple[int, int]] = field(default_factory=list)  # indent and place of open items
    open: Item | None = None  # what the next line goes on with
    blank: bool = True

    def heading(self, level: int, text: str, line: int, column: int) -> None:
        while self.headings and self.items[self.headings[-1]].heading >= level:
            self.headings.pop()
        parent = self.headings[-1] if self.headings else -1
        number = None
        if step := _STEP.match(text):
            number, text = int(step[1] or step[2]), text[step.end() :]
        self.items.append(Item(text, line, column, parent, number, heading=level))
        self.headings.append(len(self.items) - 1)
        self.lists.clear()
        self.open = None

    def bullet(self, found: re.Match[str], line: int) -> None:
        indent = len(found[1])
        while self.lists and indent < self.lists[-1][0] + _CHILD:
            self.lists.pop()
        parent = self.lists[-1][1] if self.lists else self.headings[-1] if self.headings else -1
        number = int(found[2]) if found[2] else None
        ticked = found[3][1] in "xX" if found[3] else None
        item = Item(found[4].strip(), line, found.start(4) + 1, parent, number, ticked)
        self.items.append(item)
        self.lists.append((indent, len(self.items) - 1))
        self.open = item

    def text(self, raw: str, line: int) -> None:
        text = raw.strip()
        indented = len(raw) - len(raw.lstrip())
        if self.lists and self.blank and indented <= self.lists[0][0]:
            self.lists.clear()
            self.open = None
        if self.lists and self.blank:
            self.items[self.lists[-1][1]].notes.append(text)
        elif self.open is not None:
            self.open.text = f"{self.open.text} {text}".strip()
        else:
            parent = self.headings[-1] if self.headings else -1
            self.open = Item(text, line, indented + 1, parent)
            self.paragraphs.append(self.open)

    def note(self, text: str) -> None:
        if self.lists:
            self.items[self.lists[-1][1]].notes.append(text)


def read_outline(text: str) -> Outline:
    """Return what a text is made of; it never fails, and takes time in proportion to the text."""
    reader = _Reader()
    fence = ""
    for line, raw in enumerate(_lines(text), start=1):
        if opened := _FENCE.match(raw):
            if not fence:
                fence = opened[1]
            elif opened[1].startswith(fence):
                fence = ""
        elif fence:
            reader.note(raw)
        elif not raw.strip() or _RULE.match(raw):
            reader.blank = True
            if not reader.lists:
                reader.open = None
            continue
        elif found := _HEADING.match(raw):
            reader.heading(len(found[1]), found[2], line, found.start(2) + 1)
        elif found := _BULLET.match(raw):
            reader.bullet(found, line)
        else:
            reader.text(raw, line)
        reader.blank = False
    form = "list"
    if all(item.heading for item in reader.items):
        reader.items += _sentences(reader.paragraphs)
        form = "prose" if any(not item.heading for item in reader.items) else "nothing"
    for item in reader.items:
        item.long = len(item.text) > _LONGEST
        item.masked = item.masked if item.masked.text else mask(item.text[:_LONGEST])
    return Outline(reader.items, form)


def _lines(text: str) -> list[str]:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    text = "".join(each if each == "\n" or each.isprintable() else " " for each in text)
    # A comment is gone, and its lines stay where they were.
    text = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    return [_QUOTE.sub("", line) for line in text.split("\n")]


def _sentences(paragraphs: list[Item]) -> list[Item]:
    found = []
    for paragraph in paragraphs:
        if len(paragraph.text) > _LONGEST:
            found.append(paragraph)
            continue
        masked = mask(paragraph.text)
        for piece in _SENTENCE.split(masked.text):
            words = piece.strip().rstrip(".;! ")
            if words:
                part = masked.part(words)
                one = Item(part.plain(), paragraph.line, paragraph.column, paragraph.parent)
                one.masked = part
                found.append(one)
    return found
