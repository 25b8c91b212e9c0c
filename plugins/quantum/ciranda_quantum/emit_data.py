"""Generated code of data and events."""

from __future__ import annotations

from typing import Any, Final

WRITERS: Final[dict[type, Any]] = {}
