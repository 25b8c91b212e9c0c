"""Tokens to tree: operator precedence with explicit stacks, so only brackets recurse."""

from __future__ import annotations

from typing import Final

from . import limits
from .dialect import Dialect
from .error import ExpressionError
from .operands import Operands
from .tokens import tokenize
from .tree import (
    Binary,
    Coalesce,
    Compare,
    Conditional,
    Logic,
    Node,
    Unary,
    walk,
)

# How tightly an operator binds. `??` stands above comparison and below arithmetic, so that
# `a ?? 0 > 10` asks what it seems to ask.
_CONDITIONAL: Final = 1
_OR: Final = 2
_AND: Final = 3
_NOT: Final = 4
_COMPARE: Final = 5
_COALESCE: Final = 6
_SIGN: Final = 13
_POWER: Final = 14
_BINARY: Final = {
    "or": _OR, "and": _AND, "||": _OR, "&&": _AND,
    "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE, ">=": _COMPARE, "==": _COMPARE,
    "!=": _COMPARE, "in": _COMPARE, "not in": _COMPARE, "is": _COMPARE, "is not": _COMPARE,
    "??": _COALESCE,
    "|": 7, "^": 8, "&": 9, "<<": 10, ">>": 10, "+": 11, "-": 11,
    "*": 12, "/": 12, "//": 12, "%": 12, "**": _POWER,
}  # fmt: skip
_BITS: Final = frozenset({"|", "^", "&", "<<", ">>", "~", "is", "is not"})
_ELSEWHERE: Final = {
    "=": "'=' gives a name to an argument; write '==' to compare",
    ":=": "':=' is not part of the language",
    "->": "'->' is not part of the language",
    "&&": "'&&' is not an operator here; write 'and'",
    "||": "'||' is not an operator here; write 'or'",
    "!": "'!' is not an operator here; write 'not'",
    "?": "'?' is not an operator here; write 'x if test else y'",
    ";": "an expression is one value; ';' is not part of the language",
    "`": "a text stands between '...' or \"...\"",
    "$": "'$' is not part of the language; names stand alone",
    "@": "'@' is not part of the language",
    "#": "an expression has no comments",
}
_FORBIDDEN: Final = frozenset({"lambda", "yield", "await", "async", "import", "from", "del"})


def parse(source: str, dialect: Dialect) -> Node:
    """Return the checked tree of one expression.

    Raises:
        ExpressionError: Of kind syntax, limit or security, with the place.
    """
    tokens = tokenize(source, capitals=dialect.capital_words)
    return Parser(source, tokens, dialect).whole()


class Parser(Operands):
    """One pass over the tokens of one expression."""

    def whole(self) -> Node:
        """Parse everything; what is left over is a fault."""
        tree = self.expression()
        if self.token.kind != "end":
            raise self.unexpected()
        for node, level in walk(tree):
            if level > limits.HEIGHT:
                message = f"the expression is nested deeper than {limits.HEIGHT} levels"
                raise self.fail(message, node.offset, "limit")
        return tree

    def expression(self, *, conditional: bool = True) -> Node:
        """Parse up to the first token that cannot go on.

        Args:
            conditional: Whether `x if test else y` may stand here; within `for ... in` it may not.
        """
        pending = _Pending(self)
        while True:
            self.prefixes(pending)
            pending.operands.append(self.operand())
            if not self.infix(pending, conditional):
                return pending.finish()

    def prefixes(self, pending: _Pending) -> None:
        """Take signs and negations."""
        while True:
            token = self.token
            if token.kind == "word" and token.text == "not":
                if pending.top() > _NOT:
                    raise self.fail("put 'not ...' in parentheses here", token.offset)
                pending.push("not", _NOT, token.offset)
            elif token.kind == "operator" and token.text in {"-", "+", "~", "!"}:
                if token.text == "!" and not self.dialect.c_operators:
                    raise self.fail(_ELSEWHERE["!"], token.offset)
                if token.text == "~" and not self.dialect.bit_operators:
                    raise self.unexpected()
                pending.push("not" if token.text == "!" else token.text, _SIGN, token.offset)
            else:
                return
            self.advance()

    def infix(self, pending: _Pending, conditional: bool) -> bool:
        """Take the operator after an operand; False when the expression ends here."""
        token = self.token
        if token.kind == "word" and token.text == "if" and conditional:
            pending.reduce(_CONDITIONAL + 1)
            pending.push("if", 0, token.offset)
        elif token.kind == "word" and token.text == "else" and pending.waits_for("if"):
            pending.reduce(1)
            pending.become("else")
        elif token.text == "?" and token.kind == "operator" and self.dialect.c_operators:
            pending.reduce(_CONDITIONAL + 1)
            pending.push("?", 0, token.offset)
        elif token.text == ":" and token.kind == "operator" and pending.waits_for("?"):
            pending.reduce(1)
            pending.become(":")
        else:
            operator = self.binary()
            if operator is None:
                return False
            binding = _BINARY[operator]
            # Power leans to the right and binds tighter than the sign before it.
            pending.reduce(binding + 1 if operator == "**" else binding)
            pending.push(operator, binding, token.offset)
        self.advance()
        return True

    def binary(self) -> str | None:
        """Return the operator of two operands that stands here; two words count as one."""
        token = self.token
        operator = token.text
        if token.kind not in {"operator", "word"}:
            return None
        if operator in {"&&", "||"} and not self.dialect.c_operators:
            raise self.fail(_ELSEWHERE[operator], token.offset)
        following = self.peek()
        if following.kind == "word" and (operator, following.text) in {
            ("not", "in"),
            ("is", "not"),
        }:
            self.advance()
            operator = f"{operator} {following.text}"
        if operator not in _BINARY:
            return None
        if operator in _BITS and not self.dialect.bit_operators:
            raise self.fail(f"'{operator}' is not an operator here", token.offset)
        return operator

    def unexpected(self) -> ExpressionError:
        """Return the fault of a token that nothing expects."""
        token = self.token
        if token.kind == "end":
            return self.fail("the expression ends too early", token.offset)
        previous = self.tokens[self.place - 1] if self.place else token
        for each in (previous, token):
            if each.kind == "name" and each.text in _FORBIDDEN:
                message = f"'{each.text}' is not part of the language"
                return self.fail(message, each.offset, "security")
        if token.text == ":=":
            return self.fail(_ELSEWHERE[":="], token.offset, "security")
        if token.text in {"*", "**"}:
            message = f"nothing stands before '{token.text}'; unpacking is not part of the language"
            return self.fail(message, token.offset, "security")
        if token.kind == "operator" and token.text in _ELSEWHERE:
            return self.fail(_ELSEWHERE[token.text], token.offset)
        shown = "a text" if token.kind in {"text", "format"} else f"'{token.text}'"
        return self.fail(f"{shown} is not expected here", token.offset)


