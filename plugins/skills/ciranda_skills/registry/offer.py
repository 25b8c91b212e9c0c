"""What a source has to offer, and choosing from it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ..discovery import discover
from ..format import Reading, Skill, Violation, read_skill
from ..format.names import check_name
from ..resources import contains
from .error import ChoiceError, InstallError, InvalidSkillError
from .unpacking.hazard import Refusal
from .unpacking.pathname import parts_of, shown

__all__ = ["Offer", "choose", "folder_for", "loaded", "offers_in"]

_LISTED: Final = 20


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A skill that a source holds.

    Attributes:
        name: Its name; the folder's where it does not load.
        path: Its folder from the top of the source, with `/` between names; empty for the top.
        description: What it does and when to use it; empty where it does not load.
        messages: What is wrong with it, one sentence for each violation.
        loads: Whether it can be installed.
        folder: Where it lies for now.
    """

    name: str
    path: str
    description: str
    messages: dict[Violation, str]
    loads: bool
    folder: Path


def offers_in(top: Path) -> tuple[Offer, ...]:
    """Return the skills below a folder, by path; links that lead out of it are not followed.

    Raises:
        SkillError: It cannot be read.
    """
    real = os.path.realpath(top)
    found = []
    for each in discover(roots=[top]).found:
        if contains(real, os.path.realpath(each.folder)):
            reading = read_skill(each.folder)
            relative = os.path.relpath(each.folder, top)
            found.append(_offer(reading, "" if relative == "." else relative.replace(os.sep, "/")))
    return tuple(sorted(found, key=lambda offer: offer.path))


def _offer(reading: Reading, path: str) -> Offer:
    return Offer(
        name=reading.name or "",
        path=path,
        description=reading.skill.description if reading.skill else "",
        messages=reading.messages,
        loads=reading.loads,
        folder=reading.path,
    )


def choose(
    offers: Sequence[Offer], source: object, names: Iterable[str] = (), *, every: bool = False
) -> tuple[Offer, ...]:
    """Return the offers that are meant.

    Args:
        offers: All of a source.
        source: What errors call it.
        names: Names of skills, or their paths in the source.
        every: All that load, when no names are given.

    Raises:
        ChoiceError: There is none of a name, several of it, or no name where there are several.
    """
    offered = tuple(offer.name for offer in offers)
    if not offers:
        raise ChoiceError(f"there is no skill in {source}: none of its folders has a SKILL.md")
    chosen = tuple(_named(offers, source, name) for name in dict.fromkeys(names))
    if chosen:
        return chosen
    if every:
        return tuple(offer for offer in offers if offer.loads) or tuple(offers)
    if len(offers) > 1:
        listed = ", ".join(f"`{name[:80]}`" for name in offered[:_LISTED])
        more = f" and {len(offered) - _LISTED} more" if len(offered) > _LISTED else ""
        raise ChoiceError(f"{source} has several skills: name one of {listed}{more}", offered)
    return tuple(offers)


def _named(offers: Sequence[Offer], source: object, name: str) -> Offer:
    offered = tuple(offer.name for offer in offers)
    found = [offer for offer in offers if offer.path == name]
    found = found or [offer for offer in offers if offer.name == name]
    found = found or [offer for offer in offers if offer.folder.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(f"`{offer.path}`" for offer in found[:_LISTED])
        raise ChoiceError(
            f"{source} has several skills `{name[:80]}`: name one by {paths}", offered
        )
    listed = ", ".join(f"`{each[:80]}`" for each in offered[:_LISTED])
    raise ChoiceError(f"there is no skill `{name[:80]}` in {source}: it has {listed}", offered)


def loaded(folder: Path, name: str) -> Skill:
    """Return the skill in a folder.

    Raises:
        InvalidSkillError: It does not load; the text says everything that is wrong.
    """
    reading = read_skill(folder)
    if reading.skill is None:
        said = "; ".join(reading.messages.values())
        raise InvalidSkillError(f"the skill `{name[:80]}` does not load: {said}", reading.messages)
    return reading.skill


def folder_for(name: str, otherwise: str) -> str:
    """Return the name of the folder that a skill is put in.

    Args:
        name: The skill's own name, which may hold anything.
        otherwise: The folder that it came in, for a name that breaks the rules.

    Raises:
        InstallError: Neither is a name for a folder.
    """
    if name and not check_name(name, name):
        return name
    try:
        parts = parts_of(otherwise)
    except Refusal:
        parts = ()
    if len(parts) == 1 and not parts[0].startswith("."):
        return parts[0]
    raise InstallError(
        f"the skill {shown(name)} cannot be given a folder: its name is not made of letters, "
        "digits and hyphens"
    )
