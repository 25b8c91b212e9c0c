"""What a worker is told to run, as plain data on the wire."""

import os
from pathlib import Path
from typing import Any, Literal

import msgspec

from ..sandbox.policy import Policy, Profile
from ..sandbox.report import Level

__all__ = ["Allowed", "Batch", "Entry", "Item", "Order", "Told"]

Entry = Literal["file", "execute", "main"]


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """A policy on the wire: what one run, or one warm process, may do.

    Attributes:
        home: The private folder.
        home_mb: MiB that it has room for; 0 where others need to see what is in it.
        home_files: Files and folders that it then has room for.
        bwrap: Path of the bubblewrap to run it below; empty for none.
    """

    profile: Profile = "python"
    root: str
    home: str
    home_mb: int = 0
    home_files: int = 0
    read: tuple[str, ...] = ()
    network: bool = False
    env: dict[str, str] = {}
    memory_mb: int = 256
    cpu_s: int = 60
    processes: int = 32
    require: int = 0
    bwrap: str = ""

    def policy(self) -> Policy:
        """Return the policy that this is."""
        return Policy(
            profile=self.profile,
            read=(Path(self.root), *map(Path, self.read)),
            home=Path(self.home),
            home_mb=self.home_mb,
            home_files=self.home_files,
            cwd=Path(self.root),
            network=self.network,
            env=self.env,
            memory_mb=self.memory_mb,
            cpu_s=self.cpu_s,
            processes=self.processes,
            strict=bool(self.bwrap),
            require=Level(self.require),
        )


class Item(msgspec.Struct, frozen=True, array_like=True):
    """What one call of a batch is given; as in an `Order`."""

    entry: Entry = "file"
    params: dict[str, Any] = {}
    argv: tuple[bytes, ...] = ()
    stdin: bytes = b""


class Batch(msgspec.Struct, frozen=True):
    """Several calls of one script, done in order.

    Attributes:
        slate: Folder where their answers and output are left.
        items: Each an `Item` in msgpack.
        most: Bytes kept of each stream of a call.
    """

    slate: str
    items: tuple[msgspec.Raw, ...]
    most: int = 1 << 20


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One run.

    Attributes:
        path: The script.
        root: The skill's folder.
        argv: Its arguments, as the system has them; for a program the whole command.
        entry: `file` runs the script as `__main__`, or the function of this name is called.
        params: Arguments of the function by name.
        allowed: How to confine the process; None where it is already.
        stdin: What a warm run reads; others have a descriptor.
        batch: Calls to do instead of one run, in a warm process.
    """

    path: str
    root: str
    argv: tuple[bytes, ...] = ()
    entry: Entry = "file"
    params: dict[str, Any] = {}
    allowed: Allowed | None = None
    stdin: bytes = b""
    batch: Batch | None = None

    @property
    def arguments(self) -> list[str]:
        """What `sys.argv` is."""
        return [self.path, *map(os.fsdecode, self.argv)]


class Told(msgspec.Struct, frozen=True):
    """How a run in a warm process ended.

    Attributes:
        code: The exit code it would have had.
        answer: What its function returned, as JSON; None when none did.
        level: Of the sandbox.
        missing: What the sandbox lacks.
    """

    code: int
    answer: bytes | None = None
    level: int = 0
    missing: tuple[str, ...] = ()
