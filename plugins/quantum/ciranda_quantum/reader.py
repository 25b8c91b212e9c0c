"""XML to elements: expat with limits, no DOCTYPE, and the place of everything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from xml.parsers import expat

from . import limits
from .error import QuantumError
from .places import Text, attribute_text

_ATTRIBUTE: Final = re.compile(rb"""[\s]+([^\s=/>"']+)[\s]*=[\s]*(?:"([^"]*)"|'([^']*)')""")


@dataclass(frozen=True, eq=False)
class Element:
    """One element as written; `children` hold elements and texts in order."""

    tag: str
    attributes: dict[str, str]
    line: int
    column: int
    source: Source
    start: int  # of its tag, in bytes
    children: list[Element | Text] = field(default_factory=list)

    def text(self, name: str) -> Text:
        """Return an attribute's value with its places."""
        return self.source.attribute(self, name)


class Source:
    """The text of one file."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        try:
            self.data = text.encode()
        except UnicodeEncodeError:
            raise QuantumError("compile", "the file holds half a character", file=file) from None

    def line(self, number: int) -> str:
        """Return one line as written."""
        lines = self.text.split("\n", number)
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""

    def error(self, kind: str, message: str, place: tuple[int, int]) -> QuantumError:
        """Return an error at a place."""
        line, column = place
        return QuantumError(
            kind, message, file=self.file, line=line, column=column, source=self.line(line)
        )

    def attribute(self, element: Element, name: str) -> Text:
        """Find where an attribute's value stands."""
        wanted = name.encode()
        place = element.start
        while True:
            match = _ATTRIBUTE.search(self.data, place)
            if match is None:
                return Text(element.attributes[name], ((0, element.line, element.column),))
            place = match.end()
            if match[1] == wanted:
                break
        group = 2 if match[2] is not None else 3
        before = self.data[element.start : match.start(group)]
        lines = before.count(b"\n")
        if lines:
            line = element.line + lines
            column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        else:
            line, column = element.line, element.column + len(before.decode())
        return attribute_text(element.attributes[name], match[group].decode(), line, column)


def read(text: str, file: str) -> Element:
    """Return the root element of a file.

    Raises:
        QuantumError: Of kind compile or limit, with the place.
    """
    if len(text) > limits.FILE:
        message = f"a template may have {limits.FILE} characters, this one has {len(text)}"
        raise QuantumError("limit", message, file=file)
    return _Reader(Source(text.lstrip("\ufeff"), file)).read()


class _Reader:
    """Builds elements as expat names them; recursion never happens here."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.open: list[Element] = []
        self.root: Element | None = None
        self.count = 0
        self.pieces: list[str] = []
        self.places: list[tuple[int, int, int]] = []
        self.length = 0
        parser = expat.ParserCreate(encoding="utf-8")
        parser.ordered_attributes = True
        parser.buffer_text = False
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartDoctypeDeclHandler = self.doctype
        parser.ProcessingInstructionHandler = self.instruction
        self.parser = parser

    def read(self) -> Element:
        try:
            self.parser.Parse(self.source.data, True)
        except expat.ExpatError as fault:
            line, column = fault.lineno, fault.offset + 1
            text = expat.errors.messages.get(fault.code) or expat.ErrorString(fault.code)
            message = f"this is not well-formed XML: {text}{self.unclosed(fault)}"
            raise self.source.error("compile", message, (line, column)) from None
        except ValueError:
            message = "the file holds a character that XML does not allow"
            raise self.source.error("compile", message, (1, 1)) from None
        assert self.root is not None
        return self.root

    def unclosed(self, fault: expat.ExpatError) -> str:
        if fault.code == expat.errors.codes[expat.errors.XML_ERROR_TAG_MISMATCH] and self.open:
            last = self.open[-1]
            return f"; <{last.tag}> of line {last.line} is still open"
        return ""

    def fail(self, kind: str, message: str) -> NoReturn:
        raise self.source.error(kind, message, self.place())

    def place(self) -> tuple[int, int]:
        return self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1

    def doctype(self, *_: Any) -> None:
        self.fail("compile", "a DOCTYPE is not allowed in a template")

    def instruction(self, target: str, _: str) -> None:
        self.fail("compile", f"the processing instruction '{target}' is not allowed")

    def start(self, tag: str, listed: list[str]) -> None:
        if self.pieces:
            self.flush()
        self.count += 1
        if len(self.open) >= limits.DEPTH:
            self.fail("limit", f"elements stand deeper within each other than {limits.DEPTH}")
        if self.count > limits.ELEMENTS:
            self.fail("limit", f"a template may have {limits.ELEMENTS} elements")
        if len(listed) > 2 * limits.ATTRIBUTES:
            self.fail("limit", f"<{tag[:50]}> has more than {limits.ATTRIBUTES} attributes")
        if max(map(len, (tag, *listed[::2]))) > limits.NAME:
            self.fail("limit", f"a name may have {limits.NAME} characters")
        if listed and max(map(len, listed[1::2])) > limits.ATTRIBUTE:
            self.fail("limit", f"an attribute may have {limits.ATTRIBUTE} characters")
        element = Element(
            tag,
            dict(zip(listed[::2], listed[1::2])),
            *self.place(),
            self.source,
            self.parser.CurrentByteIndex,
        )
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, _: str) -> None:
        if self.pieces:
            self.flush()
        self.open.pop()

    def characters(self, text: str) -> None:
        self.places.append((self.length, *self.place()))
        self.pieces.append(text)
        self.length += len(text)

    def flush(self) -> None:
        """Put the text read so far among the children."""
        self.open[-1].children.append(Text("".join(self.pieces), tuple(self.places)))
        self.pieces, self.places, self.length = [], [], 0
