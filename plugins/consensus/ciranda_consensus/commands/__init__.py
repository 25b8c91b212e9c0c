"""`ciranda consensus`: agreement on the command line."""

from __future__ import annotations

from .group import command

__all__ = ["command"]
