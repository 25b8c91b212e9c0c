"""Intents: how they are read, what they mean, how they are written."""

from __future__ import annotations

from .error import FaultKind, IntentError
from .evaluate import UNDEFINED, Truth, Value, evaluate, holds
from .features import features
from .intent import Condition, Entry, Feature, Intent, Ledger, Policy, Section, Source
from .key import key_of
from .reading import read_condition, read_intent
from .tree import Literal, Op, Operation, Sort, Term, Variable
from .writing import write

__all__ = [
    "UNDEFINED",
    "Condition",
    "Entry",
    "FaultKind",
    "Feature",
    "Intent",
    "IntentError",
    "Ledger",
    "Literal",
    "Op",
    "Operation",
    "Policy",
    "Section",
    "Sort",
    "Source",
    "Term",
    "Truth",
    "Value",
    "Variable",
    "evaluate",
    "features",
    "holds",
    "key_of",
    "read_condition",
    "read_intent",
    "write",
]
