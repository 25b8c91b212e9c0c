"""From the text of a condition to its term, typed as it is read: one pass, no recursion."""

from __future__ import annotations

from typing import Final, NoReturn

from . import limits
from .building import BUILD, FUNCTIONS, Run, Wrong, build_function, power
from .error import FaultKind, IntentError
from .measure import weigh
from .numeral import read_numeral
from .scope import Scope
from .tokens import is_name, offset_of, shown, split
from .tree import Op, Operation, Sort, Term

__all__ = ["CERTAIN", "PLAIN", "Misread", "parse"]

# How strongly operators bind. 0 is an open parenthesis.
_IMPLIES, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _NEGATE = range(1, 9)
_BINARY: Final[dict[str, tuple[int, Op]]] = {
    "=>": (_IMPLIES, Op.IMPLIES),
    "or": (_OR, Op.OR),
    "||": (_OR, Op.OR),
    "and": (_AND, Op.AND),
    "&&": (_AND, Op.AND),
    **{
        op.value: (_COMPARE, Op.EQUAL)
        for op in (
            Op.EQUAL,
            Op.NOT_EQUAL,
            Op.LESS,
            Op.LESS_EQUAL,
            Op.GREATER,
            Op.GREATER_EQUAL,
        )
    },
    "+": (_SUM, Op.SUM),
    "-": (_SUM, Op.SUM),
    "*": (_PRODUCT, Op.MULTIPLY),
    "/": (_PRODUCT, Op.DIVIDE),
    "//": (_PRODUCT, Op.FLOOR_DIVIDE),
    "%": (_PRODUCT, Op.MODULO),
}
_NOTS: Final = frozenset({"not", "!"})
CERTAIN: Final = limits.DEPTH  # tokens of which no term can be too deep
PLAIN: Final = 1000  # characters whose numerals are not too large
_NUMERIC: Final = dict.fromkeys(map(ord, "0123456789.eE+-"))  # what numerals are made of
_HINTS: Final = {
    "=": "write `==` to compare",
    "&": "write `and`",
    "|": "write `or`",
    "^": "write `**` for a power",
    ";": "write each condition on its own",
    "#": "write comments outside of conditions",
    '"': "there are no strings in conditions",
    "'": "there are no strings in conditions",
    ".": "write numbers as 0.5; nothing has attributes",
    "[": "there are no lists in conditions",
    "{": "there are no braces in conditions",
    "$": "nothing is filled in here",
}


