"""What is said where the library for signatures is not installed."""

from __future__ import annotations

import importlib.util
from typing import Final

from ciranda.errors import PluginError

__all__ = ["LIBRARY", "missing", "require_library"]

LIBRARY: Final = "nacl"


def missing() -> PluginError:
    """Return the fault."""
    return PluginError(
        "the plugin 'consensus' needs PyNaCl for signatures: pip install 'ciranda[consensus]'"
    )


def require_library() -> None:
    """Refuse to go on without the library.

    Raises:
        PluginError: It is not installed.
    """
    if importlib.util.find_spec(LIBRARY) is None:
        raise missing()
