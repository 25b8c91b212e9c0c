"""What a confined process may do."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, final

import msgspec

from .report import Level

__all__ = ["KEPT", "Policy", "Profile"]

Profile = Literal["python", "program"]
# Variables that a confined process may take over: they say how to write, not who somebody is.
KEPT: Final = ("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_NUMERIC", "TZ")


@final
class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What one confined process may do; everything else is refused.

    Args:
        profile: `python` runs code in this process and never starts another; `program` may
            start programs, in a process namespace of their own.
        read: Files and folders it may read, besides the interpreter and the system's.
        write: Files and folders it may also change.
        home: Private folder, writable: becomes HOME and TMPDIR.
        home_mb: MiB that it has room for; 0 leaves it as it is. Where mounts are its own, it is
            then in memory, and nobody outside sees what is in it.
        home_files: Files and folders that it then has room for.
        cwd: Folder to stand in; None stays.
        network: Whether it may open internet sockets.
        env: Variables to set.
        keep_env: Names of variables to keep as they are.
        memory_mb: MiB a process may add to what it holds when confined.
        cpu_s: Seconds of processor time a process may use.
        file_mb: MiB of the largest file it may write.
        processes: Processes it may have at a time (`program`).
        files: Descriptors a process may have open.
        strict: Whether it was started below bubblewrap.
        require: Refuse to go on below this level.
    """

    profile: Profile = "python"
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    home: Path | None = None
    home_mb: int = 0
    home_files: int = 10_000
    cwd: Path | None = None
    network: bool = False
    env: Mapping[str, str] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    keep_env: tuple[str, ...] = KEPT
    memory_mb: int = 256
    cpu_s: int = 60
    file_mb: int = 64
    processes: int = 32
    files: int = 256
    strict: bool = False
    require: Level = Level.L0

    @property
    def writable(self) -> tuple[Path, ...]:
        """All folders that may be changed, the private one included."""
        return self.write if self.home is None else (*self.write, self.home)
