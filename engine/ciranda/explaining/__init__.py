"""From what is known of a run, before it or after it, to what a person asks about it."""

from ciranda.explaining.chronicle import Chronicle
from ciranda.explaining.explanation import Explanation, explain
from ciranda.explaining.fact import Fact
from ciranda.explaining.outlook import Foreseen, Outlook, Part, outlook

__all__ = [
    "Chronicle",
    "Explanation",
    "Fact",
    "Foreseen",
    "Outlook",
    "Part",
    "explain",
    "outlook",
]
