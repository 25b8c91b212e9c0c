"""What a validator must not lose, on disk."""

from .keeping import Keeps, Record, States
from .schema import MIGRATIONS
from .store import Recovered, Store

__all__ = ["MIGRATIONS", "Keeps", "Record", "Recovered", "States", "Store"]
