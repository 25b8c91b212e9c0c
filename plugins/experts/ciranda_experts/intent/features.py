"""What an intent has, at a glance: what the gate chooses experts by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from .intent import Condition, Feature, Intent
from .tree import Literal, Op, Operation, Term

__all__ = ["features"]

_LARGE_CONDITIONS: Final = 50
_LARGE_NODES: Final = 500
_LARGE_CODE: Final = 64 * 1024  # characters
_STATES: Final = ("old_", "new_")
_ARITHMETIC: Final = frozenset(
    {
        Op.NEGATE,
        Op.SUM,
        Op.MULTIPLY,
        Op.DIVIDE,
        Op.FLOOR_DIVIDE,
        Op.MODULO,
        Op.POWER,
        Op.MIN,
        Op.MAX,
        Op.ABS,
    }
)
_DIVISIONS: Final = frozenset({Op.DIVIDE, Op.FLOOR_DIVIDE, Op.MODULO})
# Only a look: a word in a comment or a string counts too, which costs an expert's time and
# never a finding.
_LOOP: Final = re.compile(r"\b(?:while|for|foreach|loop|until|repeat|goto)\b", re.IGNORECASE)
_DEFINITION: Final = re.compile(r"\b(?:def|function|func|fn|sub)[ \t]+([A-Za-z_]\w*)")
_CALL: Final = re.compile(r"\b([A-Za-z_]\w*)[ \t]*\(")
_LAMBDA: Final = re.compile(
    r"\b([A-Za-z_]\w*)[ \t]*=[ \t]*(?:lambda\b|function\b|\([^()\n]*\)[ \t]*=>)"
)


def features(intent: Intent) -> frozenset[Feature]:
    """Return what an intent has."""
    found: set[Feature] = set()
    conditions = intent.conditions
    if conditions:
        found.add(Feature.CONDITIONS)
        _look_at_terms(conditions, found)
    if intent.int_bits is not None:
        found.add(Feature.MACHINE_INTEGERS)
    if intent.accounts or _pairs(intent):
        found.add(Feature.TRANSFER)
    if intent.ledger is not None:
        found.add(Feature.LEDGER)
    if intent.transaction:
        found.add(Feature.TRANSACTION)
    if intent.code:
        found.add(Feature.CODE)
        _look_at_code(intent, found)
    return frozenset(found)


def _pairs(intent: Intent) -> bool:
    """Tell whether a name stands beside its `old_` or `new_` one, or these two together."""
    sorts = intent.sorts
    for name in sorts:
        if name.startswith(_STATES):
            other = "new_" if name[0] == "o" else "old_"
            if name[4:] in sorts or other + name[4:] in sorts:
                return True
    return False


def _look_at_terms(conditions: Iterable[Condition], found: set[Feature]) -> None:
    rest: list[Term] = [condition.term for condition in conditions]
    large = len(rest) > _LARGE_CONDITIONS
    nodes = 0
    while rest:
        term = rest.pop()
        nodes += 1
        if type(term) is Operation:
            op = term.op
            arguments = term.arguments
            rest.extend(arguments)
            if op in _ARITHMETIC:
                found.add(Feature.ARITHMETIC)
                if _nonlinear(op, arguments):
                    found.add(Feature.NONLINEAR)
    if large or nodes > _LARGE_NODES:
        found.add(Feature.LARGE)


def _nonlinear(op: Op, arguments: tuple[Term, ...]) -> bool:
    if op is Op.MULTIPLY:
        return sum([type(each) is not Literal for each in arguments]) > 1
    if op in _DIVISIONS:
        return type(arguments[1]) is not Literal
    return op is Op.POWER and type(arguments[0]) is not Literal


def _look_at_code(intent: Intent, found: set[Feature]) -> None:
    for source in intent.code:
        text = source.text
        if len(text) > _LARGE_CODE:
            found.add(Feature.LARGE)
        if _LOOP.search(text):
            found.add(Feature.LOOPS)
        if _calls_itself(text):
            found.add(Feature.RECURSION)


def _calls_itself(text: str) -> bool:
    """Tell whether a name that is defined is followed by `(` somewhere else too."""
    defined = set(_DEFINITION.findall(text))
    bound = set(_LAMBDA.findall(text))
    if not defined and not bound:
        return False
    seen: set[str] = set()
    for name in _CALL.findall(text):
        if name in bound or (name in defined and name in seen):
            return True
        seen.add(name)
    return False
