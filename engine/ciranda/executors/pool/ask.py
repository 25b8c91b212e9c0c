"""One call, as the pool passes it on to a worker."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import msgspec

from .link import Hear
from .outcome import Notify

__all__ = ["UNLIMITED", "Ask", "TreeLimits"]


@final
@dataclass(frozen=True, slots=True)
class TreeLimits:
    """What all processes of one call may have together; above it they are killed (Linux).

    Args:
        processes: How many there may be at a time, the call's own included; 0 is any number.
        memory_mb: MiB that they may hold beyond what `setup` left; 0 is any amount.
        folder: A folder whose content counts too; empty for none.
        folder_mb: MiB that it may hold on disk; 0 is any amount.
        folder_files: Files and folders that may be below it; 0 is any number.
    """

    processes: int = 0
    memory_mb: int = 0
    folder: str = ""
    folder_mb: int = 0
    folder_files: int = 0


UNLIMITED: Final = TreeLimits()


@final
class Ask(msgspec.Struct, frozen=True):
    """What to call, how, and who hears of it.

    Args:
        name: What the worker's handler is asked for.
        payload: Plain data.
        deadline: Seconds that the worker is told it has.
        notify: Hears frames that are not the result.
        hear: Hears what is written to stdout and stderr, instead of `notify`.
        grace: Seconds between a cancel frame and the kill.
        whole: Whether the answer is how the process ends.
        stdin: Descriptor to read from, for a worker that forks.
        limits: For a worker that forks.
        patience: Seconds it has from when it is sent; None is any time.
        brief: Whether an answer that comes at once is watched for, and nothing else meanwhile.
        kept: Keys under which the worker keeps something, and who hears of its end.
    """

    name: str
    payload: Any
    deadline: float | None = None
    notify: Notify | None = None
    hear: Hear | None = None
    grace: float = 0.0
    whole: bool = False
    stdin: int | None = None
    limits: TreeLimits = UNLIMITED
    patience: float | None = None
    brief: bool = False
    kept: Mapping[str, Notify] | None = None
