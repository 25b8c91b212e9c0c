"""What a validator must not lose, on disk."""

from .keeping import Keeps, Noted, Record, States
from .schema import MIGRATIONS
from .store import Recovered, Store

__all__ = ["MIGRATIONS", "Keeps", "Noted", "Record", "Recovered", "States", "Store"]
