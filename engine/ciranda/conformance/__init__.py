"""Conformance: what every plugin keeps, and whether one does.

What opens engines is imported when it is first used: shells ask for the names of the rules alone.
"""

from typing import TYPE_CHECKING

from ciranda.conformance.finding import Finding, Rule, Verdict
from ciranda.conformance.rules import RULES

if TYPE_CHECKING:
    from ciranda.conformance.apart import conform_apart
    from ciranda.conformance.conforming import conform
    from ciranda.conformance.subject import Subject, find_subject

__all__ = [
    "RULES",
    "Finding",
    "Rule",
    "Subject",
    "Verdict",
    "conform",
    "conform_apart",
    "find_subject",
]

_HOMES = {
    "Subject": "subject",
    "conform": "conforming",
    "conform_apart": "apart",
    "find_subject": "subject",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'ciranda.conformance' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"ciranda.conformance.{_HOMES[name]}"), name)
