"""Archives, unpacked by rules that hold for whatever they contain."""

from __future__ import annotations

from .archive import unpack
from .hazard import Hazard, Refusal
from .limits import Limits
from .writing import Writing

__all__ = ["Hazard", "Limits", "Refusal", "Writing", "unpack"]
