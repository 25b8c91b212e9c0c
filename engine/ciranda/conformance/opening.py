"""Whether a plugin opens and closes, and what is left when it has."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio

from ciranda.conformance.examined import Examined
from ciranda.conformance.finding import Finding
from ciranda.errors import CirandaError
from ciranda.testing import harness
from ciranda.testing.backends import BACKENDS

__all__ = ["Traces", "left_rules", "lifespan_rules", "traces"]

_LOOPS: Final = ("Trio thread", "AnyIO worker", "asyncio_")  # threads that event loops keep


@dataclass(frozen=True, slots=True)
class Traces:
    """What a process holds besides memory."""

    threads: frozenset[int]
    files: Counter[str] = field(default_factory=Counter)
    children: frozenset[int] = frozenset()


def lifespan_rules(one: Examined) -> Iterator[Finding]:
    """Yield whether opening or closing it fails."""
    for backend in BACKENDS:
        try:
            anyio.run(_open, one, backend=backend)
        except CirandaError as error:
            yield Finding.fail("lifespan", f"on {backend}: {error}", one.subject.module)
        except BaseExceptionGroup as group:
            first: BaseException = group
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            text = f"on {backend} it raises {type(first).__name__}: {first}"
            yield Finding.fail("lifespan", text, one.subject.module)


async def _open(one: Examined) -> None:
    async with harness(one.handed, one.settings) as opened:
        opened.engine.plugins.load(declared=one.declared)
        await opened.engine.plugins.start()


def traces() -> Traces:
    """Return what this process holds now."""
    threads = frozenset(
        thread.ident or 0 for thread in threading.enumerate() if not thread.name.startswith(_LOOPS)
    )
    if not sys.platform.startswith("linux"):
        return Traces(threads)
    return Traces(threads, Counter(_files()), frozenset(_children()))


def left_rules(one: Examined, before: Traces, patience: float = 2.0) -> Iterator[Finding]:
    """Yield what is left of what the plugin opened.

    Args:
        one: The plugin.
        before: What the process held before it was first opened.
        patience: Seconds that what is ending may take.
    """
    end = time.monotonic() + patience
    while list(_left(before, now := traces())) and time.monotonic() < end:
        gc.collect()  # what nobody holds is closed by that
        time.sleep(0.01)
    for text in _left(before, now):
        yield Finding.fail("teardown", f"{text} when it has closed", one.subject.module)


def _left(before: Traces, now: Traces) -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident in now.threads - before.threads:
        yield f"the thread `{names.get(ident, ident)}` goes on"
    for name in sorted((now.files - before.files).keys()):
        yield f"{name} is still open"
    if now.children - before.children:
        yield f"{len(now.children - before.children)} of its processes go on"


def _files() -> Iterator[str]:
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:  # the folder itself, which was open for the list
            continue
        yield target.partition(":")[0] if target.startswith(("socket:", "pipe:")) else target


def _children() -> Iterator[int]:
    for task in Path("/proc/self/task").iterdir():
        try:
            text = (task / "children").read_text("ascii")
        except OSError:  # the thread has ended, or the kernel does not tell
            continue
        yield from map(int, text.split())
