"""What settings say of themselves."""

from __future__ import annotations

import inspect
from typing import Annotated, get_args, get_origin

import msgspec

from ciranda.settings.section import Settings

__all__ = ["setting_docs"]


def setting_docs(kind: type[Settings]) -> dict[str, str]:
    """Return what is said of each key: below `Attributes:`, or by `Meta(description=...)`.

    A key that nothing is said of has an empty text.
    """
    from ciranda.actions.docstring import parse_docstring  # only who explains settings

    told = parse_docstring(inspect.getdoc(kind)).parameters
    return {
        one.encode_name: told.get(one.name) or told.get(one.encode_name) or _described(one.type)
        for one in msgspec.structs.fields(kind)
    }


def _described(annotation: object) -> str:
    if get_origin(annotation) is not Annotated:
        return ""
    notes = [note for note in get_args(annotation)[1:] if isinstance(note, msgspec.Meta)]
    return next((note.description for note in notes if note.description), "")
