"""libyaml's complaints, told as what the writer of a workflow most likely did."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import yaml

from ciranda.errors import Fault
from ciranda.workflow.faults import SourceText
from ciranda.workflow.nodes import Mapping, Node, Scalar
from ciranda.workflow.scalars import shown

__all__ = [
    "alias_hint",
    "comment_in_expression",
    "explain",
    "key_fault",
    "squeezed_fault",
    "tag_fault",
]

_QUOTE: Final = "quote the whole value"
_TAG: Final = re.compile(r"!<[^>\s]*>?|![^\s,\[\]{}]*")
_CRON_STAR: Final = re.compile(r"\*\S*")
_NO_SPACE: Final = re.compile(r"\s*(?:- +)*(-(?=[\w\"'])|[A-Za-z_][\w.-]*:(?=[^\s:/]))")
_ENTRY: Final = re.compile(r"\s*(?:- +)*(?:\"[^\"]*\"|'[^']*'|[^\s'\"#][^:#]*):\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Where libyaml stopped, where what it was reading began, and what it said."""

    source: SourceText
    problem: str
    context: str
    line: int
    column: int
    opened_line: int
    opened_column: int

    @property
    def text(self) -> str:
        return self.source.line(self.line)

    @property
    def before(self) -> str:
        return self.text[: self.column - 1]

    @property
    def character(self) -> str:
        return self.text[self.column - 1 : self.column]

    @property
    def at_end(self) -> bool:
        """Whether nothing but blank lines and comments follows."""
        rest = (self.text[self.column - 1 :], *self.source.lines[self.line :])
        return all(not line.strip() or line.lstrip().startswith("#") for line in rest)

    def here(self, message: str, hint: str = "") -> Fault:
        return self.source.fault(message, self.line, self.column, hint=hint)

    def at_opening(self, message: str, hint: str = "") -> Fault:
        return self.source.fault(message, self.opened_line, self.opened_column, hint=hint)


def explain(error: yaml.YAMLError, source: SourceText, opened: tuple[int, int]) -> Fault:
    """Return the fault behind an error of libyaml's scanner or parser.

    Args:
        error: What libyaml raised.
        source: The text it was given.
        opened: Line and column of the innermost collection that had not ended.
    """
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return source.fault(f"this is not YAML: {error}", 0, 0)
    mark = error.problem_mark
    context = error.context_mark
    if context and "flow node" not in (error.context or ""):
        opened = context.line + 1, context.column + 1
    trouble = _Trouble(
        source,
        error.problem or "",
        error.context or "",
        mark.line + 1,
        mark.column + 1,
        *opened,
    )
    indent = trouble.text[: len(trouble.text) - len(trouble.text.lstrip())]
    if "\t" in indent and "quoted" not in trouble.context:
        column = indent.index("\t") + 1
        message = "a tab indents this line"
        return source.fault(message, trouble.line, column, hint="indent with spaces")
    if "directive" in trouble.context:
        return _bad_directive(trouble)
    for words, tell in _TOLD:
        if words in trouble.problem:
            return tell(trouble)
    message = f"this is not YAML: {trouble.problem}"
    return trouble.here(f"{message} {trouble.context}" if trouble.context else message)


def _two_colons(trouble: _Trouble) -> Fault:
    before = trouble.before
    if before.rfind("${{") > before.rfind("}}"):
        return trouble.here("an unquoted `${{` ends at `: `, which YAML reads as a key", _QUOTE)
    key = _ENTRY.match(before)
    if key:
        return trouble.here("`: ` inside an unquoted value reads as a second key", _QUOTE)
    above = _line_with_text(trouble.source, trouble.line)
    squeezed = squeezed_fault(trouble.source, above) if above else None
    if squeezed:
        return squeezed
    if above and not before.strip():
        return trouble.here("a key is missing before this colon")
    if above:
        return trouble.here(
            f"a key stands here, but line {above} already began a value as text",
            "check the indentation, or end the line above with a colon",
        )
    return trouble.here("a key cannot stand here")


def _no_colon(trouble: _Trouble) -> Fault:
    squeezed = squeezed_fault(trouble.source, trouble.opened_line)
    if squeezed:
        return squeezed
    word = trouble.source.line(trouble.opened_line)[trouble.opened_column - 1 :].strip()
    return trouble.at_opening(f"{shown(word)} has no colon", "write `key: value`, or indent it")


def _unclosed_quote(trouble: _Trouble) -> Fault:
    quote = trouble.source.line(trouble.opened_line)[trouble.opened_column - 1]
    return trouble.at_opening(f"the quote {quote} opened here is never closed")


