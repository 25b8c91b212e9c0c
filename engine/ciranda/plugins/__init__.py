"""Plugins: what is installed, what may be used, and what is in use."""

from ciranda.discovery import Entry, discover
from ciranda.plugins.catalogue import Listed, Standing
from ciranda.plugins.inline import InlinePlugin, load_inline
from ciranda.plugins.registry import Plugins
from ciranda.plugins.requirement import Requirement, parse_requirement

__all__ = [
    "Entry",
    "InlinePlugin",
    "Listed",
    "Plugins",
    "Requirement",
    "Standing",
    "discover",
    "load_inline",
    "parse_requirement",
]
