"""Skills served to MCP clients; the SDK is imported when serving begins."""

from __future__ import annotations

from .http import serve_http
from .offer import Offer, Shown
from .running import Limits, Running
from .stdio import serve_stdio
from .tool import Tool

__all__ = ["Limits", "Offer", "Running", "Shown", "Tool", "serve_http", "serve_stdio"]
