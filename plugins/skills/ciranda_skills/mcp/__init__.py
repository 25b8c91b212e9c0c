"""MCP both ways: skills served to any client, and steps that call tools of any server."""
