"""What a project says about its templates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ciranda import Settings

from .limits import Limits
from .template import Unit, compile_unit

__all__ = ["QuantumSettings", "compiler_of"]

_DEFAULT = Limits()
_Count = Annotated[int, Meta(ge=1)]


class QuantumSettings(Settings, section="quantum"):
    """The section `[quantum]` of `ciranda.toml`.

    Attributes:
        components: Where components are looked up; by default the folder of each template.
        iterations: Turns of all loops and calls of one run together.
        recursion: Functions or components within each other.
        output: Characters of HTML of one run.
        code_cache: Whether compiled templates are kept on disk, for processes to come.
    """

    components: Path | None = None
    iterations: _Count = _DEFAULT.iterations
    recursion: _Count = _DEFAULT.recursion
    output: _Count = _DEFAULT.output
    code_cache: bool = False

    def limits(self) -> Limits:
        """Return the bounds of one run."""
        return Limits(self.iterations, self.recursion, self.output)


def compiler_of(settings: QuantumSettings) -> Callable[[str, str], Unit]:
    """Return what compiles a template: text and path to its compiled form."""
    if not settings.code_cache:
        return compile_unit
    from .codecache import CodeCache, default_folder

    return CodeCache(default_folder()).unit
