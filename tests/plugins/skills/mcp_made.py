"""A server made with the SDK, as others make theirs: a program, or an application for the web."""

import sys

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("made")


@server.tool()
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def fail() -> str:
    """Fail."""
    raise ToolError("it cannot be done")


if __name__ == "__main__":
    sys.exit(server.run("stdio"))
