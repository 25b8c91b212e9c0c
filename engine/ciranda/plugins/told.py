"""What a worker process is told of the settings of a plugin."""

from __future__ import annotations

from typing import Any

import msgspec

from ciranda.actions import Action
from ciranda.bus import Bus
from ciranda.expressions import Secret
from ciranda.plugins.loaded import Loaded

__all__ = ["settings_for_workers"]


def settings_for_workers(bus: Bus, loaded: Loaded, action: Action) -> dict[str, Any]:
    """Return the settings that an action's hook or its resources ask for, as plain data.

    Args:
        bus: Where the plugin is registered.
        loaded: The plugin.
        action: One of its actions.
    """
    asks = any("settings" in one.takes for one in action.resources.values()) or any(
        impl.plugin_name == loaded.name and "settings" in impl.argnames
        for impl in bus.hooks.hook.actions.get_hookimpls()
    )
    if not asks or loaded.settings is None:
        return {}
    return {"settings": msgspec.to_builtins(loaded.settings, enc_hook=_written)}


def _written(value: Any) -> str:
    """Return a setting as the file has it."""
    return value.reveal() if isinstance(value, Secret) else str(value)
