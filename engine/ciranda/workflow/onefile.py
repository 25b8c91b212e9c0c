"""From the plain data of one document to a `Workflow`, with every fault of its shape at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ciranda.errors import Fault, WorkflowError
from ciranda.workflow.document import Document
from ciranda.workflow.model import Workflow
from ciranda.workflow.places import Places
from ciranda.workflow.reading import read_workflow
from ciranda.workflow.shapes import shape_faults

__all__ = ["of_document", "sorted_faults", "workflow_of"]

_NONE: Mapping[str, int] = {}


def workflow_of(data: dict[str, Any], places: Places, *, source: bytes = b"") -> Workflow:
    """Return the workflow that plain data describes; workflows that it uses are not read.

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


def of_document(document: Document) -> Workflow:
    """Return the workflow that a document describes; workflows that it uses are not read.

    Raises:
        WorkflowError: All faults found, in order.
    """
    data: Any = document.plain()
    return workflow_of(data, Places(document), source=document.kept)


def sorted_faults(faults: list[Fault], files: Mapping[str, int] = _NONE) -> list[Fault]:
    """Return each fault once, by place.

    Args:
        faults: What was found.
        files: Which file comes first.
    """
    return sorted(
        dict.fromkeys(faults),
        key=lambda fault: (files.get(fault.file, 0), fault.line, fault.column),
    )
