"""An action that needs a processor, in a file of its own, as workers load it."""

from __future__ import annotations

from ciranda import action, hookimpl


def worked(rounds: int) -> int:
    """Keep a processor busy."""
    total = 0
    for number in range(rounds):
        total = (total * 31 + number) % 1_000_003
    return total


@action("burning.burn", executor="process")
def burn(rounds: int) -> int:
    """Keep a processor busy."""
    return worked(rounds)


@hookimpl
def actions():
    """Offer the action."""
    return [burn]
