"""`ciranda logs`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, final

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ciranda.store import Log, OutputChunk

__all__ = ["command"]

_PAUSE: Final = 0.2  # seconds between two looks at a run that goes on


@click.command(
    "logs",
    epilog=examples(
        "ciranda logs last",
        "ciranda logs last load",
        "ciranda logs last files/2/rows",
        "ciranda logs last -f",
    ),
)
@options.run_argument
@click.argument("step", metavar="[STEP]", required=False, shell_complete=completing.steps)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@options.store_option
def command(run: str, step: str | None, follow: bool, store: str | None) -> None:
    """Print what the steps of a run printed.

    Of each step its first and last half MiB are kept. With STEP (`load`, or `verify/3` for item 3
    of a map) it is printed as it was; without, or when STEP holds others, each line begins with
    its step.
    """
    from ciranda.cli.history import opened

    with opened(store, reading=True) as log:
        name = log.run(run).id
        holder = step is None or _holds_others(log, name, step)
        printer = Printer(prefixed=holder)
        for chunks in _chunks(log, name, step, follow=follow, within=holder):
            printer.print(chunks)
        printer.finish()
        if not printer.printed:
            screen.say(f"{step or 'run ' + name} printed nothing")


def _holds_others(log: Log, run: str, path: str) -> bool:
    """Say whether a path is that of something with steps, items or turns in it.

    Raises:
        ClickException: There is no such step.
    """
    from ciranda.cli.history import pinned_workflow
    from ciranda.events.path import holds, is_index, place
    from ciranda.observe.folds import Folds
    from ciranda.observe.outline import places
    from ciranda.workflow.nearest import nearest

    workflow = pinned_workflow(log, run)
    steps, folds = dict(places(workflow)), Folds(workflow)
    name = folds.place(place(path))
    within = [step for step in steps if holds(name, step)]
    if not name or not within:
        meant = nearest(name, steps)
        hint = f"did you mean `{meant}`?" if meant else f"it has {', '.join(workflow.steps)}"
        raise click.ClickException(f"run {run} has no step `{name}`; {hint}")
    alone = within == [name] and folds.inside(name) == name
    alone = alone and (is_index(path.rpartition("/")[2]) or not steps[name].repeats)
    return not alone


def _chunks(
    log: Log,
    run: str,
    path: str | None,
    *,
    follow: bool,
    within: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterable[list[OutputChunk]]:
    from ciranda.events.path import holds

    last = 0
    while True:
        running = log.run(run).status == "running"  # asked first: what comes later is not missed
        chunks = log.output(run, None if within else path, last)
        if chunks:
            last = chunks[-1].id
            yield [one for one in chunks if path is None or holds(path, one.path)]
        if not follow or not running:
            return
        if not chunks:
            sleep(_PAUSE)


@final
class Printer:
    """Writes chunks of several steps without mixing their lines.

    Args:
        prefixed: Whether each line begins with its step.

    Attributes:
        printed: Whether there was anything.
    """

    def __init__(self, *, prefixed: bool) -> None:
        self._prefixed: Final = prefixed
        self._ends: Final[dict[str, int]] = {}  # bytes seen by path
        self._open: Final[dict[tuple[str, str], bytes]] = {}  # begun lines
        self.printed = False

    def print(self, chunks: Iterable[OutputChunk]) -> None:
        """Write chunks in the order they were printed."""
        for chunk in chunks:
            self.printed = True
            gap = chunk.offset - self._ends.get(chunk.path, 0)
            self._ends[chunk.path] = chunk.offset + len(chunk.data)
            if gap > 0:
                screen.out(f"... {gap} bytes of {chunk.path} were not kept ...")
            key = chunk.path, chunk.stream
            *lines, self._open[key] = (self._open.pop(key, b"") + chunk.data).split(b"\n")
            for line in lines:
                self._write(chunk.path, line)
        screen.flush()

    def finish(self) -> None:
        """Write lines that never ended."""
        for (path, _), line in self._open.items():
            if line:
                self._write(path, line)

    def _write(self, path: str, line: bytes) -> None:
        text = line.decode("utf-8", "backslashreplace")
        screen.out(f"{path} | {text}" if self._prefixed else text)
