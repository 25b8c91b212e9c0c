"""Clusters that have entries agreed on: in this process, or far away."""

from .clusters import Clusters, Where, genesis_of
from .embedded import Embedded, open_embedded
from .found import Found, RefusedError, Shown, TooLateError
from .keys import EMBEDDED, GENESIS, Household, household, is_embedded
from .remote import Remote

__all__ = [
    "EMBEDDED",
    "GENESIS",
    "Clusters",
    "Embedded",
    "Found",
    "Household",
    "RefusedError",
    "Remote",
    "Shown",
    "TooLateError",
    "Where",
    "genesis_of",
    "household",
    "is_embedded",
    "open_embedded",
]
