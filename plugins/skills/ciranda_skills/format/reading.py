"""Reading one skill's folder: everything wrong with it, and the skill where it can be loaded."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ..resources import SKILL_FILES, Listing, list_resources, real_folder
from .fences import Fenced, fence, opens
from .fields import Fields, read_fields
from .frontmatter import FrontmatterError, Node, parse
from .repair import repaired
from .skill import Skill
from .source import LARGEST_FILE, LARGEST_FRONTMATTER, Source, SourceError, read_source
from .violation import Violation

__all__ = ["Reading", "read_heading", "read_skill"]

_NOTHING = Listing((), ())


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a folder found, by both modes at once.

    Attributes:
        path: The folder as it was given.
        name: The declared name, trimmed and in NFKC, or else the folder's.
        valid: Whether the strict mode accepts it.
        loads: Whether the lenient mode loads it; then `skill` is there.
        errors: What the strict mode refuses.
        warnings: What the lenient mode notes and puts up with.
        messages: One sentence for each kind of both.
        skill: The skill, when it loads.
    """

    path: Path
    name: str | None
    valid: bool
    loads: bool
    errors: tuple[Violation, ...] = ()
    warnings: tuple[Violation, ...] = ()
    messages: dict[Violation, str] = {}
    skill: Skill | None = None

    @property
    def fatal(self) -> tuple[Violation, ...]:
        """Why the lenient mode skips it; empty when it loads."""
        if self.loads:
            return ()
        return tuple(kind for kind in self.errors if kind not in self.warnings)


def read_skill(folder: Path) -> Reading:
    """Read a skill, without running anything of it.

    Args:
        folder: The skill's folder, or the SKILL.md in it. Its own name counts, not that of
            what it links to.

    Raises:
        UnreadableError: The folder is none.
        SkillLimitError: It holds more than 20,000 files, or folders too deep in each other.
    """
    return _read(folder, whole=True)


def read_heading(folder: Path) -> Reading:
    """Read a skill's frontmatter only: its `skill` has no body, no scripts and no resources.

    Raises:
        UnreadableError: The folder is none.
    """
    return _read(folder, whole=False)


@dataclass(slots=True)
class _Findings:
    """What is wrong, by mode; `fatal` is what the lenient mode cannot put up with."""

    errors: dict[Violation, str] = field(default_factory=dict)
    warnings: dict[Violation, str] = field(default_factory=dict)
    fatal: bool = False

    def both(self, kind: Violation, message: str) -> None:
        self.errors.setdefault(kind, message)
        self.warnings.setdefault(kind, message)

    def stop(self, kind: Violation, message: str) -> None:
        self.errors.setdefault(kind, message)
        self.fatal = True


def _read(given: Path, *, whole: bool) -> Reading:
    folder = given.parent if given.name in SKILL_FILES and not given.is_dir() else given
    root = Path(real_folder(folder))
    own_name = os.path.basename(os.path.abspath(folder)) or "skill"
    found = _Findings()
    fields = None
    body = ""
    try:
        source = read_source(root, head=not whole)
    except SourceError as error:
        source = Source("", b"", cut=False)
        found.stop(Violation.MISSING_FRONTMATTER, str(error))
    else:
        if source.file != SKILL_FILES[0]:
            message = f"the file is called {source.file}: rename it to {SKILL_FILES[0]}"
            found.warnings[Violation.LOWERCASE_FILENAME] = message
        parts = _parts(source, found)
        if parts is not None:
            fields = _fields(parts.frontmatter, own_name, found)
            # Of a skill that cannot be read at all, the bytes below do not hide why.
            body = _text(parts.body, found) if whole and fields is not None else ""
    skill = None
    if fields is not None and not found.fatal:
        listing = list_resources(root) if whole else _NOTHING
        skill = _skill(fields, root, own_name, source.file, body, listing)
    return Reading(
        path=given,
        name=(fields.name if fields else "") or own_name,
        valid=not found.errors,
        loads=skill is not None,
        errors=_ordered(found.errors),
        warnings=_ordered(found.warnings),
        messages=found.errors | found.warnings,
        skill=skill,
    )


def _parts(source: Source, found: _Findings) -> Fenced | None:
    if source.cut:
        message = f"{source.file} is larger than {LARGEST_FILE >> 20} MiB"
        found.stop(Violation.INVALID_YAML, message)
        return None
    if not opens(source.data):
        message = f"the first line of {source.file} is not exactly `---`"
        found.stop(Violation.MISSING_FRONTMATTER, message)
        return None
    parts = fence(source.data)
    if parts is None or len(parts.frontmatter) > LARGEST_FRONTMATTER:
        message = f"no line of {source.file} that is exactly `---` closes the frontmatter"
        found.stop(Violation.UNCLOSED_FRONTMATTER, message)
        return None
    return parts


def _fields(frontmatter: bytes, own_name: str, found: _Findings) -> Fields | None:
    """Return the fields, repaired where it takes that; then only the lenient mode saw them."""
    try:
        text = frontmatter.decode()
    except UnicodeDecodeError as error:
        message = f"byte 0x{frontmatter[error.start]:02x} of the frontmatter is not UTF-8"
        found.stop(Violation.INVALID_YAML, f"{message}: save the file as UTF-8")
        return None
    try:
        mapping = parse(text)
    except FrontmatterError as error:
        found.errors[Violation.INVALID_YAML] = f"the frontmatter is not valid YAML: {error}"
        mended = _mended(text)
        if mended is None:
            found.fatal = True
            return None
        found.warnings[Violation.YAML_REPAIRED] = "a value with a colon in it was read as if quoted"
        fields = read_fields(mended, own_name)
        found.warnings |= fields.found
    else:
        fields = read_fields(mapping, own_name)
        found.errors |= fields.found
        found.warnings |= fields.found
    missing = found.warnings.pop(Violation.MISSING_DESCRIPTION, None)
    if missing is not None:
        found.stop(Violation.MISSING_DESCRIPTION, missing)
    return fields


def _mended(text: str) -> dict[str, Node] | None:
    quoted = repaired(text)
    if quoted is None:
        return None
    try:
        return parse(quoted)
    except FrontmatterError:
        return None


def _text(body: bytes, found: _Findings) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        message = f"byte 0x{body[error.start]:02x} of the body is not UTF-8"
        found.both(Violation.INVALID_YAML, f"{message}: save the file as UTF-8")
        return body.decode(errors="replace")


def _skill(
    fields: Fields, root: Path, own_name: str, file: str, body: str, listing: Listing
) -> Skill:
    return Skill(
        name=fields.name or own_name,
        description=fields.description,
        license=fields.license,
        compatibility=fields.compatibility,
        metadata=fields.metadata,
        allowed_tools=fields.allowed_tools,
        extra=fields.extra,
        root=root,
        file=file,
        body=body,
        scripts=listing.scripts,
        resources=listing.resources,
    )


def _ordered(kinds: dict[Violation, str]) -> tuple[Violation, ...]:
    """Return the kinds in the order in which the format lists them."""
    return tuple(kind for kind in Violation if kind in kinds)
