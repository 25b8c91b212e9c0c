"""From a file, text or bytes to a `Workflow`, with every fault of its shape at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ciranda.workflow.document import parse_document, read_file
from ciranda.workflow.loader import Loaders, none
from ciranda.workflow.model import Workflow
from ciranda.workflow.onefile import of_document, sorted_faults, workflow_of
from ciranda.workflow.opening import document_of
from ciranda.workflow.parts import Read, attach, from_disk

__all__ = ["load", "loads", "parse", "sorted_faults", "workflow_of"]


def load(path: str | os.PathLike[str], *, loaders: Loaders = none) -> Workflow:
    """Return the workflow in a file, with those that it uses.

    What needs installed actions or the graph is checked by `ciranda.workflow.check`.

    Args:
        path: The file.
        loaders: Who reads files that are not called YAML or JSON.

    Raises:
        WorkflowError: All faults found, in file order.
        TypeError: It is no path.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"expected a workflow or the path of its file, not {type(path).__name__}")
    document = document_of(read_file(Path(path)), str(Path(path)), loaders)
    return attach(of_document(document), loaders=loaders)


def loads(text: str | bytes, *, file: str = "<string>", read: Read = from_disk) -> Workflow:
    """Return the workflow in `text`, with those that it uses.

    Args:
        text: YAML; bytes are UTF-8.
        file: The name that faults show; relative paths are relative to its folder.
        read: Gives the bytes of the workflows that it uses, by path: what `Workflow.file` of
            them says.

    Raises:
        WorkflowError: All faults found, in order.
    """
    return attach(of_document(parse_document(text, file=file)), read)


def parse(data: bytes | str, *, file: str = "<string>") -> Any:
    """Return the plain data of a YAML document, under all limits.

    Raises:
        WorkflowError: It is no such document, or larger than allowed.
    """
    return parse_document(data, file=file).plain()
