"""Putting a skill in its place so that a crash at any moment leaves the old one or the new one.

What is to hold is written down first. Then the folders change places. Whoever takes the lock next
after a crash finishes what came that far, and undoes what did not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from ..digest import digest
from .error import RecordError
from .exchange import exchange
from .place import Place, remove_tree
from .record import Pending, Record, check_record, read_whole, write_whole

__all__ = ["recover", "replace", "take_away"]

_KEPT: Final = 3  # former versions of a skill


def replace(
    place: Place, record: Record, token: str, swap: Callable[[Path, Path], bool] = exchange
) -> None:
    """Put what is staged in its place; needs the lock.

    Args:
        place: Where.
        record: What holds then.
        token: Names what is staged.
        swap: Lets two folders change places, or says that it cannot.

    Raises:
        OSError: It failed; the next who takes the lock cleans up.
    """
    note = place.pending / f"{record.folder}.json"
    write_whole(note, msgspec.json.encode(Pending(record=record, token=token)))
    staged, standing = place.staged(token), place.standing(record.folder)
    if not place.is_standing(record.folder):
        os.rename(staged, standing)
    elif not swap(staged, standing):
        before = place.kept(record.folder) / record.former[0].digest
        _make_room(before)
        os.rename(standing, before)
        try:
            os.rename(staged, standing)
        except OSError:
            os.rename(before, standing)
            raise
    _finish(place, record, token)


def recover(place: Place) -> None:
    """Finish or undo what a crash left half done, and clean up; needs the lock.

    Raises:
        RecordError: What was written down cannot be understood.
        OSError: It cannot be finished.
    """
    for name in sorted(os.listdir(place.pending)):
        note = place.pending / name
        if name.startswith(".") or not name.endswith(".json"):
            note.unlink()  # never put in its place
            continue
        try:
            pending = msgspec.json.decode(read_whole(note) or b"", type=Pending)
        except msgspec.MsgspecError as error:
            raise RecordError(f"{note} is damaged: {error}") from None
        _settle(place, pending, note)
    place.tidy()


def _settle(place: Place, pending: Pending, note: Path) -> None:
    record = pending.record
    # A project may bring such a file: it names folders here and nowhere else.
    if not pending.token.isalnum():
        raise RecordError(f"{note} is damaged: remove it")
    check_record(record, note.stem)
    staged, standing = place.staged(pending.token), place.standing(record.folder)
    ready = staged.is_dir() and not staged.is_symlink()
    if not place.is_standing(record.folder) and ready:
        os.rename(staged, standing)
    elif not place.is_standing(record.folder) or digest(standing) != record.current.digest:
        note.unlink()
        return
    _finish(place, record, pending.token)


def _finish(place: Place, record: Record, token: str) -> None:
    staged = place.staged(token)
    former = place.kept(record.folder)
    if staged.is_dir() and record.former:
        before = former / record.former[0].digest
        _make_room(before)
        os.rename(staged, before)
    kept = record.former[:_KEPT]
    place.records.put(msgspec.structs.replace(record, former=kept))
    (place.pending / f"{record.folder}.json").unlink(missing_ok=True)
    remove_tree(staged.parent)
    if former.is_dir():
        wanted = {version.digest for version in kept}
        for name in set(os.listdir(former)) - wanted:
            remove_tree(former / name)


def _make_room(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_tree(folder)


def take_away(place: Place, record: Record, token: str) -> None:
    """Remove an installed skill with its former versions and its record; needs the lock.

    Raises:
        InstallError: There is something else in its place.
        OSError: It failed.
    """
    gone = place.staged(token).parent
    gone.mkdir()
    if place.is_standing(record.folder):
        os.rename(place.standing(record.folder), gone / "skill")
    former = place.kept(record.folder)
    if former.is_dir() and not former.is_symlink():
        os.rename(former, gone / "former")
    place.records.drop(record.folder)
    remove_tree(gone)
