"""`consensus.anchor`, `commit`, `prove` and `verify`: agreement as steps of a workflow."""

from __future__ import annotations

from typing import Any, Final, TypedDict

import anyio.to_thread
import msgspec

from ciranda import Context, StepError, action
from ciranda.errors import CirandaError, UnansweredError

from .anchor_hooks import AnchorRun
from .hooks import AgreeOn, LookUpRecord

__all__ = ["ERRORS", "anchor", "commit", "prove", "verify"]

# Who was too few may be more later; what cannot be agreed on never can.
ERRORS: Final = {"refused": False, "no-agreement": True, "invalid-receipt": False}


class Committed(TypedDict):
    """What was agreed on."""

    trust: str
    chain: str
    height: int
    block: str
    state_root: str
    header: dict[str, Any]
    certificate: dict[str, Any]
    receipts: list[dict[str, Any]]


class Anchor(TypedDict):
    """A run's log, anchored."""

    run: str
    index: int
    size: int
    root: str
    trust: str
    chain: str
    height: int
    block: str
    receipt: dict[str, Any]


class Held(TypedDict):
    """What a receipt that holds is of."""

    valid: bool
    reason: str
    message: str
    trust: str
    chain: str
    height: int
    block: str
    signers: list[int]
    weight: int
    total: int
    key: str
    json: str | None
    used: bool | None


@action("consensus.commit", errors=ERRORS, idempotent=True)
async def commit(
    entries: list[Any],
    *,
    keys: list[str] | None = None,
    validators: int | str | None = None,
    patience: float | None = None,
    ctx: Context,
) -> Committed:
    """Have validators agree on entries, and get a receipt for each.

    An entry is any plain data. One that has a `proof`, as the answer of `experts.verify` does, is
    agreed on only if the proof holds when it is checked again. When a run is resumed the step is
    given the same block and receipts: nothing is agreed on twice.

    Args:
        entries: What is agreed on, in this order.
        keys: A name for each, used once in the chain; by default they are named after the step.
        validators: A number of validators in this process, or the file of a set whose validators
            run by themselves; by default what the settings say.
        patience: Seconds without a block after which the step gives up.
        ctx: The step.

    Returns:
        `block` (its hash), `height`, `header`, `certificate`, `state_root`, `chain`, `trust`
        (`embedded` where one process holds all keys, else `validators`), and `receipts`, one for
        each entry, which `ciranda consensus verify` checks with the validator set alone.
    """
    if keys is not None and len(keys) != len(entries):
        raise StepError("invalid-input", f"There are {len(entries)} entries and {len(keys)} keys.")
    own = keys if keys is not None else [f"{ctx.key}#{index}" for index in range(len(entries))]
    request = AgreeOn(
        records=tuple(zip(own, entries, strict=True)),
        validators=validators,
        base=str(ctx.run.base),
        patience=_patience(patience, ctx),
    )
    answer: Committed = msgspec.to_builtins(await _asked(request, ctx))
    return answer


@action("consensus.prove", errors=ERRORS, idempotent=True)
async def prove(key: str, *, validators: int | str | None = None, ctx: Context) -> dict[str, Any]:
    """Get a receipt of what the newest state says of a key: when it was used, or that it never was.

    Args:
        key: As it was given to `consensus.commit`.
        validators: As for `consensus.commit`.
        ctx: The step.

    Returns:
        A receipt with `state`, which `ciranda consensus verify` checks; its `height` is null if
        the key was not used up to the receipt's block.
    """
    request = LookUpRecord(key=key, validators=validators, base=str(ctx.run.base))
    answer: dict[str, Any] = await _asked(request, ctx)
    return answer


@action("consensus.verify", errors=ERRORS)
async def verify(
    receipt: dict[str, Any],
    *,
    validators: str,
    ctx: Context,
) -> Held:
    """Check a receipt offline, with the validator set alone.

    Args:
        receipt: As `consensus.commit` and `consensus.prove` give it.
        validators: The file of the set that is believed.
        ctx: The step.

    Returns:
        `chain`, `height`, `block`, `signers`, `weight` of `total`, `trust`, `key`, and `json` or
        `used`. A receipt that does not hold fails with `invalid-receipt`.
    """
    from .node import read_genesis  # not to list actions
    from .receipts import check_receipt, read_receipt

    try:
        genesis = await anyio.to_thread.run_sync(read_genesis, ctx.run.base / validators)
        found = check_receipt(read_receipt(receipt), genesis)
    except CirandaError as error:
        raise StepError("invalid-receipt", f"{error}.", retryable=False) from error
    if not found.valid:
        detail = {"reason": found.reason}
        raise StepError("invalid-receipt", found.message, retryable=False, detail=detail)
    answer: Held = msgspec.to_builtins(found)
    return answer


@action("consensus.anchor", errors=ERRORS, idempotent=True)
async def anchor(
    run: str | None = None,
    *,
    validators: int | str | None = None,
    patience: float | None = None,
    ctx: Context,
) -> Anchor:
    """Have validators agree on a run's log, so that nobody changes it later without being named.

    A log that grows is anchored again: each anchor shows that it goes on from the one before.
    `ciranda consensus audit` compares the log with its anchors.

    Args:
        run: The run's id, an unambiguous start of it, or `last`; by default this run, as far as it
            has come.
        validators: As for `consensus.commit`.
        patience: Seconds without a block after which the step gives up.
        ctx: The step.

    Returns:
        `run`, `index` (how many anchors it had before), `size` (how many events it is of), `root`
        (of the history tree over them), `block` (its hash), `height`, `chain`, `trust`, and
        `receipt`, which `ciranda consensus verify` and `audit --receipt` check.
    """
    request = AnchorRun(
        run=ctx.run.id if run is None else run,
        validators=validators,
        base=str(ctx.run.base),
        patience=_patience(patience, ctx),
    )
    answer: Anchor = msgspec.to_builtins(await _asked(request, ctx))
    return answer


def _patience(given: float | None, ctx: Context) -> float | None:
    """Return the seconds that a step may wait: as it says, and no longer than it has."""
    return min((one for one in (given, ctx.remaining()) if one is not None), default=None)


async def _asked(request: Any, ctx: Context) -> Any:
    from .cluster.found import TooLateError

    try:
        return await ctx.ask(request)
    except (StepError, UnansweredError):
        raise
    except TooLateError as error:
        raise StepError("no-agreement", f"{error}.", retryable=True) from error
    except CirandaError as error:
        raise StepError("refused", f"{error}.", retryable=False) from error
