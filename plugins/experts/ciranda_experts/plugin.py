"""The plugin `experts`: what the engine sees of it."""

from __future__ import annotations

CIRANDA_API = (1, 0)
