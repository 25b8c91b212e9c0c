"""SQLite's conditions as sentences that name the file and the next step."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from ciranda.errors import StoreError

_CORRUPT: Final = (
    "{path} is damaged ({detail}): copy it aside, then restore a backup or remove it "
    "(its runs are lost)"
)
_SENTENCES: Final[tuple[tuple[type[apsw.Error], str], ...]] = (
    (
        apsw.FullError,
        "the disk is full, so {path} cannot be written: free some space and resume; "
        "what was recorded before is kept",
    ),
    (
        apsw.BusyError,
        "{path} stayed locked by another process: end the process that holds it, or try again",
    ),
    (
        apsw.LockedError,
        "{path} is in use by another statement of this process: finish that one first",
    ),
    (
        apsw.ReadOnlyError,
        "{path} cannot be written ({detail}): allow writing to the file and to its folder",
    ),
    (
        apsw.PermissionsError,
        "{path} may not be accessed ({detail}): allow reading and writing it",
    ),
    (
        apsw.CantOpenError,
        "{path} cannot be opened ({detail}): check that its folder exists and may be written",
    ),
    (apsw.NotADBError, "{path} is not a SQLite database: move it away, and a new one is made"),
    (apsw.CorruptError, _CORRUPT),
    (apsw.FormatError, _CORRUPT),
    (
        apsw.IOError,
        "the disk failed under {path} ({detail}): check the disk, then resume; "
        "what was recorded before is kept",
    ),
    (apsw.NoMemError, "there is not enough memory to use {path}: free some and try again"),
    (apsw.TooBigError, "a value is too big for {path} ({detail}): the limit is 1 GB"),
    (apsw.ConstraintError, "{path} refused a row ({detail}): a row with that key is there already"),
    (apsw.ConnectionClosedError, "{path} is closed: open the store again"),
)


def store_error(path: Path, error: apsw.Error) -> StoreError:
    """Return the sentence for what SQLite reported about a file."""
    code = getattr(error, "extendedresult", 0)
    name = apsw.mapping_extended_result_codes.get(code, "")
    detail = f"{error}; {name}" if name else str(error)
    for kind, sentence in _SENTENCES:
        if isinstance(error, kind):
            return StoreError(sentence.format(path=path, detail=detail))
    return StoreError(f"{path} cannot be used ({type(error).__name__}: {detail})")


def sync_failed(error: apsw.Error) -> bool:
    """Tell whether a sync failed, after which the system may have dropped the unsynced pages."""
    code = getattr(error, "extendedresult", 0)
    return code in {apsw.SQLITE_IOERR_FSYNC, apsw.SQLITE_IOERR_DIR_FSYNC}
