"""Files that steps made, kept by their digest in the store."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ciranda.errors import ReplayError, StoreError
from ciranda.events import StepCompleted
from ciranda.store import Log

if TYPE_CHECKING:
    from ciranda.runs.host import Host
    from ciranda.runs.runner import Runner

__all__ = ["is_kept", "restore_files", "restored"]


def restore_files(runner: Runner, host: Host, event: StepCompleted) -> None:
    """See to it that the files of a step that is not repeated are there.

    Raises:
        ReplayError: One is another one, or gone, and is kept no more.
    """
    node, _ = runner.scheduler.find(event.path)
    for name in runner.planned(node).files:
        artifact = event.output[name]
        if not host.restore(artifact):
            raise ReplayError(
                f"the file {artifact['path']} that '{event.path}' made is kept no more: "
                f"`ciranda rerun {runner.run} --from {event.path}` makes it anew"
            )


def restored(log: Log | None, run: str, artifact: Mapping[str, Any]) -> bool:
    """See to it that a kept file is where a step left it, and is kept for a run.

    Args:
        log: The store that keeps it; None keeps nothing.
        run: The run that needs it now.
        artifact: `{path, sha256, bytes}`.

    Returns:
        False when the file is another one or gone, and is not kept any more.
    """
    path, digest = Path(artifact["path"]), artifact["sha256"]
    content = _content(path)
    found = content is not None and hashlib.sha256(content).hexdigest() == digest
    if not found:
        if log is None:
            return False
        try:
            content = log.blob(digest)
        except StoreError:
            return False
        _write(path, content)
    if log is not None and content is not None:
        log.put_blob(content, run)
    return True


def is_kept(log: Log, artifact: Mapping[str, Any]) -> bool:
    """Say whether `restored` would succeed; nothing is written."""
    content = _content(Path(artifact["path"]))
    if content is not None and hashlib.sha256(content).hexdigest() == artifact["sha256"]:
        return True
    try:
        log.blob(artifact["sha256"])
    except StoreError:
        return False
    return True


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
