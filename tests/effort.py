"""How much is tried: a sixth of what a thorough run tries, which THOROUGH=1 asks for."""

import os

THOROUGH = bool(os.environ.get("THOROUGH"))


def share(full: int) -> int:
    """Return how many of so many trials are made in a run that is not thorough."""
    return full if THOROUGH else full // 6