def _bracket(trouble: _Trouble) -> Fault:
    kind = "mapping" if "'}'" in trouble.problem else "list"
    opening, closing = "{}" if kind == "mapping" else "[]"
    if trouble.column > 1 and trouble.text[trouble.column - 2 :].startswith("${{"):
        message = f"unquoted `${{{{` in a flow {kind}"
        return trouble.source.fault(
            message, trouble.line, trouble.column - 1, hint="quote the value"
        )
    if trouble.at_end:
        return trouble.at_opening(f"`{opening}` opened here is never closed")
    if trouble.line > trouble.opened_line and trouble.before.strip():
        message = f"`{opening}` of line {trouble.opened_line} is still open here"
        return trouble.here(message, "close it, or write a comma before this line's entry")
    if trouble.character == ":":
        hint = "quote a value that holds `: `, or write a comma before the next key"
        return trouble.here(f"`: ` cannot stand twice in one entry of a flow {kind}", hint)
    return trouble.here(
        f"a comma or `{closing}` is missing before this",
        f"`{opening}` was opened on line {trouble.opened_line}",
    )


def _no_content(trouble: _Trouble) -> Fault:
    if trouble.at_end and "flow" in trouble.context:
        return trouble.at_opening(
            f"`{trouble.source.line(trouble.opened_line)[trouble.opened_column - 1]}` "
            "opened here is never closed"
        )
    if trouble.text.startswith("..."):
        return trouble.here("the document is empty")
    character = trouble.character
    if character in "]}" and "block" in trouble.context:
        return trouble.here(f"`{character}` closes nothing", "quote the value")
    if character == "," and "flow" in trouble.context:
        return trouble.here("a value is missing before this comma")
    return _bad_start(trouble)


def _no_key(trouble: _Trouble) -> Fault:
    before = trouble.before.rstrip()
    if before and before[-1] in "'\"":
        quote = "double quotes outside" if before[-1] == "'" else "single quotes outside"
        message = "text follows the closing quote"
        return trouble.here(message, f"{_QUOTE}, with {quote} if needed")
    if before and before[-1] in "]}":
        return trouble.here(f"text follows the closing `{before[-1]}`", _QUOTE)
    if trouble.character == ":" and not before:
        return trouble.here("a key is missing before this colon")
    if before:
        return trouble.here("this cannot follow what stands before it on the line", _QUOTE)
    return _misplaced_line(trouble)


def _misplaced_line(trouble: _Trouble) -> Fault:
    opened = trouble.opened_line
    if trouble.problem.startswith("did not find expected '-'"):
        hint = "begin it with `- `, or indent it less or more"
        return trouble.here(f"this line is no item of the list that begins on line {opened}", hint)
    if trouble.text[trouble.column - 1 :].startswith(("- ", "-\n")):
        return trouble.here(
            f"a list item stands among the keys of the mapping that begins on line {opened}",
            "indent the list under its key",
        )
    message = f"this line is indented unlike the mapping that begins on line {opened}"
    return trouble.here(message, "line it up with the keys it belongs to")


def _not_an_alias(trouble: _Trouble) -> Fault:
    word = trouble.source.line(trouble.opened_line)[trouble.opened_column - 1 :].split(" ")[0]
    if "anchor" in trouble.context:
        return trouble.at_opening(f"{shown(word)} is an anchor: quote it")
    return trouble.at_opening(f"{shown(word)} is an alias: quote it")


def _bad_tag(trouble: _Trouble) -> Fault:
    return tag_fault(trouble.source, trouble.opened_line, trouble.opened_column)


def _bad_start(trouble: _Trouble) -> Fault:
    if trouble.character == "\t":
        return trouble.here("a tab stands where only spaces may", "indent with spaces")
    named = "a backtick" if trouble.character == "`" else f"`{trouble.character}`"
    return trouble.here(f"a value cannot start with {named}", "quote it")


def _bad_block(trouble: _Trouble) -> Fault:
    text = trouble.source.line(trouble.opened_line)[trouble.opened_column - 1 :]
    return trouble.at_opening(
        f"`{text[0]}` begins a text block, and nothing may follow it on the line",
        "quote the value, or start the text on the next line",
    )


def _bad_escape(trouble: _Trouble) -> Fault:
    # libyaml points before a letter it does not know, and behind one whose digits are wrong.
    known = "unknown" not in trouble.problem
    start = trouble.text.rfind("\\", 0, trouble.column - 1) if known else trouble.column - 1
    sequence = trouble.text[start : start + 2]
    hint = "single quotes keep a backslash as it is; in double quotes write `\\\\`"
    if sequence[1:] == "u" and "code" in trouble.problem:
        hint = "write the character itself, or `\\U` with eight digits"
    what = "is no escape in YAML"
    if "hexdecimal" in trouble.problem:
        what = "lacks its hexadecimal digits"
    what = "names no character" if "code" in trouble.problem else what
    message = f"`{sequence}` {what}"
    return trouble.source.fault(message, trouble.line, start + 1, hint=hint)


def _list_here(trouble: _Trouble) -> Fault:
    message = "a list cannot begin on the line of its key"
    return trouble.here(message, "put each `- ` on a line of its own, or quote the value")


def _after_end(trouble: _Trouble) -> Fault:
    return trouble.here("the document has ended above this, and more text follows")


