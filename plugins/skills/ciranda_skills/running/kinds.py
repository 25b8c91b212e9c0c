"""Which worker processes there are: zygotes by import set, and warm ones by skill."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from ciranda.executors.pool import Recycle, WorkerKind

from ..format import Skill
from ..inside.order import Allowed
from ..sandbox.features import Features
from .inspected import inspect, is_installed, preloadable

__all__ = ["WarmKey", "imports_of", "warm", "zygote"]

# Nothing of our own environment: a zygote holds no secrets. Numeric libraries start threads when
# they are imported, which a fork would not copy: one thread is their caller's.
_ENV: Final = {
    "LANG": "C.UTF-8",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}


_FIRST: Final = ("ciranda_skills.inside.zygote",)


class WarmKey(NamedTuple):
    """What the warm processes of a skill are kept by."""

    root: Path
    allowed: bytes


def _options(imports: Iterable[str], features: Features) -> dict[str, Any]:
    return {
        "imports": list(imports),
        "path": [entry for entry in map(os.path.abspath, sys.path) if is_installed(entry)],
        "features": msgspec.to_builtins(features),
    }


def _env() -> dict[str, str]:
    zone = os.environ.get("TZ")
    return _ENV if zone is None else _ENV | {"TZ": zone}


def zygote(
    imports: tuple[str, ...],
    features: Features,
    allowed: Allowed,
    *,
    python: tuple[str, ...] | None,
) -> WorkerKind:
    """Return the kind that has imported these modules and is forked for each run."""
    told = {"profile": allowed.profile, "network": allowed.network}
    return WorkerKind(
        "skills",
        setup="ciranda_skills.inside.zygote:setup",
        options=_options(imports, features) | told,
        argv=python,
        env=_env(),
        first=_FIRST,
        lifetime="fork",
        ahead=not allowed.bwrap,  # what becomes bubblewrap must not have begun to confine itself
    )


def warm(
    skill: Skill,
    imports: tuple[str, ...],
    features: Features,
    allowed: Allowed,
    recycle: Recycle,
    *,
    python: tuple[str, ...] | None,
) -> WorkerKind:
    """Return the kind that serves many runs of one skill in one process."""
    return WorkerKind(
        f"skill {skill.name}",
        setup="ciranda_skills.inside.warm:setup",
        options=_options(imports, features) | {"allowed": msgspec.to_builtins(allowed)},
        argv=python,
        env=_env(),
        first=_FIRST,
        recycle=recycle,
    )


def imports_of(skill: Skill) -> tuple[str, ...]:
    """Return the modules that a zygote for this skill imports ahead: its scripts name them."""
    scripts = [Path(skill.root, name) for name in skill.scripts if name.endswith(".py")]
    if not scripts:
        return ()
    own = {os.path.splitext(name)[0] for name in os.listdir(skill.root)}
    for folder in {script.parent for script in scripts}:
        own |= {os.path.splitext(name)[0] for name in os.listdir(folder)}
    wanted = frozenset[str]().union(*(inspect(script).imports for script in scripts))
    return preloadable(wanted, frozenset(own))
