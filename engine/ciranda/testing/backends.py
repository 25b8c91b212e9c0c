"""Both event loops in virtual time, as anyio and its pytest plugin take them."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from ciranda.testing.virtual_loop import virtual_loop

__all__ = ["BACKENDS", "virtual_backend"]

BACKENDS: Final = ("asyncio", "trio")


def virtual_backend(name: str = "asyncio", seed: int | None = None) -> tuple[str, dict[str, Any]]:
    """Return the name and the options of a backend whose time is virtual.

    What sleeps for two days takes no time at all, and a test that waits for itself fails instead
    of hanging (on asyncio). Return it from your `anyio_backend` fixture, or hand both to
    `anyio.run(function, backend=..., backend_options=...)`.

    Args:
        name: `asyncio` or `trio`.
        seed: Another order of whatever is ready at the same time (asyncio only); None keeps the
            loop's own.

    Raises:
        ValueError: There is no such backend.
    """
    if name == "asyncio":
        return name, {"loop_factory": partial(virtual_loop, seed)}
    if name == "trio":
        from ciranda.testing.virtual_clock import VirtualClock

        clock = VirtualClock()
        return name, {"clock": clock, "instruments": [clock]}
    raise ValueError(f"there is no backend '{name}': asyncio or trio")