def _squeezed_flow(trouble: _Trouble) -> Fault:
    return trouble.here("`:` needs a space after it in a flow mapping", "or quote the value")


def _bad_directive(trouble: _Trouble) -> Fault:
    return trouble.here("a line that begins with `%` is a YAML directive", "remove it or quote it")


def _question(trouble: _Trouble) -> Fault:
    return trouble.here("`? ` begins a key in YAML", _QUOTE)


def _tab(trouble: _Trouble) -> Fault:
    return trouble.here("a tab indents this line", "indent with spaces")


_TOLD: Final[tuple[tuple[str, Callable[[_Trouble], Fault]], ...]] = (
    ("mapping values are not allowed", _two_colons),
    ("could not find expected ':'", _no_colon),
    ("found unexpected end of stream", _unclosed_quote),
    ("found unexpected document indicator", _unclosed_quote),
    ("did not find expected ',' or", _bracket),
    ("did not find expected node content", _no_content),
    ("did not find expected key", _no_key),
    ("did not find expected '-' indicator", _no_key),
    ("alphabetic or numeric character", _not_an_alias),
    ("found undefined tag handle", _bad_tag),
    ("did not find expected whitespace or line break", _bad_tag),
    ("did not find the expected '>'", _bad_tag),
    ("did not find expected tag URI", _bad_tag),
    ("did not find expected '!'", _bad_tag),
    ("URI escaped octet", _bad_tag),
    ("octet", _bad_tag),
    ("cannot start any token", _bad_start),
    ("tab character", _tab),
    ("comment or line break", _bad_block),
    ("indentation indicator", _bad_block),
    ("unknown escape character", _bad_escape),
    ("hexdecimal", _bad_escape),
    ("invalid Unicode character escape", _bad_escape),
    ("block sequence entries", _list_here),
    ("mapping keys are not allowed", _question),
    ("expected <document start>", _after_end),
    ("found unexpected ':'", _squeezed_flow),
    ("duplicate", _bad_directive),
    ("incompatible YAML document", _bad_directive),
)


def tag_fault(source: SourceText, line: int, column: int) -> Fault:
    """Return the fault of a `!tag`, which is nearly always a negation."""
    found = _TAG.search(source.line(line), column - 1)
    word = found[0] if found else "!"
    place = found.start() + 1 if found else column
    advice = f"write {shown('not ' + word[1:])}" if len(word) > 1 else "write `not`"
    if word.startswith("!!"):
        advice = "quote the value to make it text"
    elif word.startswith("!<"):
        advice = _QUOTE
    return source.fault(f"{shown(word)} is a tag: {advice}", line, place, kind="yaml.tag")


def squeezed_fault(source: SourceText, line: int) -> Fault | None:
    """Return the fault of a line like `name:value` or `-item`, if it is one."""
    found = _NO_SPACE.match(source.line(line))
    if not found:
        return None
    message = f"a space is missing after {shown(found[1])}"
    return source.fault(message, line, found.end(1) + 1)


def alias_hint(line: str) -> str:
    """Return what to do about `*word` where no alias was meant."""
    return "quote a value that begins with `*`" if _CRON_STAR.search(line) else ""


def comment_in_expression(source: SourceText, line: int, column: int) -> Fault | None:
    """Return the fault of an unquoted expression that ended at ` #`, at this place."""
    rest = source.line(line)[column - 1 :]
    if not rest.lstrip().startswith("#"):
        return None
    place = column + len(rest) - len(rest.lstrip())
    message = "the expression ended at ` #` as a comment"
    return source.fault(message, line, place, hint=_QUOTE)


def key_fault(source: SourceText, key: Node) -> Fault:
    """Return the fault of a key that is no text."""
    if not isinstance(key, Scalar):
        kind = "mapping" if isinstance(key, Mapping) else "list"
        message, hint = f"a key must be text, not a {kind}", ""
        if source.line(key.line)[key.column - 2 : key.column] == "{{":
            hint = 'an expression is written "${{ ... }}", in quotes'
        return source.fault(message, key.line, key.column, hint=hint, kind="yaml.key")
    if isinstance(key.value, str):
        message = f"the key {shown(key.text)} is half an expression: `: ` inside it reads as a key"
        return source.fault(message, key.line, key.column, hint=_QUOTE, kind="yaml.key")
    if not key.text:
        return source.fault("a key is missing", key.line, key.column, kind="yaml.key")
    what = "null" if key.value is None else "a number"
    what = "a boolean" if isinstance(key.value, bool) else what
    message = f"the key {shown(key.text)} is {what}, not text"
    hint = f'quote it: "{key.text}"'
    return source.fault(message, key.line, key.column, hint=hint, kind="yaml.key")


def _line_with_text(source: SourceText, line: int) -> int:
    """Return the nearest line above that holds more than a comment; 0 if none does."""
    for number in range(line - 1, 0, -1):
        text = source.line(number).strip()
        if text and not text.startswith("#"):
            return number
    return 0
