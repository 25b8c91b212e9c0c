"""The HTTP session of an exporter: it reads no long answer and follows nobody."""

from __future__ import annotations

from typing import Any

import requests

__all__ = ["Courier"]


class Courier(requests.Session):
    """A session that an endpoint cannot fill memory with, stall by dripping, or send elsewhere.

    What counts is in the status line and the headers, so a body is left unread; the price is the
    connection, which is not used again.

    Attributes:
        trouble: Why the last request failed; empty when it did not.
        unreachable: Whether it failed because nobody listens there.
        hurried: Whether an address where nobody listens is given up at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trouble = ""
        self.unreachable = False
        self.hurried = False

    def request(self, method: str, url: str | bytes, **options: Any) -> requests.Response:  # type: ignore[override]  # the exporter passes keywords only
        """Send a request.

        Raises:
            requests.exceptions.InvalidURL: The answer is a redirect, or nobody listens and there
                is no time to try again: the one failure that the exporter does not repeat.
        """
        options["stream"] = True
        options["allow_redirects"] = False
        try:
            response = super().request(method, url, **options)
        except requests.exceptions.RequestException as error:
            self.trouble = _root_of(error)
            self.unreachable = isinstance(error, requests.exceptions.ConnectionError)
            if self.unreachable and self.hurried:
                raise requests.exceptions.InvalidURL(self.trouble) from error
            raise
        self.unreachable = False
        fine = 200 <= response.status_code < 300  # noqa: PLR2004  (the 2xx)
        self.trouble = "" if fine else f"{response.status_code} {response.reason}"
        if response.headers.get("content-length") != "0":
            response._content = b""  # noqa: SLF001  (requests has no word for "leave it")
            response.close()
        if 300 <= response.status_code < 400:  # noqa: PLR2004  (the 3xx)
            self.trouble += " (a redirect, which is not followed)"
            raise requests.exceptions.InvalidURL(self.trouble)
        return response


def _root_of(error: BaseException) -> str:
    """Return the words of the operating system, if they are behind an error, else its name."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        if isinstance(inner, TimeoutError):
            return "no answer in time"
        inner = inner.__cause__ or inner.__context__
    return type(error).__name__
