"""Anchors of run logs: what was written down of a run is agreed on, and later changes are named."""

from ciranda_consensus.audited import Anchored, Audited, Fault, Kind, Seen

from .anchor import FORMAT, Anchor, AnchorError, key_of_anchor, read_anchor
from .asked import Anchoring
from .auditing import audit
from .chain import Agrees, Held, anchors_in, receipt_anchor
from .comparing import Placed, compare
from .event import Mark, links, mark_of, mark_of_record
from .kept import KeptError, keep_marks, kept_marks
from .making import anchor_run

__all__ = [
    "FORMAT",
    "Agrees",
    "Anchor",
    "AnchorError",
    "Anchored",
    "Anchoring",
    "Audited",
    "Fault",
    "Held",
    "KeptError",
    "Kind",
    "Mark",
    "Placed",
    "Seen",
    "anchor_run",
    "anchors_in",
    "audit",
    "compare",
    "keep_marks",
    "kept_marks",
    "key_of_anchor",
    "links",
    "mark_of",
    "mark_of_record",
    "read_anchor",
    "receipt_anchor",
]
