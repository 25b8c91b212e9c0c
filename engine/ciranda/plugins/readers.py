"""Who reads workflow files that are no YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, final

from ciranda.errors import PluginError
from ciranda.workflow.loader import Loader

__all__ = ["Readers"]


@final
class Readers:
    """The loaders of plugins by suffix; nothing is imported before one is asked for.

    Args:
        used: Those of the plugins that are in use.
        enabled: Returns those of all plugins that the project enables.
    """

    def __init__(
        self, used: Mapping[str, Loader], enabled: Callable[[], Mapping[str, Loader]]
    ) -> None:
        self._used: Final = used
        self._enabled: Final = enabled
        self._found: Mapping[str, Loader] | None = None

    def __call__(self, suffix: str) -> Loader | None:
        """Return what reads files of a suffix, if anything does.

        Raises:
            PluginError: An enabled plugin is broken, or two plugins offer the suffix.
        """
        if self._found is None:
            self._found = self._enabled()
        mine, other = self._used.get(suffix), self._found.get(suffix)
        if mine and other and mine.plugin != other.plugin and mine.read != other.read:
            raise PluginError(
                f"plugin '{mine.plugin}' offers the loader '{suffix}', which plugin "
                f"'{other.plugin}' offers already; rename one or disable one of the plugins"
            )
        return mine or other

    def suffixes(self) -> frozenset[str]:
        """Return the suffixes that are read.

        Raises:
            PluginError: An enabled plugin is broken.
        """
        if self._found is None:
            self._found = self._enabled()
        return frozenset((*self._used, *self._found))
