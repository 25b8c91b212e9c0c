"""The skills that were installed for a project or for a user."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace as replace_fields
from pathlib import Path
from typing import Final, final

import msgspec

from ciranda.workflow.nearest import nearest

from ..digest import digest
from ..error import SkillError, UnknownSkillError
from ..resources import reason_of
from .change import Change, difference
from .copying import copy_skill
from .error import ArchiveError, InstallError
from .exchange import exchange
from .fetching import Fetched, fetched
from .gitprogram import GitProgram
from .offer import Offer, choose, folder_for, loaded, offers_in
from .place import Place
from .record import Record, Version
from .replacing import recover, replace, take_away
from .source import Source
from .unpacking import Limits, Refusal

__all__ = ["Registry"]


@dataclass(frozen=True, slots=True)
class _Staged:
    """A copy of a skill that is ready to be put in place."""

    token: str
    version: Version
    warnings: tuple[str, ...]


@final
class Registry:
    """Installs skills below `.ciranda/skills` of a folder, and remembers where they are from.

    Its methods wait for disks, other processes and networks: call them from a thread where
    that matters. Installing runs nothing of a skill, and trusts nothing: an updated skill of a
    project has another digest and no grant.

    Args:
        base: The project's folder, or the user's home.
        git: The program that fetches from repositories.
        limits: What a skill, and what is fetched with it, may hold.
        wait: Seconds to wait for another process that installs in the same place.
        clock: Seconds since 1970.
        token: A new name that nobody else uses, of letters and digits.
        swap: Lets two folders change places, or says that it cannot.
    """

    def __init__(
        self,
        base: Path,
        *,
        git: GitProgram | None = None,
        limits: Limits | None = None,
        wait: float = 30.0,
        clock: Callable[[], float] = time.time,
        token: Callable[[], str] = lambda: secrets.token_hex(8),
        swap: Callable[[Path, Path], bool] = exchange,
    ) -> None:
        self._place: Final = Place(base, wait=wait)
        self._git: Final = git or GitProgram()
        self._limits: Final = limits or Limits()
        self._clock: Final = clock
        self._token: Final = token
        self._swap: Final = swap

    @property
    def folder(self) -> Path:
        """Where the skills stand."""
        return self._place.skills

    def offers(self, source: Source) -> tuple[Offer, ...]:
        """Return the skills that a source holds, those that do not load among them.

        Raises:
            ArchiveError: What it holds breaks a rule.
            FetchError: It cannot be fetched.
        """
        with fetched(source, self._git, self._limits) as found:
            return offers_in(found.top)

    def records(self) -> tuple[Record, ...]:
        """Return what is installed, by name.

        Raises:
            SkillError: It cannot be read.
        """
        self._place.check()
        return self._place.records.all()

    def find(self, name: str) -> Record:
        """Return the record of a skill, by its name or the name of its folder.

        Raises:
            UnknownSkillError: It was not installed here; the text names the nearest.
        """
        found = self.records()
        for record in found:
            if name in (record.folder, record.name):
                return record
        meant = nearest(name, [record.name for record in found])
        hint = f": did you mean `{meant}`?" if meant else ""
        raise UnknownSkillError(f"the skill `{name[:80]}` is not installed in {self.folder}{hint}")

    def versions(self, name: str) -> tuple[Version, ...]:
        """Return what a skill is and was, the current version first.

        Raises:
            UnknownSkillError: It was not installed here.
        """
        record = self.find(name)
        return record.current, *record.former

    def install(
        self,
        source: Source,
        names: Iterable[str] = (),
        *,
        every: bool = False,
        over: bool = False,
    ) -> tuple[Change, ...]:
        """Install skills from a source; each of them whole or not at all.

        Args:
            source: Where they are.
            names: Which of them, by name or by path there; needed where there are several.
            every: All that load, instead of names.
            over: Replace what is installed by the same name from elsewhere.

        Raises:
            ArchiveError: What it holds breaks a rule.
            ChoiceError: It has several skills, or none of a name.
            FetchError: It cannot be fetched.
            InvalidSkillError: A skill does not load; none is installed.
            InstallError: Something else is in the way.
            BusyError: Another process did not finish in time.
        """
        with fetched(source, self._git, self._limits) as found:
            chosen = choose(offers_in(found.top), source, names, every=every)
            for offer in chosen:
                loaded(offer.folder, offer.name)
            with self._changing():
                return tuple(self._install(source, found, offer, over=over) for offer in chosen)

    def update(self, name: str, *, look: bool = False, force: bool = False) -> Change:
        """Fetch a skill again from where it came from, and replace it when it changed.

        Args:
            name: The skill.
            look: Only tell what would change.
            force: Also where it was edited since; the edited one is kept as a former version.

        Raises:
            UnknownSkillError: It was not installed here.
            SkillError: As for `install`.
        """
        record = self.find(name)
        with fetched(record.origin, self._git, self._limits) as found:
            offers = offers_in(found.top)
            there = any(offer.path == record.path for offer in offers)
            wanted = record.path if there else record.name
            (offer,) = choose(offers, record.origin, [wanted])
            loaded(offer.folder, offer.name)
            with self._changing():
                record = self.find(record.folder)
                record = msgspec.structs.replace(record, name=offer.name, path=offer.path)
                staged = self._staged(offer.folder, offer.name, found)
                return self._put(record, staged, look=look, force=force)

    def rollback(self, name: str, content: str = "") -> Change:
        """Bring a former version of a skill back; the current one becomes a former one.

        Args:
            name: The skill.
            content: The beginning of the digest of the version; the last one without it.

        Raises:
            UnknownSkillError: It was not installed here, or has no such version.
            SkillError: The version cannot be put in place.
        """
        with self._changing():
            record = self.find(name)
            fitting = [each for each in record.former if each.digest.startswith(content)]
            if not fitting:
                said = f" that begins with `{content[:64]}`" if content else ""
                raise UnknownSkillError(f"`{name[:80]}` has no former version{said}")
            kept = self._place.kept(record.folder) / fitting[0].digest
            staged = self._staged(kept, record.name, Fetched(kept))
            if staged.version.digest != fitting[0].digest:
                raise InstallError(f"{kept} is not what it was: install the skill again")
            staged = replace_fields(staged, version=fitting[0])
            return self._put(record, staged, force=True)

    def remove(self, name: str, *, force: bool = False) -> Record:
        """Remove a skill that was installed, with its former versions; returns what it was.

        Args:
            name: The skill.
            force: Also where it was edited since.

        Raises:
            UnknownSkillError: It was not installed here; what stands there is left alone.
            InstallError: It was edited, or something else is in its place.
        """
        with self._changing():
            record = self.find(name)
            if not force:
                self._check_unedited(record)
            take_away(self._place, record, self._token())
            return record

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock, with nothing half done; what the system refuses is one sentence."""
        with self._place.locked():
            try:
                recover(self._place)
                yield
            except Refusal as error:
                raise ArchiveError(f"the skill is not taken: {error}", error.hazard) from None
            except OSError as error:
                said = f"the skills in {self.folder} cannot be changed: {reason_of(error)}"
                raise InstallError(said) from None
            finally:
                # What stops this stops the next who takes the lock too, and is said there.
                with contextlib.suppress(OSError, SkillError):
                    recover(self._place)

    def _staged(self, source: Path, name: str, found: Fetched) -> _Staged:
        """Copy a skill to where it can be put in place from, and look at the copy."""
        token = self._token()
        folder = self._place.staged(token)
        left_out = copy_skill(source, folder, self._limits)
        version = Version(
            version=loaded(folder, name).metadata.get("version", ""),
            digest=digest(folder),
            at=self._clock(),
            commit=found.commit,
        )
        return _Staged(token, version, found.warnings + left_out)

    def _install(self, source: Source, found: Fetched, offer: Offer, *, over: bool) -> Change:
        folder = folder_for(offer.name, offer.folder.name)
        known = self._place.records.get(folder)
        if known is None and self._place.is_standing(folder):
            raise InstallError(
                f"{self._place.standing(folder)} was not installed: remove it yourself, then "
                f"install `{offer.name[:80]}`"
            )
        staged = self._staged(offer.folder, offer.name, found)
        same = known and known.current.digest == staged.version.digest
        if known and not same and not over and known.origin != source:
            raise InstallError(
                f"`{folder}` is installed from {known.origin} already: remove it, or "
                "say `--replace`"
            )
        record = Record(
            folder=folder,
            name=offer.name,
            origin=source,
            path=offer.path,
            current=known.current if known else staged.version,
            former=known.former if known else (),
        )
        return self._put(record, staged, force=over)

    def _put(self, record: Record, staged: _Staged, *, look: bool = False, force: bool) -> Change:
        """Put what is staged in place of what stands there, unless they are the same."""
        standing = self._place.standing(record.folder)
        before = self._standing(record)
        version = staged.version
        files = difference(standing if before else None, self._place.staged(staged.token))
        new = record
        if before is None or before.digest != version.digest:
            former = (before, *record.former) if before else record.former
            once = {each.digest: each for each in former if each.digest != version.digest}
            new = msgspec.structs.replace(record, current=version, former=tuple(once.values()))
        change = Change(
            record=new,
            folder=standing,
            before=before,
            files=files,
            done=not look,
            warnings=staged.warnings,
        )
        if look:
            return change
        if change.unchanged:
            self._place.records.put(new)
            return change
        if not force:
            self._check_unedited(record)
        replace(self._place, new, staged.token, self._swap)
        return change

    def _standing(self, record: Record) -> Version | None:
        """Return what stands in the place of a skill now, edited or not."""
        if not self._place.is_standing(record.folder):
            return None
        found = digest(self._place.standing(record.folder))
        if found == record.current.digest:
            return record.current
        return msgspec.structs.replace(record.current, digest=found)

    def _check_unedited(self, record: Record) -> None:
        found = self._standing(record)
        if found is not None and found.digest != record.current.digest:
            raise InstallError(
                f"`{record.folder}` was edited since it was installed: keep a copy of "
                f"{self._place.standing(record.folder)}, then force it"
            )
