"""The operands of an expression: literals, names, brackets, calls and what follows a dot."""

from __future__ import annotations

from typing import Final

from .dialect import Dialect
from .error import ExpressionError
from .tokens import Hole, Token
from .tree import (
    Attribute,
    Call,
    Compare,
    Comprehension,
    Field,
    Index,
    Literal,
    Loop,
    Mapping,
    Method,
    Name,
    Node,
    Sequence,
    Slice,
    Text,
)

_CONSTANTS: Final = {
    "true": True, "True": True, "false": False, "False": False, "null": None, "None": None,
}  # fmt: skip
_LINKS: Final = 64  # `.a`, `[0]`, `.f()` after one operand


class Operands:
    """The half of the parser that reads one operand; the other half joins them."""

    def __init__(self, source: str, tokens: list[Token], dialect: Dialect) -> None:
        self.source = source
        self.tokens = tokens
        self.dialect = dialect
        self.place = 0
        self.token = tokens[0]

    def expression(self, *, conditional: bool = True) -> Node:
        """Parse up to the first token that cannot go on."""
        raise NotImplementedError

    def unexpected(self) -> ExpressionError:
        """Return the fault of a token that nothing expects."""
        raise NotImplementedError

    def fail(self, message: str, offset: int, kind: str = "syntax") -> ExpressionError:
        """Return a fault at a place."""
        return ExpressionError(kind, message, offset=offset, source=self.source)

    def advance(self) -> Token:
        """Take a token; the last one stays."""
        taken = self.token
        if taken.kind != "end":
            self.place += 1
            self.token = self.tokens[self.place]
        return taken

    def peek(self) -> Token:
        """Return the token after this one."""
        return self.tokens[min(self.place + 1, len(self.tokens) - 1)]

    def at(self, text: str) -> bool:
        """Say whether this operator stands here."""
        return self.token.text == text and self.token.kind == "operator"

    def take(self, text: str) -> bool:
        """Take this operator if it stands here."""
        if not self.at(text):
            return False
        self.advance()
        return True

    def expect(self, text: str) -> Token:
        """Take this operator or fail."""
        if not self.at(text):
            if self.token.kind == "end":
                raise self.unexpected()
            fault = self.unexpected()
            fault.message = f"{fault.message}; expected '{text}'"
            raise self.fail(fault.message, fault.offset, fault.kind)
        return self.advance()

    def word(self, text: str) -> bool:
        """Take this word if it stands here."""
        if self.token.kind != "word" or self.token.text != text:
            return False
        self.advance()
        return True

    def operand(self) -> Node:
        """Parse one operand and what is attached to it."""
        node = self.atom()
        for _ in range(_LINKS):
            if self.at("."):
                node = self.dot(node)
            elif self.at("["):
                node = self.subscript(node)
            elif self.at("("):
                raise self.fail("only a function or a method can be called", self.token.offset)
            else:
                return node
        raise self.fail(f"more than {_LINKS} links follow a value", self.token.offset, "limit")

    def atom(self) -> Node:
        """Parse a literal, a name, a call or a bracket."""
        token = self.token
        if token.kind == "number":
            self.advance()
            assert not isinstance(token.value, list)
            return Literal(token.offset, token.value)
        if token.kind in {"text", "format"}:
            return self.text()
        if token.kind == "word" and token.text in _CONSTANTS:
            self.advance()
            return Literal(token.offset, _CONSTANTS[token.text])
        if token.kind == "name":
            return self.name()
        if self.at("("):
            return self.parentheses()
        if self.at("["):
            return self.brackets()
        if self.at("{"):
            return self.braces()
        raise self.unexpected()

    def name(self) -> Node:
        """Parse a variable or the call of a function."""
        token = self.advance()
        if token.text.startswith("__"):
            message = "a name may not begin with two underscores"
            raise self.fail(message, token.offset, "security")
        if not self.at("("):
            return Name(token.offset, token.text)
        arguments, keywords = self.arguments()
        return Call(token.offset, token.text, arguments, keywords)

    def dot(self, target: Node) -> Node:
        """Parse `.name` or `.name(...)`; every word is a name after a dot."""
        self.advance()
        token = self.token
        if token.kind not in {"name", "word"}:
            raise self.fail("a name is expected after '.'", token.offset)
        self.advance()
        if token.text.startswith("_"):
            message = f"'.{token.text}': a property may not begin with an underscore"
            raise self.fail(message, token.offset, "security")
        if not self.at("("):
            return Attribute(token.offset, target, token.text)
        arguments, keywords = self.arguments()
        return Method(token.offset, target, token.text, arguments, keywords)

    def arguments(self) -> tuple[list[Node], list[tuple[str, Node]]]:
        """Parse `(...)` of a call."""
        opening = self.advance()
        positional: list[Node] = []
        named: list[tuple[str, Node]] = []
        while not self.at(")"):
            token = self.token
            if token.kind in {"name", "word"} and self.peek().text == "=":
                if token.text.startswith("_") or token.text in {name for name, _ in named}:
                    raise self.fail(f"'{token.text}=' cannot stand here", token.offset)
                self.advance()
                self.advance()
                named.append((token.text, self.expression()))
            else:
                if named:
                    message = "an argument without a name cannot follow one with a name"
                    raise self.fail(message, token.offset)
                positional.append(self.argument(opening.offset))
            if not self.take(","):
                break
        self.expect(")")
        return positional, named

    def argument(self, offset: int) -> Node:
        """Parse one argument, which may be a bare comprehension."""
        value = self.expression()
        if not self.at_for():
            return value
        return Comprehension(offset, "generator", value, None, self.loops())

    def at_for(self) -> bool:
        """Say whether a comprehension begins here."""
        return self.token.kind == "word" and self.token.text == "for"

    def subscript(self, target: Node) -> Node:
        """Parse `[key]` or `[start:stop:step]`."""
        opening = self.advance()
        parts: list[Node | None] = [None]
        while not self.at("]"):
            if self.take(":"):
                parts.append(None)
                if len(parts) > 3:  # noqa: PLR2004 - start, stop and step
                    raise self.fail("a slice has at most two ':'", opening.offset)
            elif parts[-1] is None:
                parts[-1] = self.expression()
            else:
                break
        self.expect("]")
        if len(parts) > 1:
            return Slice(opening.offset, target, parts[0], parts[1], (*parts, None)[2])
        if parts[0] is None:
            raise self.fail("'[]' needs an index or a key", opening.offset)
        return Index(opening.offset, target, parts[0])

    def parentheses(self) -> Node:
        """Parse a group or a tuple."""
        opening = self.advance()
        if self.take(")"):
            return Sequence(opening.offset, "tuple", [])
        first = self.expression()
        if self.at_for():
            raise self.fail("write '[... for ...]' for a list", self.token.offset)
        if self.at(","):
            items = [first]
            while self.take(",") and not self.at(")"):
                items.append(self.expression())
            self.expect(")")
            return Sequence(opening.offset, "tuple", items)
        self.expect(")")
        if isinstance(first, Compare):
            first.closed = True
        return first

    def brackets(self) -> Node:
        """Parse a list or a list comprehension."""
        opening = self.advance()
        items: list[Node] = []
        while not self.at("]"):
            items.append(self.expression())
            if self.at_for() and len(items) == 1:
                loops = self.loops()
                self.expect("]")
                return Comprehension(opening.offset, "list", items[0], None, loops)
            if not self.take(","):
                break
        self.expect("]")
        return Sequence(opening.offset, "list", items)

    def braces(self) -> Node:
        """Parse what braces are in this dialect."""
        opening = self.advance()
        if self.dialect.braces == "parentheses":
            inner = self.expression()
            self.expect("}")
            if isinstance(inner, Compare):
                inner.closed = True
            return inner
        keys: list[Node] = []
        values: list[Node] = []
        while not self.at("}"):
            keys.append(self.expression())
            if len(keys) == 1 or values:
                if self.take(":"):
                    values.append(self.expression())
                elif values:
                    self.expect(":")
            if self.at_for() and len(keys) == 1:
                loops = self.loops()
                self.expect("}")
                kind, value = ("dict", values[0]) if values else ("set", None)
                return Comprehension(opening.offset, kind, keys[0], value, loops)
            if not self.take(","):
                break
        self.expect("}")
        if keys and not values:
            return Sequence(opening.offset, "set", keys)
        return Mapping(opening.offset, keys, values)

    def loops(self) -> list[Loop]:
        """Parse `for names in items if test ...`, once or more."""
        found: list[Loop] = []
        while self.at_for():
            offset = self.advance().offset
            bracket = ")" if self.take("(") else "]" if self.take("[") else ""
            names, single = [self.variable()], True
            while self.take(","):
                single = False
                if self.token.kind != "name":
                    break
                names.append(self.variable())
            if bracket:
                self.expect(bracket)
            if len(set(names)) < len(names) and set(names) != {"_"}:
                raise self.fail("a loop names each variable once", offset)
            if not self.word("in"):
                raise self.fail("'in' is expected here", self.token.offset)
            items = self.expression(conditional=False)
            tests: list[Node] = []
            while self.word("if"):
                tests.append(self.expression(conditional=False))
            found.append(Loop(offset, names, single, items, tests))
        return found

    def variable(self) -> str:
        """Parse the name that a loop gives to its item."""
        token = self.token
        if token.kind != "name":
            raise self.fail("a variable's name is expected here", token.offset)
        if token.text.startswith("__"):
            message = "a name may not begin with two underscores"
            raise self.fail(message, token.offset, "security")
        self.advance()
        return token.text

    def text(self) -> Node:
        """Parse a text; neighbouring ones are joined."""
        first = self.token
        if self.peek().kind not in {"text", "format"} and first.kind == "text":
            self.advance()
            assert not isinstance(first.value, list)
            return Literal(first.offset, first.value)
        parts: list[str | Field] = []
        kinds: set[type] = set()
        while self.token.kind in {"text", "format"}:
            token = self.advance()
            kinds.add(bytes if isinstance(token.value, bytes) else str)
            if isinstance(token.value, list):
                if not self.dialect.texts:
                    raise self.fail("an f-string is not part of the language here", token.offset)
                parts += [
                    part if isinstance(part, str) else self.field(part) for part in token.value
                ]
            else:
                parts.append(token.value if isinstance(token.value, str) else "")
        if bytes in kinds:
            raise self.fail("bytes are not joined by standing together", first.offset)
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) == len(parts):
            return Literal(first.offset, "".join(texts))
        return Text(first.offset, parts)

    def field(self, hole: Hole) -> Field:
        """Parse one `{...}` of an f-string."""
        parser = type(self)(self.source, hole.tokens, self.dialect)
        value = parser.expression()
        if parser.token.kind != "end":
            raise parser.unexpected()
        return Field(hole.offset, value, hole.conversion, hole.spec)