class Misread(Exception):  # noqa: N818  (what happened, until reading.py says where)
    """A condition that cannot be read; `offset` counts characters from 0."""

    def __init__(self, kind: FaultKind, message: str, offset: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.offset = offset


def parse(text: str, scope: Scope) -> tuple[Term, int]:
    """Return the condition that `text` means, and how many nodes it has at most.

    Args:
        text: One condition.
        scope: The intent's names; those that are met are added.

    Raises:
        Misread: It is not a condition, names what does not exist, or exceeds a limit.
    """
    if len(text) > limits.CONDITION:
        _check_length(text)
    tokens: list[str] = split(text)
    count = len(tokens)
    if not count:
        raise Misread(FaultKind.MALFORMED, "a condition is empty: remove it or write one", 0)
    tokens.append("")  # the end
    try:
        term, certain = _read(tokens, scope)
        if term.sort is not Sort.BOOL:
            message = f"`{shown(text.strip())}` is a number, not a condition: compare it"
            raise Misread(FaultKind.MALFORMED, message, offset_of(text, 0))
        nodes = 2 * count
        if count > CERTAIN or not certain or len(text) > PLAIN:
            nodes = weigh(term)
    except Wrong as wrong:
        raise Misread(wrong.kind, wrong.message, offset_of(text, wrong.mark)) from None
    except IntentError as error:
        raise Misread(error.kind, error.message, offset_of(text, 0)) from None
    return term, nodes


def _read(  # noqa: PLR0912, PLR0915  (the hot path: a call for each token would double its time)
    tokens: list[str], scope: Scope
) -> tuple[Term, bool]:
    """Return the term, and whether its size needs no further look."""
    names = scope.names
    stack: list[Run] = []
    certain = True
    at = 0
    while True:
        # An operand begins here.
        token = tokens[at]
        found = names.get(token)
        if found is None:
            if token == "(":
                stack.append((0, None, [], [at]))
                at += 1
                _check_depth(stack, at)
                continue
            if token in _NOTS:
                stack.append((_NOT, Op.NOT, [], [at]))
                at += 1
                _check_depth(stack, at)
                continue
            if token == "-":
                at += 1
                following = tokens[at]
                if not "0" <= following[:1] <= "9" or tokens[at + 1] == "**":
                    stack.append((_NEGATE, Op.NEGATE, [], [at - 1]))
                    _check_depth(stack, at)
                    continue
                term: Term = _numeral(following, at, negative=True)
            elif token in FUNCTIONS and tokens[at + 1] == "(":
                stack.append((0, FUNCTIONS[token], [], [at]))
                at += 2
                _check_depth(stack, at)
                continue
            elif "0" <= token[:1] <= "9":
                term = _numeral(token, at)
            else:
                term = _name(tokens, at, scope)
        else:
            term = found
        at += 1
        # An operand has ended; what follows closes all that binds more strongly.
        while True:
            token = tokens[at]
            if token == "**":
                term = power(term, tokens, at)
                certain = False
                at += 2
                continue
            meant = _BINARY.get(token)
            if meant is not None:
                rank, op = meant
                while stack and stack[-1][0] > rank:
                    run = stack.pop()
                    term = BUILD[run[0]](run, term, tokens)
                if not stack or stack[-1][0] < rank:
                    if rank == _COMPARE and stack and stack[-1][0] == _NOT:
                        _check_not(stack, at)
                    stack.append((rank, op, [term], [at]))
                elif rank != _PRODUCT or op is stack[-1][1] is Op.MULTIPLY:
                    run = stack[-1]
                    run[2].append(term)
                    run[3].append(at)
                    # The middle of a chain stands twice in the tree.
                    certain = certain and (rank != _COMPARE or type(term) is not Operation)
                else:
                    term = BUILD[rank](stack.pop(), term, tokens)
                    stack.append((rank, op, [term], [at]))
                at += 1
                break
            while stack and stack[-1][0]:
                run = stack.pop()
                term = BUILD[run[0]](run, term, tokens)
            if not token:
                if stack:
                    _unclosed(stack[-1][3][0], tokens)
                return term, certain
            if not stack:
                _unexpected(tokens, at)
            _, function, terms, marks = stack[-1]
            if token == ")":
                stack.pop()
                if function is not None:
                    terms.append(term)
                    term = build_function(function, terms, marks[0], tokens)
                at += 1
                continue
            if token == "," and function is not None:
                terms.append(term)
                at += 1
                break
            _unexpected(tokens, at)


def _numeral(token: str, at: int, *, negative: bool = False) -> Term:
    try:
        return read_numeral(token, negative=negative)
    except IntentError as error:
        raise Wrong(error.message, at, error.kind) from None


def _name(tokens: list[str], at: int, scope: Scope) -> Term:
    """Return a variable that is met for the first time, or that is called like a function."""
    token = tokens[at]
    if not is_name(token) or token in _BINARY:
        _no_operand(token, at)
    if tokens[at + 1] == "(":
        _unexpected(tokens, at + 1)
    try:
        return scope.variable(token, keep=token not in FUNCTIONS)
    except IntentError as error:
        raise Wrong(error.message, at, error.kind) from None


def _check_length(text: str) -> None:
    """Refuse a text that is too long, first by a look that is cheaper than its tokens."""
    if len(text.translate(_NUMERIC)) <= limits.CONDITION:
        numerals = sum([len(token) for token in split(text) if "0" <= token[0] <= "9"])
        if len(text) - numerals <= limits.CONDITION:
            return
    message = f"a condition has more than {limits.CONDITION:,} characters: split it"
    raise Misread(FaultKind.LIMIT, message, 0)


def _check_depth(stack: list[Run], at: int) -> None:
    if len(stack) > limits.DEPTH:
        depth = sum(1 for run in stack if run[0] in {0, _NOT, _NEGATE})
        if depth > limits.DEPTH:
            message = f"the condition is nested more than {limits.DEPTH} deep: split it"
            raise Wrong(message, at - 1, FaultKind.LIMIT)


def _check_not(stack: list[Run], at: int) -> None:
    """Refuse `a == not b == c`, which reads two ways."""
    below = next((run for run in reversed(stack) if run[0] != _NOT), None)
    if below is not None and below[0] == _COMPARE:
        raise Wrong("it is not clear what `not` belongs to: write parentheses", at)


def _no_operand(token: str, at: int) -> NoReturn:
    if not token:
        raise Wrong("the condition ends too early: a name or number is missing", at)
    hint = _HINTS.get(token)
    if hint is None and not token.isascii():
        hint = "names have the letters A to Z, a to z, digits and `_`"
    if hint is None:
        hint = "a name, a number or `(` must stand here"
    raise Wrong(f"`{shown(token)}` cannot stand here: {hint}", at)


def _unexpected(tokens: list[str], at: int) -> NoReturn:
    token = tokens[at]
    before = tokens[at - 1]
    if token == "(" and is_name(before):
        known = ", ".join(FUNCTIONS)
        raise Wrong(f"`{shown(before)}` is not a function: there are {known}", at - 1)
    if token == ")":
        raise Wrong("this `)` closes nothing: remove it", at)
    if token == ",":
        raise Wrong("`,` stands between arguments of functions alone", at)
    hint = _HINTS.get(token)
    if hint is None and not token.isascii():
        hint = "conditions are written in ASCII"
    if hint is None:
        hint = "an operator is missing before it, or it is one condition too many"
    raise Wrong(f"`{shown(token)}` cannot stand after `{shown(before)}`: {hint}", at)


def _unclosed(mark: int, tokens: list[str]) -> NoReturn:
    raise Wrong(f"`{shown(tokens[mark])}` is never closed: write `)`", mark)
