"""Who sits on the council: of each expert one version that counts, and others on trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from ..expert import Expert
from .handover import Adviser

__all__ = ["Seats"]


@final
class Seats:
    """The experts, by name and version.

    Args:
        offered: All of them.
        adviser: Says which version counts; None for the first one offered.

    Attributes:
        experts: Those that count, one a name.
    """

    def __init__(self, offered: Sequence[Expert], adviser: Adviser | None) -> None:
        self._adviser: Final = adviser
        self._versions: Final[dict[str, dict[str, Expert]]] = {}
        for one in offered:
            self._versions.setdefault(one.name, {})[one.version] = one
        self.experts: Final = tuple(self._counting(name) for name in self._versions)

    def candidates(self, chosen: Sequence[Expert], key: str) -> list[Expert]:
        """Return the versions on trial that judge the intent of this key too."""
        if self._adviser is None:
            return []
        found = []
        for one in chosen:
            version = self._adviser.versions.beside(one.name, key)
            candidate = None if version is None else self._versions[one.name].get(version)
            if candidate is not None and candidate is not one:
                found.append(candidate)
        return found

    def _counting(self, name: str) -> Expert:
        versions = self._versions[name]
        current = None if self._adviser is None else self._adviser.versions.current(name)
        return versions.get(current or "") or next(iter(versions.values()))
