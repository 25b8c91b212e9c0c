"""Settings: `ciranda.toml` and the environment, one section a plugin."""

from ciranda.settings.configuration import Configuration, read_configuration
from ciranda.settings.documented import setting_docs
from ciranda.settings.editing import enable_plugin
from ciranda.settings.project import SETTINGS_FILE, project_root
from ciranda.settings.section import Settings
from ciranda.settings.sections import (
    PluginsSettings,
    RateSettings,
    RunSettings,
    StoreSettings,
)

__all__ = [
    "SETTINGS_FILE",
    "Configuration",
    "PluginsSettings",
    "RateSettings",
    "RunSettings",
    "Settings",
    "StoreSettings",
    "enable_plugin",
    "project_root",
    "read_configuration",
    "setting_docs",
]
