"""Conformance: what every plugin keeps, and whether one does."""

from ciranda.conformance.apart import conform_apart
from ciranda.conformance.conforming import conform
from ciranda.conformance.finding import Finding, Rule, Verdict
from ciranda.conformance.rules import RULES
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
