"""The engine's own settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from ciranda.settings.section import Settings

__all__ = ["PluginsSettings", "RateSettings", "RunSettings", "StoreSettings"]


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


class RateSettings(Settings, section="rate"):
    """Where the rates are counted that steps share with the whole machine."""

    folder: str | None = None  # relative to the project's root; None = in the user's cache

    def place(self, root: Path) -> Path | None:
        """Return the folder that is chosen for a project, if one is."""
        return None if self.folder is None else root / Path(self.folder).expanduser()
