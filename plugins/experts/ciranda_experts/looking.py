"""Judging that changes nothing: no transaction is spent, and nothing is recorded."""

from __future__ import annotations

from typing import final

__all__ = ["Looking"]


@final
class Looking:
    """A plugin whose presence on the bus keeps a council from writing anything.

    What was spent and learned before counts all the same.
    """
