"""A check of one action: its schema, both event loops, cancellation, its promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import anyio

from ciranda.actions import Action
from ciranda.testing.backends import BACKENDS
from ciranda.testing.trial import Trial

__all__ = ["check_action"]


def check_action(
    action: Action,
    inputs: Mapping[str, Any] | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    mocks: Mapping[str, Any] | None = None,
    plugins: Iterable[object] = (),
    environ: Mapping[str, str] | None = None,
    backends: Iterable[str] = BACKENDS,
    patience: float = 5.0,
) -> None:
    """Try an action the ways that runs will use it; call it from a plain test.

    It is called with `inputs`, several times, so hand it what does no harm: its declared inputs
    are enforced, its output fits its declared type, cancelling it while it waits ends it soon, a
    `pure` action answers equal inputs equally and an `idempotent` one may be repeated.

    Args:
        action: What `@action` made of the function.
        inputs: Values that it succeeds with.
        settings: Sections of `ciranda.toml` by name.
        mocks: What stands in for other actions, see `harness`.
        plugins: Modules or objects with marked functions: its own, if it needs what that opens.
        environ: Where the secrets that it declares come from, by name.
        backends: Event loops to try it on.
        patience: Seconds that it may take to end when it is cancelled.

    Raises:
        AssertionError: A sentence for everything that is wrong.
    """
    trial = Trial(
        action,
        inputs or {},
        settings=settings,
        mocks=mocks,
        plugins=plugins,
        environ=environ,
        patience=patience,
    )
    trial.schema()
    for backend in backends:
        if not trial.problems:
            anyio.run(trial.calls, backend, backend=backend)
    if trial.problems:
        raise AssertionError("\n".join(f"{action.name}: {one.message}" for one in trial.problems))