class _Pending:
    """The operands and operators of one expression that are not yet a tree."""

    def __init__(self, parser: Parser) -> None:
        self.parser = parser
        self.operands: list[Node] = []
        self.operators: list[tuple[str, int, int]] = []

    def top(self) -> int:
        return self.operators[-1][1] if self.operators else 0

    def push(self, operator: str, binding: int, offset: int) -> None:
        self.operators.append((operator, binding, offset))

    def waits_for(self, mark: str) -> bool:
        """Say whether the innermost conditional still lacks its second word."""
        marks = [operator for operator, binding, _ in self.operators if binding == 0]
        return bool(marks) and marks[-1] == mark

    def become(self, mark: str) -> None:
        """Let the innermost conditional be built: it has its other half now."""
        first = self.operators.pop()
        self.operators.append((first[0] + mark, _CONDITIONAL, first[2]))

    def reduce(self, floor: int) -> None:
        while self.operators and self.operators[-1][1] >= floor:
            self.build()

    def finish(self) -> Node:
        while self.operators:
            operator, binding, offset = self.operators[-1]
            if binding == 0:
                other = "else" if operator == "if" else ":"
                raise self.parser.fail(f"'{operator}' needs its '{other}'", offset)
            self.build()
        return self.operands.pop()

    def build(self) -> None:
        operator, binding, offset = self.operators.pop()
        operands = self.operands
        right = operands.pop()
        if operator == "not" or binding == _SIGN:
            operands.append(Unary(offset, operator, right))
            return
        left = operands.pop()
        if operator == "ifelse":
            operands.append(Conditional(offset, left, operands.pop(), right))
        elif operator == "?:":
            operands.append(Conditional(offset, operands.pop(), left, right))
        elif binding == _COMPARE:
            operands.append(_compare(left, operator, right, offset))
        elif binding in {_AND, _OR}:
            word = "and" if binding == _AND else "or"
            if isinstance(left, Logic) and left.operator == word:
                left.operands.append(right)
                operands.append(left)
            else:
                operands.append(Logic(offset, word, [left, right]))
        elif binding == _COALESCE:
            if isinstance(left, Coalesce):
                left.operands.append(right)
                operands.append(left)
            else:
                operands.append(Coalesce(offset, [left, right]))
        else:
            operands.append(Binary(offset, operator, left, right))


def _compare(left: Node, operator: str, right: Node, offset: int) -> Compare:
    if isinstance(left, Compare) and not left.closed:
        left.operands.append(right)
        left.operators.append(operator)
        left.offsets.append(offset)
        return left
    return Compare(offset, [left, right], [operator], [offset])
