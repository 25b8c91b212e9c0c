"""What a script needs: by its own block (PEP 723), and as a key that equal needs share."""

from __future__ import annotations

import hashlib
import platform
import sys
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

import msgspec
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from ..format import Skill
from ..inline import read_inline
from ..resources import read_resource
from .error import DependenciesError

__all__ = ["Need", "Python", "need_of"]

_FORMAT: Final = 1
_SUFFIX: Final = ".py"
_LISTED: Final = 5


@dataclass(frozen=True, slots=True)
class Python:
    """The interpreter that scripts run with as long as it suits them."""

    path: str = sys.executable
    version: str = field(default_factory=platform.python_version)
    build: str = field(default_factory=platform.platform)


@dataclass(frozen=True, slots=True)
class Need:
    """What a script needs.

    Attributes:
        script: The script, for people.
        requirements: Packages, spelled one way, sorted.
        requires_python: Versions of Python; empty for any.
    """

    script: str
    requirements: tuple[str, ...]
    requires_python: str

    def __str__(self) -> str:
        said = [f"`{each}`" for each in self.requirements]
        more = f" and {len(said) - _LISTED} more packages" if len(said) > _LISTED else ""
        python = [f"Python {self.requires_python}"] if self.requires_python else []
        return ", ".join(said[:_LISTED] + python) + more

    def suits(self, python: Python) -> bool:
        """Tell whether an interpreter is of a version that is asked for."""
        return SpecifierSet(self.requires_python).contains(python.version, prereleases=True)

    def key(self, python: Python) -> str:
        """Return what scripts that need the same have in common, as 32 hexadecimal digits."""
        own = (python.path, python.version, python.build) if self.suits(python) else ()
        parts = [_FORMAT, self.requirements, self.requires_python, own]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]


def need_of(skill: Skill, script: str, python: Python | None = None) -> Need | None:
    """Return what a script needs, or None where any Python that is at hand will do.

    Args:
        skill: Whose script.
        script: Its path from the skill's folder.
        python: What is at hand.

    Raises:
        InlineMetadataError: Its block cannot be understood.
        DependenciesError: It asks for something that is not installed for scripts.
        SkillError: It cannot be read.
    """
    if PurePosixPath(script).suffix.lower() != _SUFFIX:
        return None
    text = read_resource(skill.root, script).decode(errors="replace")
    inline = read_inline(text, script=f"`{script}`")
    if inline is None:
        return None
    wanted = {_normal(Requirement(each), script) for each in inline.dependencies}
    versions = ",".join(sorted(map(str, SpecifierSet(inline.requires_python))))
    need = Need(script, tuple(sorted(wanted)), versions)
    return need if wanted or not need.suits(python or Python()) else None


def _normal(requirement: Requirement, script: str) -> str:
    said = f"`{script}` asks for `{str(requirement)[:200]}`"
    if requirement.url and not requirement.url.startswith("https://"):
        raise DependenciesError(f"{said}: only releases and wheels from https:// are installed")
    if "$" in str(requirement):  # uv would put a variable of the environment there
        raise DependenciesError(f"{said}: a requirement must not hold `$`")
    requirement.name = canonicalize_name(requirement.name)
    return str(requirement)
