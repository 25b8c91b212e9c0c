"""What a text hides from those who read it, whatever its language."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from .page import Page
from .rule import Hit

__all__ = ["check_text"]

_DIRECTION: Final = re.compile(
    "[\\u202a-\\u202e\\u2066-\\u2069\\u200b\\u200e\\u200f\\u2060\\U000e0000-\\U000e007f]"
)
_ENCODING: Final = re.compile(r"\A(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")
_USUAL: Final = frozenset({
    "utf-8", "utf8", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "iso-8859-15",
    "cp1252", "utf-8-sig", "utf-8-unix", "utf_8", "latin-1-unix", "koi8-r", "euc-jp",
})  # fmt: skip
_WORD: Final = re.compile(r"[^\W\d_]{2,64}")
_OMICRON: Final = frozenset("\u03bf\u039f")
_SAMPLE: Final = 20_000  # words that are looked at


def check_text(page: Page, *, python: bool) -> list[Hit]:
    """Look for signs that change the direction of writing, look-alikes, and odd encodings."""
    hits = []
    if python:
        found = _ENCODING.match(page.text)
        if found is not None and found[1].lower().replace("_", "-") not in _USUAL:
            hits.append(Hit(*page.place(found.start(1)), "source-encoding", f"{found[1]:.30}"))
    if page.text.isascii():
        return hits
    found = _DIRECTION.search(page.text)
    if found is not None:
        name = unicodedata.name(found[0], "a sign that cannot be seen").lower()
        hits.append(Hit(*page.place(found.start()), "hidden-text", name))
    for count, word in enumerate(_WORD.finditer(page.text)):
        if count > _SAMPLE:
            break
        if not word[0].isascii() and _mixed(word[0]):
            hits.append(Hit(*page.place(word.start()), "mixed-script", f"{word[0]:.30}"))
            break
    return hits


def _mixed(word: str) -> bool:
    """Say whether Latin letters stand beside those of a script that looks like it in a word.

    Greek letters beside Latin ones are the names of physics, but for omicron.
    """
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
    alike = bool(scripts & {"CYRILLIC", "ARMENIAN", "CHEROKEE"}) or bool(set(word) & _OMICRON)
    return "LATIN" in scripts and alike
