"""Items that wait for a human; what the human says is what the council learns from."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, final

import msgspec

from ciranda.errors import CirandaError
from ciranda.events.judging import Judgement, Verdict
from ciranda.store import Database

from .encoding import encode

__all__ = ["Review", "ReviewError", "ReviewStatus", "Reviews"]

_COLUMNS: Final = "id, key, status, opened, asked, judgement, source, resolved, by, note"
_DAY: Final = 86400.0


class ReviewError(CirandaError):
    """A review does not exist, or somebody decided otherwise."""


class ReviewStatus(StrEnum):
    """What became of a review."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """One item; times are unix seconds.

    `asked` counts the judgements of this intent while the item was open; `judgement` is the
    first of them, with every opinion. `source` is the intent as it was given.
    """

    id: str
    key: str
    status: ReviewStatus
    opened: float
    asked: int
    judgement: Judgement
    source: dict[str, Any] | str
    resolved: float | None = None
    by: str = ""
    note: str = ""

    @property
    def why(self) -> str:
        """Say why a human is asked."""
        return self.judgement.message or self.judgement.reason


@final
class Reviews:
    """The items, in a database.

    Opening survives `kill -9`, at microseconds; a resolution is on disk when `resolve` returns.

    Args:
        database: Of the tables of `learning.schema`.
        limit: Items that may be open; beyond that none is opened.
        learn: Told, in the same transaction, what was right: the judgement, the verdict, by whom.
        clock: Unix seconds.
        ids: Makes the id of an item.
    """

    def __init__(
        self,
        database: Database,
        *,
        limit: int = 10_000,
        learn: Callable[[Judgement, Verdict, str], object] | None = None,
        clock: Callable[[], float] = time.time,
        ids: Callable[[], str] = lambda: f"r{secrets.token_hex(5)}",
    ) -> None:
        self._database: Final = database
        self._limit: Final = limit
        self._learn: Final = learn
        self._clock: Final = clock
        self._ids: Final = ids

    def open(self, judgement: Judgement, source: Mapping[str, Any] | str) -> str:
        """Put a judgement before a human.

        An intent that waits already is not put there twice: its item says how often it was asked.

        Returns:
            The item's id; "" if too many wait.

        Raises:
            StoreError: It cannot be written.
        """
        with self._database.transaction():
            if judgement.key:
                again = self._database.execute(
                    "UPDATE reviews SET asked = asked + 1 WHERE key = ? AND status = 'open' "
                    "RETURNING id",
                    [judgement.key],
                )
                if again:
                    return str(again[0][0])
            if self.waiting() >= self._limit:
                return ""
            review = self._ids()
            named = msgspec.structs.replace(judgement, review=review)
            self._database.execute(
                "INSERT INTO reviews(id, key, status, opened, asked, judgement, source) "
                "VALUES (?, ?, 'open', ?, 1, ?, ?)",
                [
                    review,
                    judgement.key,
                    self._clock(),
                    encode(named),
                    encode(source),
                ],
            )
        return review

    def waiting(self) -> int:
        """Count the open items."""
        rows = self._database.execute("SELECT count(*) FROM reviews WHERE status = 'open'")
        return int(rows[0][0])

    def get(self, review: str) -> Review:
        """Return an item.

        Raises:
            ReviewError: There is none of this id.
        """
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM reviews WHERE id = ?", [review])
        if not rows:
            raise _no_review(review)
        return _review(rows[0])

    def find(self, review: str) -> Review:
        """Return an item by its id, or as much of it as no other begins with.

        Raises:
            ReviewError: There is none, or several begin so.
        """
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM reviews WHERE id = ?", [review])
        if not rows and review:
            rows = self._database.execute(
                f"SELECT {_COLUMNS} FROM reviews WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT 2",
                [len(review), review],
            )
        if not rows:
            raise _no_review(review)
        if len(rows) > 1:
            raise ReviewError(
                f"several reviews begin with {review!r}, such as {rows[0][0]} and {rows[1][0]}: "
                "write more of the id"
            )
        return _review(rows[0])

    def items(self, status: ReviewStatus | None = None, *, limit: int = 100) -> list[Review]:
        """Return items, those that wait longest first; of all kinds unless one is named."""
        where, values = ("", []) if status is None else ("WHERE status = ?", [status.value])
        rows = self._database.query(
            f"SELECT {_COLUMNS} FROM reviews {where} ORDER BY opened, id LIMIT ?",
            [*values, limit],
        )
        return [_review(row) for row in rows]

    def resolve(self, review: str, verdict: Verdict, *, by: str, note: str = "") -> Review:
        """Say what is right; saying it again changes nothing.

        Args:
            review: The item's id.
            verdict: Approved or rejected.
            by: Who says so.
            note: Why.

        Returns:
            The item, resolved.

        Raises:
            ReviewError: There is none of this id, the verdict is no decision, nobody is named,
                or somebody decided otherwise.
        """
        if verdict not in (Verdict.APPROVED, Verdict.REJECTED):
            raise ReviewError(
                f"{verdict.value!r} does not resolve review {review!r}: say approved or rejected"
            )
        if not by.strip():
            raise ReviewError(f"review {review!r} needs a name of who resolves it")
        with self._database.transaction():
            item = self.get(review)
            if item.status.value == verdict.value:
                return item
            if item.status is not ReviewStatus.OPEN:
                raise ReviewError(
                    f"review {review!r} was {item.status.value} by {item.by}: "
                    "a decision is not changed afterwards"
                )
            self._database.execute(
                "UPDATE reviews SET status = ?, resolved = ?, by = ?, note = ? WHERE id = ?",
                [verdict.value, self._clock(), by, note, review],
            )
            if self._learn is not None:
                self._learn(item.judgement, verdict, by)
        # Commits of this file survive a process, not a loss of power; a checkpoint syncs them.
        self._database.execute("PRAGMA wal_checkpoint(FULL)")
        return self.get(review)

    def forget(self, days: float) -> int:
        """Remove items that were resolved so many days ago; return how many."""
        before = self._clock() - days * _DAY
        return self._database.change(
            "DELETE FROM reviews WHERE status <> 'open' AND resolved < ?", [before]
        )


def _no_review(review: str) -> ReviewError:
    return ReviewError(
        f"there is no review {review!r}: `ciranda experts review list` names those that are open"
    )


def _review(row: tuple[Any, ...]) -> Review:
    review, key, status, opened, asked, judgement, source, resolved, by, note = row
    return Review(
        id=review,
        key=key,
        status=ReviewStatus(status),
        opened=opened,
        asked=asked,
        judgement=msgspec.json.decode(judgement, type=Judgement),
        source=msgspec.json.decode(source),
        resolved=resolved,
        by=by,
        note=note,
    )
