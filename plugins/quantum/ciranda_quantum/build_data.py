"""Tags that reach data and events."""

from __future__ import annotations

from typing import Any, Final

BUILDERS: Final[dict[str, Any]] = {}
