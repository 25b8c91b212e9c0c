"""Text to tokens: the only reader of user text, and the one that finds where `}}` closes."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, NamedTuple, Union

from . import limits
from .error import ExpressionError

WORDS: Final = frozenset(
    "and or not in is if else for true false null True False None".split()  # noqa: SIM905 - reads better
)
_CAPITALS: Final = {"AND": "and", "OR": "or", "NOT": "not"}
# Control, bidirectional and invisible characters: what a reader cannot see must not be there.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_JOINERS: Final = re.compile("[\u200c\u200d\ufe00-\ufe0f]")  # fine within a text only
_SCAN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<name>[^\W\d]\w*)
    |(?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+
        |(?:[0-9][0-9_]*)?\.[0-9][0-9_]*(?:[eE][+-]?[0-9_]+)?
        |[0-9][0-9_]*\.?(?:[eE][+-]?[0-9_]+)?)
    |(?P<quote>['"])
    |(?P<operator>\*\*|//|<<|>>|<=|>=|==|!=|\?\?|&&|\|\||:=|->|[-+*/%<>=!?&|^~.,:;@()\[\]{}$`\\#])
    """,
    re.VERBOSE,
)
_NUMBER: Final = re.compile(
    r"0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?0)*|[1-9](?:_?[0-9])*"
)
_FLOAT: Final = re.compile(
    r"(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][+-]?\d(?:_?\d)*)?|\d(?:_?\d)*(?:\.(?:[eE][+-]?\d(?:_?\d)*)?"
    r"|[eE][+-]?\d(?:_?\d)*)"
)
_PIECE: Final = re.compile(r"""[^\\'"{}\n\r]+""")
_ESCAPES: Final = {
    "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "0": "\0", "a": "\a",
    "b": "\b", "f": "\f", "v": "\v", "/": "/",
}  # fmt: skip
_HEX: Final = {"x": 2, "u": 4, "U": 8}
_HOLES: Final = 8
_OPEN: Final = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    """One token; `value` is what a literal stands for."""

    kind: str  # name, word, number, text, format, operator, end
    text: str
    offset: int
    value: int | float | str | bytes | list[str | Hole] | None = None


@dataclass(frozen=True)
class Hole:
    """`{...}` within an f-string, as tokens."""

    tokens: list[Token]
    offset: int
    conversion: str
    spec: str


def refuse_hidden(source: str) -> None:
    """Refuse characters that a reader cannot see.

    Raises:
        ExpressionError: Of kind security.
    """
    if source.isascii() and source.isprintable():
        return
    found = _HIDDEN.search(source)
    if found is not None:
        code = f"U+{ord(found.group()):04X}"
        message = f"the invisible character {code} is not allowed; write it as an escape in a text"
        raise ExpressionError("security", message, offset=found.start(), source=source)


def tokenize(source: str, *, capitals: bool = False) -> list[Token]:
    """Return the tokens of a whole expression, ending with one of kind `end`.

    Raises:
        ExpressionError: For what is no token, and for every limit of length and depth.
    """
    if len(source) > limits.SOURCE:
        message = f"an expression may have {limits.SOURCE} characters, this one has {len(source)}"
        raise ExpressionError("limit", message, offset=limits.SOURCE, source=source[:200])
    refuse_hidden(source)
    reader = _Reader(source, capitals)
    tokens, _ = reader.read(0, "")
    return tokens


def find_end(text: str, start: int) -> int:
    """Return where the `}}` stands that closes the expression beginning at `start`.

    Raises:
        ExpressionError: When nothing closes it, or what stands there is no expression.
    """
    cut = text[: start + limits.SOURCE + 2]
    _, end = _Reader(cut, capitals=False).read(start, "template")
    return end


def find_brace(text: str, start: int) -> int:
    """Return where the `}` stands that closes the expression beginning at `start`.

    Raises:
        ExpressionError: When nothing closes it, or what stands there is no expression.
    """
    cut = text[: start + limits.SOURCE + 1]
    _, end = _Reader(cut, capitals=True).read(start, "brace")
    return end


