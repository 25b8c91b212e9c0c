"""Why a request begins no run, as HTTP says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ciranda.errors import CirandaError

__all__ = ["RefusedError"]


class RefusedError(CirandaError):
    """A request that is not taken.

    Args:
        status: The code of the answer.
        sentence: What the caller is told.
        headers: What goes along, by name.
    """

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status: Final = status
        self.headers: Final = dict(headers or {})
