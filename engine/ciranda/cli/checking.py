"""Checking a file without what only a run needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciranda.workflow.check import Checked

__all__ = ["checked_file"]


def checked_file(file: str) -> Checked:
    """Read and check a workflow, with the plugins of the project and its own.

    Each file gets plugins of its own: two may bring different ones under one name.

    Raises:
        WorkflowError: All faults found, in file order.
        PluginError: A plugin that it names cannot be used.
        SettingsError: The project's settings do not fit.
    """
    from ciranda.plugins import Plugins
    from ciranda.runs.checker import Checker
    from ciranda.settings import read_configuration

    return Checker(Plugins(read_configuration(Path.cwd()))).load(file)