class _Reader:
    """Reads one source; `open` holds the brackets not yet closed, f-strings included."""

    def __init__(self, source: str, capitals: bool) -> None:
        self.source = source
        self.capitals = capitals
        self.open: list[tuple[str, int]] = []
        self.count = 0
        self.holes = 0  # f-strings within f-strings

    def fail(self, message: str, offset: int, kind: str = "syntax") -> ExpressionError:
        return ExpressionError(kind, message, offset=offset, source=self.source)

    def read(self, place: int, ending: str) -> tuple[list[Token], int]:
        """Read up to the end: of the source, of a template's or of an f-string's braces."""
        source, tokens = self.source, list[Token]()
        floor = len(self.open)
        while place < len(source):
            match = _SCAN.match(source, place)
            if match is None:
                raise self.fail(_unknown(source[place]), place)
            kind, text = match.lastgroup, match.group()
            if kind == "space":
                place = match.end()
                continue
            if kind == "quote":
                token, place = self.text(place, place)
            elif kind == "name":
                token, place = self.name(text, place)
            elif kind == "number":
                token, place = self.number(text, place), match.end()
            else:
                if ending and len(self.open) == floor and self.ends(text, place, ending):
                    return [*tokens, Token("end", "", place)], place
                self.bracket(text, place, floor)
                token, place = Token("operator", text, place), match.end()
            tokens.append(token)
            self.count += 1
            if self.count > limits.TOKENS:
                message = f"an expression may have {limits.TOKENS} parts, this one has more"
                raise self.fail(message, place, "limit")
        if ending == "template":
            raise self.fail("'${{' is never closed by '}}'", place)
        if ending == "brace":
            raise self.fail("'{' is never closed by '}'", place)
        if ending:
            raise self.fail("'{' of the text is never closed by '}'", place)
        return [*tokens, Token("end", "", place)], place

    def ends(self, text: str, place: int, ending: str) -> bool:
        if ending == "brace":
            return text == "}"
        if ending == "template":
            if text != "}":
                return False
            if not self.source.startswith("}}", place):
                raise self.fail("'}' closes nothing; '}}' ends the expression", place)
            return True
        return text in {"}", ":", "!", ":="}

    def bracket(self, text: str, place: int, floor: int) -> None:
        if text in _OPEN:
            self.open.append((_OPEN[text], place))
            if len(self.open) > limits.BRACKETS:
                message = f"more than {limits.BRACKETS} brackets are open at once"
                raise self.fail(message, place, "limit")
        elif text in {")", "]", "}"}:
            if len(self.open) == floor:
                raise self.fail(f"'{text}' closes nothing", place)
            expected, _ = self.open.pop()
            if text != expected:
                raise self.fail(f"expected '{expected}' before '{text}'", place)

    def name(self, text: str, place: int) -> tuple[Token, int]:
        end = place + len(text)
        if end < len(self.source) and self.source[end] in "'\"" and len(text) <= 2:  # noqa: PLR2004 - prefixes have two letters at most
            return self.text(place, end)
        if not text.isascii():
            if unicodedata.normalize("NFKC", text) != text or _JOINERS.search(text):
                message = "a name must be written in its plain form (Unicode NFKC)"
                raise self.fail(message, place, "security")
            if not text.isidentifier():
                raise self.fail("a name starts with a letter or '_'", place)
        if self.capitals:
            text = _CAPITALS.get(text, text)
        return Token("word" if text in WORDS else "name", text, place), end

    def number(self, text: str, place: int) -> Token:
        after = self.source[place + len(text) : place + len(text) + 1]
        if after.isalnum() or after == "_":
            raise self.fail("a number ends here, but a letter follows", place + len(text))
        if _NUMBER.fullmatch(text):
            if len(text) > limits.BITS // 3:
                raise self.fail(f"an integer may have {limits.BITS} bits", place, "limit")
            value = int(text, 0)
            if not limits.LEAST < value < limits.MOST:
                raise self.fail(f"an integer may have {limits.BITS} bits", place, "limit")
            return Token("number", text, place, value)
        if _FLOAT.fullmatch(text):
            return Token("number", text, place, float(text.replace("_", "")))
        raise self.fail("this is no number; leading zeros and stray '_' are not allowed", place)

    def text(self, start: int, quote: int) -> tuple[Token, int]:
        """Read a text whose prefix begins at `start` and whose quote stands at `quote`."""
        prefix = self.source[start:quote].lower()
        if prefix not in {"", "r", "b", "f", "rf", "fr", "br", "rb"}:
            raise self.fail(f"'{self.source[start:quote]}' is no prefix of a text", start)
        mark = self.source[quote]
        if self.source.startswith(mark * 3, quote):
            raise self.fail("a text has one quote on each side, not three", start)
        self.open.append((mark, start))  # an f-string nests like a bracket
        if len(self.open) > limits.BRACKETS:
            message = f"more than {limits.BRACKETS} brackets are open at once"
            raise self.fail(message, start, "limit")
        parts, end = self.parts(quote + 1, mark, prefix)
        self.open.pop()
        if "f" in prefix:
            return Token("format", self.source[start:end], start, parts), end
        text = "".join(part for part in parts if isinstance(part, str))
        if "b" in prefix:
            if not self.source[quote:end].isascii():
                raise self.fail("bytes hold ASCII characters and escapes only", start)
            return Token("text", self.source[start:end], start, text.encode("latin-1")), end
        return Token("text", self.source[start:end], start, text), end

    def parts(self, place: int, mark: str, prefix: str) -> tuple[list[str | Hole], int]:
        source, found, plain = self.source, list[Union[str, Hole]](), list[str]()
        while place < len(source):
            character = source[place]
            if character == mark:
                return ([*found, "".join(plain)] if plain or not found else found), place + 1
            if character in "\n\r":
                break
            if character == "\\":
                piece, place = self.escape(place, "r" in prefix, "b" in prefix)
                plain.append(piece)
            elif character in "{}" and "f" in prefix:
                if source.startswith(character * 2, place):
                    plain.append(character)
                    place += 2
                elif character == "}":
                    raise self.fail("a single '}' in an f-string; write '}}'", place)
                else:
                    if plain:
                        found.append("".join(plain))
                        plain = []
                    hole, place = self.hole(place)
                    found.append(hole)
            else:
                match = _PIECE.match(source, place)
                plain.append(match.group() if match else character)
                place += len(plain[-1])
        raise self.fail("the text is never closed", self.open[-1][1])

    def escape(self, place: int, raw: bool, is_bytes: bool) -> tuple[str, int]:
        letter = self.source[place + 1 : place + 2]
        if raw:  # a backslash keeps a quote from ending the text, and stays
            kept = letter if letter and letter in "'\"\\" else ""
            return "\\" + kept, place + 1 + len(kept)
        if letter in _HEX and not (is_bytes and letter != "x"):
            digits = self.source[place + 2 : place + 2 + _HEX[letter]]
            if len(digits) == _HEX[letter] and re.fullmatch("[0-9a-fA-F]+", digits):
                code = int(digits, 16)
                if code < 0xD800 or 0xDFFF < code < 0x110000:  # noqa: PLR2004 - the surrogates
                    return chr(code), place + 2 + len(digits)
        elif letter and letter in _ESCAPES:
            return _ESCAPES[letter], place + 2
        raise self.fail(f"'\\{letter}' is no escape here; write '\\\\' for a backslash", place)

    def hole(self, place: int) -> tuple[Hole, int]:
        self.holes += 1
        if self.holes > _HOLES:
            raise self.fail(f"more than {_HOLES} texts stand within each other", place, "limit")
        tokens, end = self.read(place + 1, "hole")
        self.holes -= 1
        conversion = spec = ""
        if self.source[end] == "!":
            conversion = self.source[end + 1 : end + 2]
            end += 2
            if conversion not in {"r", "s"}:
                raise self.fail("after '!' stands 'r' or 's'", end - 1)
        if self.source[end : end + 1] == ":":
            close = self.source.find("}", end)
            if close < 0:
                raise self.fail("'{' of the text is never closed by '}'", place)
            spec, end = self.source[end + 1 : close], close
        if self.source[end : end + 1] != "}":
            raise self.fail("expected '}'", end)
        return Hole(tokens, place + 1, conversion, spec), end + 1


def _unknown(character: str) -> str:
    if character.isspace():
        return f"the space U+{ord(character):04X} is not allowed; use an ordinary one"
    if character in "\u201c\u201d\u2018\u2019\u00ab\u00bb":
        return "write texts in straight quotes"
    return f"'{character}' (U+{ord(character):04X}) is not part of the language"
