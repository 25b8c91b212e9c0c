"""The engine's own settings."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ciranda.settings.section import Settings

__all__ = ["PluginsSettings", "RunSettings", "StoreSettings"]


class PluginsSettings(Settings, section="plugins"):
    """Which plugins may be used.

    `enable` names those of other distributions, alone or with versions (`slack>=1,<2`);
    `disable` names any, and wins. `CIRANDA_PLUGINS_DISABLE=a,b` adds to it.
    """

    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()


class StoreSettings(Settings, section="store"):
    """Where runs are kept, and what a recorded step survives."""

    path: str = ".ciranda"  # relative to the project's root
    durability: Literal["power", "process", "off"] = "power"


class RunSettings(Settings, section="run"):
    """How runs are carried out."""

    max_parallel: Annotated[int, Meta(ge=1)] | None = None  # steps at once; None = the default
