"""From what is known of a run, before it or after it, to what a person asks about it."""

from ciranda.explaining.outlook import Foreseen, Outlook, Part, outlook

__all__ = ["Foreseen", "Outlook", "Part", "outlook"]
