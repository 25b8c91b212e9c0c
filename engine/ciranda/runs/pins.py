"""What a run keeps of the files that it is made of, so that it can go on when they have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ciranda.errors import ReplayError
from ciranda.events import RunEvent, RunStarted
from ciranda.store import Log, RunRow
from ciranda.workflow.check import Checked
from ciranda.workflow.load import loads
from ciranda.workflow.model import Workflow
from ciranda.workflow.parts import Read, parts_of

if TYPE_CHECKING:
    from ciranda.engine import Engine

__all__ = ["digests", "pin", "pinned_workflow", "restored"]


def digests(workflow: Workflow) -> dict[str, str]:
    """Return the digest of each file that a workflow uses, by path."""
    return {
        part.file: hashlib.sha256(part.source).hexdigest()
        for part in parts_of(workflow)
        if part is not workflow
    }


def pin(engine: Engine, log: Log, run: str, workflow: Workflow) -> None:
    """Keep the files of a workflow, and the inline plugins that are loaded, for a run."""
    sources = [part.source for part in parts_of(workflow)]
    for pinned in (*sources, *engine.plugins.bundles().values()):
        log.put_blob(pinned, run)


def restored(engine: Engine, row: RunRow) -> Checked:
    """Return the workflow of a run, as it was when the run began.

    Raises:
        ReplayError: What it pinned does not fit together.
    """
    begun = _begun(engine.log, row)
    folder = Path(row.file).parent if row.file else Path.cwd()
    for name, version in begun.plugins.items():
        kind, _, digest = version.partition(":")
        if kind == "sha256":
            engine.plugins.restore(name, engine.log.blob(digest), folder)
    return engine.check(_workflow(engine.log, row, begun), pinned=True)


def pinned_workflow(log: Log, row: RunRow) -> Workflow:
    """Return the workflow of a run as its files were when it began; it is not checked.

    Raises:
        ReplayError: What it pinned does not fit together.
        StoreError: Something of it is missing or damaged.
        WorkflowError: It was written for another version of the language.
    """
    return _workflow(log, row, _begun(log, row))


def _begun(log: Log, row: RunRow) -> RunStarted:
    first = next(iter(log.read(row.id, limit=1)), None)
    if first is None:
        raise ReplayError(f"run {row.id} never began: run {row.file} again")
    # Secrets inside the inputs are references that nothing resolves yet.
    begun = msgspec.msgpack.Decoder(RunEvent, ext_hook=_unresolved).decode(first.payload)
    if not isinstance(begun, RunStarted):
        raise ReplayError(f"run {row.id} does not begin with RunStarted: its log is foreign")
    return begun


def _workflow(log: Log, row: RunRow, begun: RunStarted) -> Workflow:
    read = _pinned(row.id, log.blob, begun.files)
    return loads(log.blob(row.source), file=row.file or "<string>", read=read)


def _pinned(run: str, blob: Callable[[str], bytes], files: Mapping[str, str]) -> Read:
    def read(path: Path) -> bytes:
        digest = files.get(str(path))
        if digest is None:
            raise ReplayError(f"run {run} did not pin {path}: begin a new run")
        return blob(digest)

    return read


def _unresolved(_: int, __: memoryview) -> Any:
    return None
