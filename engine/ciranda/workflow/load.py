"""From a file, text or bytes to a `Workflow`, with every fault of its shape at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ciranda.errors import Fault, WorkflowError
from ciranda.workflow.document import Document, parse_document, read_document
from ciranda.workflow.model import Workflow
from ciranda.workflow.places import Places
from ciranda.workflow.reading import read_workflow
from ciranda.workflow.shapes import shape_faults

__all__ = ["load", "loads", "parse", "sorted_faults", "workflow_of"]


def load(path: str | os.PathLike[str]) -> Workflow:
    """Return the workflow in a file.

    What needs installed actions or the graph is checked by `ciranda.workflow.check`.

    Raises:
        WorkflowError: All faults found, in file order.
        TypeError: It is no path.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"expected a workflow or the path of its file, not {type(path).__name__}")
    return _from_document(read_document(Path(path)))


def loads(text: str | bytes, *, file: str = "<string>") -> Workflow:
    """Return the workflow in `text`.

    Args:
        text: YAML; bytes are UTF-8.
        file: The name that faults show; relative paths are relative to its folder.

    Raises:
        WorkflowError: All faults found, in order.
    """
    return _from_document(parse_document(text, file=file))


def parse(data: bytes | str, *, file: str = "<string>") -> Any:
    """Return the plain data of a YAML document, under all limits.

    Raises:
        WorkflowError: It is no such document, or larger than allowed.
    """
    return parse_document(data, file=file).plain()


def workflow_of(data: dict[str, Any], places: Places, *, source: bytes = b"") -> Workflow:
    """Return the workflow that plain data describes.

    Args:
        data: The document as plain data.
        places: Makes the faults.
        source: The text of the file, kept for pinning.

    Raises:
        WorkflowError: All faults found, in order.
    """
    faults = shape_faults(data, places)
    if faults:
        raise WorkflowError(sorted_faults(faults))
    workflow = read_workflow(data, places, faults, source=source)
    if faults:
        raise WorkflowError(sorted_faults(faults))
    return workflow


def sorted_faults(faults: list[Fault]) -> list[Fault]:
    """Return each fault once, by place."""
    return sorted(dict.fromkeys(faults), key=lambda fault: (fault.line, fault.column))


def _from_document(document: Document) -> Workflow:
    data: Any = document.plain()
    places = Places(document)
    return workflow_of(data, places, source=document.source.text.encode())
