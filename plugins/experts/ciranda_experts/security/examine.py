"""One piece of code, looked at in the language that it is in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..intent.intent import Source
from .hidden import check_text
from .limits import PAYLOAD_DEPTH
from .page import Page
from .plain.analysis import analyse_plain, analyse_shell, supported
from .plain.guess import guess_language
from .plain.language import language_of
from .python.analysis import UnreadableError, analyse_python
from .rule import Hit
from .rules import Rules
from .startup import running_lines

__all__ = ["Examination", "examine"]

_PAYLOADS = 200  # pieces of code within one piece of code
_DOES = re.compile(r"\bimport\b|[\w\])]\s*\(|^\s*@\w", re.MULTILINE)  # an import or a call


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found in a piece of code.

    Args:
        page: Its text.
        language: What it was read as; "" where nobody could say.
        hits: What was found, in the order of the text.
        fault: Why it could not be read, or not to its end; "" where it could.
        line: Where the fault is, from 1; 0 when unknown.
        column: In characters, from 1; 0 when unknown.
    """

    page: Page
    language: str
    hits: tuple[Hit, ...] = ()
    fault: str = ""
    line: int = 0
    column: int = 0


def examine(source: Source, rules: Rules, int_bits: int | None = None) -> Examination:
    """Look for attack patterns in a piece of code, which is never run.

    A language that nobody named is Python where it parses as that, else what it shows the signs
    of. Code that does not parse, or in a language without rules, has a `fault`. Code that is said
    to be in one language and reads as another is looked at in both: whoever runs it may know
    better.
    """
    page = Page(source.text.removeprefix("\ufeff"))  # some editors mark the beginning of a file
    made = _Examiner(rules, int_bits).examine(page, language_of(source.language), 0)
    hidden = check_text(page, python=made.language in ("python", "pth"))
    columned = [
        replace(hit, column=page.column(hit.line, hit.column - 1))
        if made.language == "python"
        else hit
        for hit in made.hits
    ]
    kept = {(h.rule, h.line, h.column): h for h in [*columned, *hidden] if h.rule not in rules.off}
    return replace(made, hits=tuple(sorted(kept.values())))


class _Examiner:
    def __init__(self, rules: Rules, int_bits: int | None) -> None:
        self._rules = rules
        self._int_bits = int_bits
        self._left = _PAYLOADS

    def examine(self, page: Page, language: str, depth: int) -> Examination:
        if language == "":
            return self._unknown(page, depth)
        if language == "python":
            return self._python(page, depth)
        if language == "pth":
            return self._startup(page, depth)
        return self._declared(page, language, depth)

    def _declared(self, page: Page, language: str, depth: int) -> Examination:
        made = self._plain(page, language)
        others = self._read_as_python(page, depth)
        guessed = guess_language(page.text)
        if supported(language) and supported(guessed) and guessed != language:
            others += self._plain(page, guessed).hits
        return replace(made, hits=(*made.hits, *others)) if others else made

    def _read_as_python(self, page: Page, depth: int) -> tuple[Hit, ...]:
        """Look at code of another language as Python, if it reads as that and does something."""
        if not _DOES.search(page.text):
            return ()
        made = self._python(page, depth)
        return tuple(
            replace(
                hit, column=page.column(hit.line, hit.column - 1), what=f"as Python: {hit.what}"
            )
            for hit in made.hits
        )

    def _plain(self, page: Page, language: str) -> Examination:
        if not supported(language):
            fault = f"there are no rules for {language:.30}"
            return Examination(page=page, language=language, fault=fault)
        if language == "shell":
            read = analyse_shell(page)
        else:
            read = analyse_plain(page, language, self._rules.matching(language), self._int_bits)
        return Examination(
            page=page,
            language=language,
            hits=read.hits,
            fault=read.fault,
            line=read.line,
            column=read.column,
        )

    def _unknown(self, page: Page, depth: int) -> Examination:
        found = self._python(page, depth)
        if not found.fault:
            return found
        guessed = guess_language(page.text)
        if guessed:
            return self.examine(page, guessed, depth)
        return replace(found, language="", fault="it is not Python, and in no language known here")

    def _python(self, page: Page, depth: int) -> Examination:
        try:
            analysis = analyse_python(page, self._rules.matching("python"), self._int_bits)
        except UnreadableError as error:
            return Examination(
                page=page,
                language="python",
                fault=str(error),
                line=error.line,
                column=error.column,
            )
        hits = list(analysis.hits)
        for text, language, line, column in analysis.payloads:
            hits += self._payload(text, language, line, column, depth)
        return Examination(page=page, language="python", hits=tuple(hits))

    def _payload(
        self, text: str, language: str, line: int, column: int, depth: int
    ) -> Sequence[Hit]:
        """Look at code that the code runs; what is found is said of the place that runs it."""
        self._left -= 1
        if depth >= PAYLOAD_DEPTH or self._left < 0:
            return [Hit(line, column, "too-indirect", "code within code within code")]
        inner = self.examine(Page(text), language, depth + 1)
        return [Hit(line, column, hit.rule, f"in what it runs: {hit.what}") for hit in inner.hits]

    def _startup(self, page: Page, depth: int) -> Examination:
        hits: list[Hit] = []
        fault, place = "", 0
        for line, text in running_lines(page):
            hits.append(Hit(line, 1, "startup-code", "runs whenever Python starts"))
            made = self._python(Page(text), depth)
            inner = made.page
            hits += [
                Hit(line, inner.column(1, hit.column - 1), hit.rule, hit.what) for hit in made.hits
            ]
            if made.fault and not fault:
                fault, place = made.fault, line
        return Examination(
            page=page, language="pth", hits=tuple(hits), fault=fault, line=place, column=1
        )
