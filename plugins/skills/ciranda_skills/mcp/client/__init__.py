"""Tools of any MCP server for steps; the SDK is imported when the first is called."""

from __future__ import annotations

from .servers import Servers, open_servers
from .spec import Server, Spec, spec_of

__all__ = ["Server", "Servers", "Spec", "open_servers", "spec_of"]
