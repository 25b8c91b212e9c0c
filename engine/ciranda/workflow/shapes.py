"""Whether a document has the shape of a workflow."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from ciranda.errors import Fault
from ciranda.workflow.fitting import patterns_of, surely_fits
from ciranda.workflow.owners import HOLDERS
from ciranda.workflow.places import Places
from ciranda.workflow.schema import workflow_schema

__all__ = ["shape_faults"]

_SHORT: Final = 100  # steps; with more of them the validator is worth its loading


def shape_faults(data: Any, places: Places) -> list[Fault]:
    """Return everything about the document that does not fit the schema of the language."""
    if _is_short(data):
        schema, patterns = _known()
        if surely_fits(data, schema, patterns=patterns):
            return []
    from ciranda.workflow.complaints import complaints  # slow to load

    return complaints(data, places)


@cache
def _known() -> tuple[dict[str, Any], frozenset[str]]:
    schema = workflow_schema()
    return schema, patterns_of(schema)


def _is_short(data: Any) -> bool:
    """Say whether few steps were written, those within steps too."""
    steps = data.get("steps") if isinstance(data, dict) else None
    if not isinstance(steps, dict):
        return False
    left, blocks = _SHORT, [steps]
    while blocks and left >= 0:
        block = blocks.pop()
        left -= len(block)
        for step in block.values():
            inner = step.items() if isinstance(step, dict) else ()
            blocks += (each for key, each in inner if key in HOLDERS and isinstance(each, dict))
    return left >= 0
