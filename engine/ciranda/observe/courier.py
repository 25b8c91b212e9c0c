"""The HTTP session of an exporter: it reads little of an answer and follows nobody."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import requests

__all__ = ["Courier"]

_ENOUGH: Final = 64 * 1024  # bytes of an answer that are read


class Courier(requests.Session):
    """A session that an endpoint cannot fill memory with, stall for ever, or send elsewhere.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock

    def request(self, method: str, url: str | bytes, **options: Any) -> requests.Response:  # type: ignore[override]  # the exporter passes keywords only
        """Send a request; a redirect is a failure."""
        options["stream"] = True
        options["allow_redirects"] = False
        timeout = options.get("timeout")
        until = None if timeout is None else self._clock() + float(timeout)
        response = super().request(method, url, **options)
        try:
            body = b""
            for piece in response.iter_content(8192):
                body += piece
                if len(body) >= _ENOUGH or (until is not None and self._clock() > until):
                    break
            response._content = body[:_ENOUGH]  # noqa: SLF001  (there is no other way to bound it)
        finally:
            response.close()
        if response.is_redirect or 300 <= response.status_code < 400:  # noqa: PLR2004  (the 3xx)
            raise requests.exceptions.InvalidURL(
                f"the endpoint answers with a redirect ({response.status_code}), "
                "which is not followed"
            )
        return response
