"""The runs of groups that may not all work at once, in the order in which they asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol, final

from ciranda.store.database import Database
from ciranda.store.rows import Durability

__all__ = ["Member", "Members", "MembersInFile", "MembersInMemory"]

_MIGRATIONS: Final = (
    """
    CREATE TABLE members(
        ticket INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, run TEXT NOT NULL UNIQUE,
        most INTEGER NOT NULL, ousted INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX members_by_name ON members(name, ticket);
    """,
)


@dataclass(frozen=True, slots=True)
class Member:
    """A run that is in a group, or waits for a place in it.

    Attributes:
        ticket: Smaller ones came first.
        run: Its id.
        most: How many runs may be in the group at once, as this one says.
        ousted: Whether it is asked to make room.
    """

    ticket: int
    run: str
    most: int
    ousted: bool


class Members(Protocol):
    """Who belongs to which group. Whether a member is still alive, its lease tells."""

    def join(self, name: str, run: str, most: int) -> int:
        """Put a run at the end of the line of a group and return its ticket.

        Whatever ticket it had is void.
        """
        ...

    def leave(self, ticket: int) -> None:
        """Take a run out of its group; nothing happens if the ticket is void."""
        ...

    def ahead(self, name: str, ticket: int) -> Iterator[Member]:
        """Yield the members of a group that came before a ticket, oldest first."""
        ...

    def oust(self, ticket: int) -> bool:
        """Note that a member is asked to make room; say whether it is the first time."""
        ...

    def close(self) -> None:
        """Give up files."""
        ...


@final
class MembersInMemory:
    """The groups of one process."""

    def __init__(self) -> None:
        self._lines: Final[dict[str, dict[int, Member]]] = {}
        self._names: Final[dict[int, str]] = {}  # by ticket
        self._last = 0

    def join(self, name: str, run: str, most: int) -> int:
        """See `Members`; a run in memory asks once."""
        self._last += 1
        self._names[self._last] = name
        member = Member(self._last, run, most, ousted=False)
        self._lines.setdefault(name, {})[self._last] = member
        return self._last

    def leave(self, ticket: int) -> None:
        """See `Members`."""
        name = self._names.pop(ticket, None)
        if name is not None:
            del self._lines[name][ticket]
            if not self._lines[name]:
                del self._lines[name]

    def ahead(self, name: str, ticket: int) -> Iterator[Member]:
        """See `Members`."""
        return iter([one for one in self._lines.get(name, {}).values() if one.ticket < ticket])

    def oust(self, ticket: int) -> bool:
        """See `Members`."""
        line = self._lines.get(self._names.get(ticket, ""), {})
        if ticket not in line or line[ticket].ousted:
            return False
        line[ticket] = replace(line[ticket], ousted=True)
        return True

    def close(self) -> None:
        """Keep no files."""


@final
class MembersInFile:
    """`groups.db` in the store's folder, for all processes of one machine."""

    def __init__(self, folder: Path) -> None:
        # After a loss of power no member is alive, so that nothing need wait for the disk.
        self._database: Final = Database(
            "groups", _MIGRATIONS, folder=folder, durability=Durability.PROCESS
        )

    def join(self, name: str, run: str, most: int) -> int:
        """See `Members`."""
        with self._database.transaction():
            self._database.execute("DELETE FROM members WHERE run = ?", (run,))
            rows = self._database.execute(
                "INSERT INTO members(name, run, most) VALUES(?,?,?) RETURNING ticket",
                (name, run, most),
            )
        return int(rows[0][0])

    def leave(self, ticket: int) -> None:
        """See `Members`."""
        self._database.execute("DELETE FROM members WHERE ticket = ?", (ticket,))

    def ahead(self, name: str, ticket: int) -> Iterator[Member]:
        """See `Members`."""
        rows = self._database.query(
            "SELECT ticket, run, most, ousted FROM members WHERE name = ? AND ticket < ? "
            "ORDER BY ticket",
            (name, ticket),
        )
        return (Member(number, run, most, bool(ousted)) for number, run, most, ousted in rows)

    def oust(self, ticket: int) -> bool:
        """See `Members`."""
        sql = "UPDATE members SET ousted = 1 WHERE ticket = ? AND NOT ousted"
        return bool(self._database.change(sql, (ticket,)))

    def close(self) -> None:
        """See `Members`."""
        self._database.close()
