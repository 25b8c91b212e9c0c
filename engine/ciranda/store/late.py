"""The store's cache for whoever may never need it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from ciranda.store import Cached, Log

__all__ = ["LateShelf"]


@final
class LateShelf:
    """The cache of a store that is opened when somebody looks there.

    Args:
        log: Returns the store.
    """

    def __init__(self, log: Callable[[], Log]) -> None:
        self._log: Final = log

    def cache_get(self, key: str) -> Cached | None:
        """Return what is kept under a key."""
        return self._log().cache_get(key)

    def cache_put(
        self,
        key: str,
        payload: bytes,
        expires: float | None = None,
        label: str = "",
        parts: bytes = b"",
    ) -> None:
        """Keep an answer; as `Log.cache_put`."""
        self._log().cache_put(key, payload, expires, label, parts)
