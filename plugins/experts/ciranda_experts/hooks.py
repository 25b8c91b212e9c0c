"""What steps ask the plugin besides judgements, and its hook."""

from __future__ import annotations

import msgspec

from ciranda.events import Request
from ciranda.events.judging import Verdict
from ciranda.hooks import hookspec

__all__ = ["LookUpReview", "Reviewed", "look_up_review"]


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    """What a human said of an uncertain intent; `verdict` is None while nobody has."""

    review: str
    verdict: Verdict | None = None
    by: str = ""
    note: str = ""
    why: str = ""


class LookUpReview(Request[Reviewed], frozen=True, kw_only=True):
    """What became of the review of this id?"""

    review: str


@hookspec
def look_up_review(request: LookUpReview) -> Reviewed | None:
    """Say what became of a review.

    Fires once for each question. The plugin `experts` answers it; a plugin that comes before it
    may answer in its place, as one that keeps reviews elsewhere does.

    Args:
        request: The id of the review.

    Returns:
        What is known of it. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def look_up_review(request):
            return Reviewed(review=request.review, verdict=Verdict.APPROVED, by="ada")
        ```
    """
