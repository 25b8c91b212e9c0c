"""The marks and hooks of a plugin; `docs/plugins.md` shows them at work.

`extension` holds what a plugin adds to the engine, `facts` and `waits` what it can hear,
`questions` what it can answer.
"""

from ciranda.hooks.markers import ObserverMark, Overflow, hookimpl, hookspec, observer

__all__ = ["ObserverMark", "Overflow", "hookimpl", "hookspec", "observer"]
