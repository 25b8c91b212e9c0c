"""The files that are served: read at the start, read again when they change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack, final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from ciranda.errors import CirandaError, Fault, WorkflowError
from ciranda.plugins.readers import Readers
from ciranda.serve.bench import Bench, MakeEngine
from ciranda.serve.flow import Flow, Traces, flow_of, traces_of
from ciranda.serve.lines import Lines
from ciranda.serve.trigger import Triggering
from ciranda.workflow.load import load
from ciranda.workflow.opening import document_of

__all__ = ["Roster", "files_of"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Known = dict[Path, tuple[tuple[int, int], bool]]  # changed (ns), bytes; whether it has `on:`


@final
class Roster:
    """Flows by file, each at a bench of its own, and what of them webhooks find.

    Args:
        places: Files, and folders whose files with `on:` are served.
        make: Makes the engine of a bench.
        environ: Where secrets come from.
        lines: Where changes are told of.
        readers: Who reads files in folders that are not called YAML.
        open_to_all: Whether strangers can reach the server: then each webhook needs a token.
    """

    def __init__(
        self,
        places: Iterable[Path],
        make: MakeEngine,
        *,
        environ: Mapping[str, str],
        lines: Lines,
        readers: Readers | None = None,
        open_to_all: bool = False,
    ) -> None:
        self._readers: Final = readers or Readers({}, dict)
        self._places: Final = [place.absolute() for place in places]
        self._make: Final = make
        self._environ: Final = environ
        self._lines: Final = lines
        self._open_to_all: Final = open_to_all
        self._group: TaskGroup
        self._benches: Final[dict[str, Bench]] = {}
        self._faulty: Final[dict[str, Traces]] = {}  # by file: as they were when they did not fit
        self._gone: set[str] = set()  # what was there at the look before the last
        self._known: Final[Known] = {}
        self.reading = 0  # calls of plugins that read files; more than none: one does not return
        self.flows: Final[dict[str, Flow]] = {}

    async def open(self, group: TaskGroup) -> None:
        """Read all files; the benches live in `group`.

        Raises:
            WorkflowError: All faults of all files.
            CirandaError: There is no file, or a plugin cannot be used.
        """
        self._group = group
        faults: list[Fault] = []
        for file in await self._apart(files_of, self._places, self._readers, self._known):
            try:
                await self._take(file)
            except WorkflowError as error:
                faults += error.faults
        if faults:
            raise WorkflowError(faults)
        if not self.flows:
            raise CirandaError(
                f"{', '.join(map(str, self._places))}: there is no workflow with `on:` to serve"
            )

    async def renew(self) -> bool:
        """Read what changed again; what does not fit is told of, and the old one stays.

        Returns:
            Whether anything is not as it was.
        """
        there = await anyio.to_thread.run_sync(lambda: [each.exists() for each in self._places])
        present = [place for place, seen in zip(self._places, there, strict=True) if seen]
        files = await self._apart(files_of, present, self._readers, self._known)
        changed = self._drop(files)
        for file in files:
            seen = self.flows.get(file)
            watched = [file] if seen is None else [path for path, _, _ in seen.traces]
            traces = await anyio.to_thread.run_sync(traces_of, watched)
            if (seen is not None and traces == seen.traces) or self._faulty.get(file) == traces:
                continue
            try:
                await self._take(file)
            except CirandaError as error:
                self._faulty[file] = traces
                word = "not served" if seen is None else "the old one stays"
                self._lines.error("faulty", file=file, then=word, why=str(error))
            else:
                self._faulty.pop(file, None)
                changed = True
                self._lines.info("read again" if seen else "serves", file=file)
        return changed

    def _drop(self, files: list[str]) -> bool:
        """Serve no more what is gone; some editors take a file away before they write it anew."""
        before, self._gone = self._gone, set(self.flows) - set(files)
        named = set(map(str, self._places))
        for file in sorted(self._gone - before):
            if file in named:
                self._lines.error("gone", file=file, then="the old one stays")
        left = self._gone & before - named
        for file in left:
            del self.flows[file]
            self._benches.pop(file).retire()
            self._lines.warning("not served", file=file, why="it is gone, or has no `on:` any more")
        return bool(left)

    def bench(self, file: str) -> Bench:
        """Return the bench of a flow."""
        return self._benches[file]

    def mask(self, text: str) -> str:
        """Return text without the secrets of any trigger."""
        for flow in list(self.flows.values()):
            text = flow.vault.mask(text)
        return text

    def webhook(self, path: str) -> tuple[str, Triggering] | None:
        """Return the file and the trigger of a path."""
        for file, flow in self.flows.items():
            for trigger in flow.triggers:
                if trigger.kind == "webhook" and trigger.path == path:
                    return file, trigger
        return None

    def of_kind(self, kind: str) -> list[tuple[Flow, Triggering]]:
        """Return the triggers of a kind with their flows."""
        return [
            (flow, trigger)
            for flow in self.flows.values()
            for trigger in flow.triggers
            if trigger.kind == kind
        ]

    async def retire(self) -> None:
        """Let every bench close once it is idle."""
        for bench in self._benches.values():
            bench.retire()

    async def _take(self, file: str) -> None:
        """Read a file and serve it in place of what it was before."""
        bench = Bench()
        await self._group.start(bench.keep, self._make)
        try:
            flow = await self._apart(self._read, file, bench)
            self._require_own_paths(flow)
        except BaseException:
            bench.retire()
            raise
        before = self._benches.get(file)
        self._benches[file], self.flows[file] = bench, flow
        if before is not None:
            before.retire()

    async def _apart(self, read: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> T:
        """Read in a thread; nobody waits for one that does not come back once it is cancelled."""
        self.reading += 1
        try:
            found = await anyio.to_thread.run_sync(read, *arguments, abandon_on_cancel=True)
        except Exception:
            self.reading -= 1
            raise
        self.reading -= 1
        return found

    def _read(self, file: str, bench: Bench) -> Flow:
        return flow_of(
            load(file, loaders=bench.engine.plugins.readers), bench.engine, self._environ
        )

    def _require_own_paths(self, flow: Flow) -> None:
        seen: set[str] = set()
        for trigger in flow.triggers:
            if trigger.kind != "webhook":
                continue
            other = self.webhook(trigger.path)
            if trigger.path in seen or (other is not None and other[0] != flow.file):
                of = flow.file if other is None else other[0]
                raise _fault(
                    flow, f"the webhook {trigger.path} is that of {of} too: give it another"
                )
            seen.add(trigger.path)
            if trigger.token is None and self._open_to_all:
                raise _fault(
                    flow,
                    f"the webhook {trigger.path} has no `token`, and others can reach this server: "
                    "name a secret, or listen on 127.0.0.1",
                )


def files_of(places: list[Path], readers: Readers, known: Known) -> list[str]:
    """Return the files to be served. Blocks.

    Of a folder these are its `.yaml` and `.yml` files, and those that plugins read, that have `on:`
    at the top, or that cannot be read. What did not change since the last look is in `known` and is
    not read again.

    Raises:
        CirandaError: A place is not there, or a plugin that reads files is broken.
    """
    suffixes = {".yaml", ".yml"}
    if any(place.is_dir() for place in places):
        suffixes |= readers.suffixes()
    found: list[str] = []
    for place in places:
        if place.is_dir():
            inside = sorted(each for each in place.iterdir() if each.suffix.lower() in suffixes)
            found += [str(each) for each in inside if _is_triggered(each, readers, known)]
        elif place.exists():
            found.append(str(place))
        else:
            raise CirandaError(f"{place} is not there: name a workflow file or a folder of them")
    return list(dict.fromkeys(found))


def _is_triggered(file: Path, readers: Readers, known: Known) -> bool:
    try:
        seen = file.stat()
        trace = (seen.st_mtime_ns, seen.st_size)
        if file not in known or known[file][0] != trace:
            known[file] = (trace, _reads_as_triggered(file, readers))
    except OSError:
        return True
    return known[file][1]


def _reads_as_triggered(file: Path, readers: Readers) -> bool:
    try:
        data: Any = document_of(file.read_bytes(), str(file), readers).plain()
    except WorkflowError as error:
        return any(fault.kind != "no-workflow" for fault in error.faults)
    return isinstance(data, dict) and "ciranda" in data and "on" in data


def _fault(flow: Flow, said: str) -> WorkflowError:
    return WorkflowError([Fault(said, flow.file, kind="trigger")])
