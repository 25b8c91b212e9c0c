"""A file as a document, whatever it is called."""

from __future__ import annotations

from dataclasses import replace

from ciranda.errors import WorkflowError
from ciranda.workflow.document import Document, parse_document
from ciranda.workflow.loader import Loaders, none, suffix_of
from ciranda.workflow.nodes import Scalar

__all__ = ["document_of"]


def document_of(data: bytes, file: str, loaders: Loaders = none) -> Document:
    """Return the document in the bytes of a file, read by what is there for its suffix.

    Args:
        data: What the file holds.
        file: Its name, as faults show it.
        loaders: Who reads files that are not called YAML or JSON.

    Raises:
        WorkflowError: Everything wrong with it.
    """
    suffix = suffix_of(file)
    loader = loaders(suffix) if suffix else None
    if loader is not None:
        from ciranda.workflow.foreign import foreign_document  # few projects have such files

        return foreign_document(data, file, loader)
    if not suffix or loaders is none:
        return parse_document(data, file=file)
    told = f"it is read as YAML, since no plugin in use reads `{suffix}` files"
    try:
        document = parse_document(data, file=file)
    except WorkflowError as error:
        first, *others = error.faults
        hint = f"{first.hint}; {told}" if first.hint else told
        raise WorkflowError([replace(first, hint=hint), *others]) from None
    if isinstance(document.root, Scalar):  # as most text is
        raise WorkflowError([document.fault((), "a workflow is a mapping, not text", hint=told)])
    return document
