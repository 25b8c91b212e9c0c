"""The command `ciranda`: one file a command, imported when it is called."""

from ciranda.cli.start import main

__all__ = ["main"]
