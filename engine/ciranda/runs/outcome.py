"""What a run gives to whoever asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["RunResult"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """The end of a run.

    Attributes:
        run_id: Names the run for `ciranda show`, `resume`, `trace`.
        status: `succeeded`, `failed` or `cancelled`.
        outputs: The workflow's outputs; None unless it succeeded (or they speak of status).
        steps: For each step `{status, output, error, attempts, duration, items, counts}`.
        failures: Paths of the steps whose failure failed the run; those of handlers are no keys of
            `steps`.
        warnings: How many failures `continue-on-error` let pass.
        duration: Seconds.
        error: Why the run failed when no step did: outputs that could not be evaluated.
        used: For each step that called `ctx.used` the sums, over attempts and items.
    """

    run_id: str
    status: str
    outputs: Any = None
    steps: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    warnings: int = 0
    duration: float = 0.0
    error: dict[str, Any] | None = None
    used: Mapping[str, dict[str, float]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the run succeeded."""
        return self.status == "succeeded"
