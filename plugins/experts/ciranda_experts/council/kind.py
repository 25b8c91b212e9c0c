"""What intents of one type need besides."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["Kind"]


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an intent of one `type` needs besides; it can only make things stricter.

    Attributes:
        experts: Asked too, and required.
        rule: Has to approve too, or "".
        threshold: Confidence that a verdict needs, if more than otherwise.
    """

    experts: tuple[str, ...] = ()
    rule: str = ""
    threshold: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
