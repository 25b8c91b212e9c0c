"""Whatever a source is, as a folder to choose skills from."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..resources import reason_of
from .checkout import check_out
from .error import ArchiveError, FetchError, InstallError
from .gitprogram import GitProgram
from .offer import folder_for
from .source import Kind, Source
from .unpacking import Limits, Refusal, unpack

__all__ = ["Fetched", "fetched"]

_ENDINGS: Final = re.compile(r"\.(zip|tar|tar\.(gz|bz2|xz)|t[gbx]z|git|skill)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A source, at hand.

    Attributes:
        top: A folder with everything in it.
        commit: Of a repository.
        warnings: Sentences on what was left out.
    """

    top: Path
    commit: str = ""
    warnings: tuple[str, ...] = ()


@contextlib.contextmanager
def fetched(source: Source, git: GitProgram, limits: Limits) -> Iterator[Fetched]:
    """Fetch a source; what was made for it is gone when the block ends.

    Raises:
        ArchiveError: What it holds breaks a rule.
        FetchError: It cannot be fetched.
    """
    if source.kind is Kind.FOLDER:
        if not Path(source.location).is_dir():
            raise FetchError(f"{source.location} is not a folder any more")
        yield Fetched(Path(source.location))
        return
    with tempfile.TemporaryDirectory(prefix="ciranda-skills-") as made:
        # Its name is the skill's where one lies at the top and says none.
        top = Path(made) / _stem(source.location)
        try:
            found = _fetch(source, top, git, limits)
        except Refusal as error:
            said = f"{source} is not taken: {error}"
            raise ArchiveError(said, error.hazard) from None
        except OSError as error:
            raise FetchError(f"{source} cannot be fetched: {reason_of(error)}") from None
        yield found


def _fetch(source: Source, top: Path, git: GitProgram, limits: Limits) -> Fetched:
    if source.kind is Kind.ARCHIVE:
        unpack(Path(source.location), top, limits)
        return Fetched(top)
    top.mkdir()
    checkout = check_out(source, top, git, limits)
    return Fetched(top, checkout.commit, checkout.warnings)


def _stem(location: str) -> str:
    last = re.split(r"[/:]", location.rstrip("/"))[-1]
    try:
        return folder_for("", _ENDINGS.sub("", last))
    except InstallError:
        return "skill"
