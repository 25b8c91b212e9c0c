"""Which of two versions is right more often, by a test that may be looked at after every outcome.

Both versions judge the same intents, so what counts are the outcomes where one was right and the
other was not. If neither is better each of these is a fair coin. The bet against the coin is a
mixture of all coins that favour one side, uniformly; the capital that it makes of 1 is a
martingale under the fair coin and shrinks under an unfair one the other way, so by Ville's
inequality the chance that it *ever* reaches 1 / error is at most `error`, however often and
whenever one looks, and whatever made one stop.
"""

from __future__ import annotations

import math

__all__ = ["capital", "needed"]


def capital(wins: int, losses: int) -> float:
    """Return the logarithm of what the bet on the wins has made of 1.

    It is 2 * 2^n * B(w + 1, l + 1) * P(Bin(n + 1, 1/2) <= w) for w wins and l losses, n in all:
    the likelihood ratio to the fair coin, averaged over coins that win with 1/2 to 1.

    Args:
        wins: Outcomes where only the one bet on was right.
        losses: Outcomes where only the other was.
    """
    count = wins + losses
    fewer = min(wins, losses)
    ways = below = 1
    for hits in range(fewer):
        ways = ways * (count + 1 - hits) // (hits + 1)
        below += ways
    if fewer != wins:  # the other side of the same row of binomial coefficients
        below = 2 ** (count + 1) - below
    # below / 2^(n + 1) is the probability; 2 * 2^n cancels the power of two.
    return (
        math.log(below) + math.lgamma(wins + 1) + math.lgamma(losses + 1) - math.lgamma(count + 2)
    )


def needed(error: float) -> float:
    """Return the logarithm of the capital at which the fair coin is given up."""
    return -math.log(error)
