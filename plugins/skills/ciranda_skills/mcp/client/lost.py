"""Why a server is of no use any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

from ciranda.errors import StepError

__all__ = ["Loss", "shown_text"]

_SHOWN: Final = 2000  # characters of what a server wrote
_LINE: Final = 120


def shown_text(text: str, most: int = _LINE) -> str:
    """Return the beginning of what a server wrote, on one line."""
    return " ".join(text[: 4 * most].split())[:most]


@final
class Loss:
    """The first reason that was given counts: others follow from it.

    Args:
        then: Ends the server.
    """

    def __init__(self, then: Callable[[], None]) -> None:
        self._then: Final = then
        self._reason: tuple[str, str, bool, dict[str, Any]] | None = None

    @property
    def known(self) -> bool:
        """Whether there is a reason."""
        return self._reason is not None

    @property
    def error(self) -> StepError | None:
        """The reason as an error, a new one each time: several calls may raise it."""
        if self._reason is None:
            return None
        kind, message, retryable, detail = self._reason
        return StepError(kind, message, retryable=retryable, detail=dict(detail))

    def because(
        self, kind: str, message: str, *, stderr: str = "", retryable: bool, **detail: Any
    ) -> None:
        """Say why, and end the server."""
        if self._reason is None:
            if stderr:
                detail["stderr"] = stderr[-_SHOWN:]
            self._reason = kind, message, retryable, detail
        self._then()
