"""What steps and commands ask about anchors."""

from __future__ import annotations

from typing import Any

from ciranda.events import Request
from ciranda.hooks import hookspec
from ciranda_consensus.audited import Anchored, Audited

__all__ = ["AnchorRun", "AuditRun", "anchor_run", "audit_run"]


class AnchorRun(Request[Anchored], frozen=True, kw_only=True):
    """Have a run's log agreed on as far as it goes.

    `run` is an id, an unambiguous start of one, or `last`; `validators`, `base` and `patience`
    are as in `AgreeOn`.
    """

    run: str
    validators: int | str | None = None
    base: str = ""
    patience: float | None = None


class AuditRun(Request[Audited], frozen=True, kw_only=True):
    """Compare a run's log with its anchors.

    `run`, `validators` and `base` are as in `AnchorRun`. With `receipts`, as plain data, the
    validators are not asked: the log is compared with these alone.
    """

    run: str
    validators: int | str | None = None
    base: str = ""
    receipts: tuple[dict[str, Any], ...] = ()


@hookspec
def anchor_run(request: AnchorRun) -> Anchored | None:
    """Have a run's log agreed on.

    Fires once for each step or command that anchors. The plugin `consensus` answers it.

    Args:
        request: The run, and among whom.

    Returns:
        The anchor and its receipt. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def anchor_run(request):
            return await elsewhere.anchor(request.run)
        ```
    """


@hookspec
def audit_run(request: AuditRun) -> Audited | None:
    """Compare a run's log with its anchors.

    Fires once for each audit. The plugin `consensus` answers it.

    Args:
        request: The run, and whose anchors.

    Returns:
        What is wrong, if anything. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def audit_run(request):
            return await elsewhere.audit(request.run)
        ```
    """
