"""`experts.verify` and `experts.review`: judgements as steps of a workflow."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Literal

import anyio
import msgspec

from ciranda import Context, StepError, action
from ciranda.errors import CirandaError
from ciranda.events.judging import Judge, Judgement, Verdict

from .council.modes import Mode
from .council.telling import answered, judged
from .hooks import LookUpReview
from .solver.missing import MISSING

__all__ = ["ERRORS", "review", "verify"]

# A solver that had no time may have some later, and a human may come.
ERRORS: Final = {"rejected": False, "uncertain": True, "waiting-for-review": True}
_TOGETHER: Final = 32  # intents of one step that are judged at once

Require = Literal["approved", "nothing"]


@action("experts.verify", errors=ERRORS, idempotent=True)
async def verify(
    intent: dict[str, Any] | str | None = None,
    *,
    intents: list[dict[str, Any] | str] | None = None,
    experts: list[str] | None = None,
    require: Require = "approved",
    budget: float | None = None,
    ctx: Context,
) -> dict[str, Any]:
    """Ask the council whether an intent, or each of a list, may be carried out.

    The step fails with `rejected` or `uncertain` unless everything is approved, or the mode in
    the settings binds nobody. A transaction that this step had approved before is approved again
    when the run is resumed, and is a double spend for everybody else.

    Args:
        intent: A mapping or text, as `ciranda experts verify` reads it.
        intents: Several of them, in place of `intent`.
        experts: Asked besides those that the council asks by itself.
        require: `approved`, or `nothing`: then the step succeeds whatever the verdict.
        budget: Seconds for each intent, if less than the settings allow.
        ctx: The step.

    Returns:
        Of `intent` its judgement: `verdict`, `confidence`, `reason`, `message`, `experts`,
        `proof`, `review`, ... Of `intents` the `judgements` in their order, and how many are
        `approved`, `rejected` and `uncertain`.
    """
    if (intent is None) is (intents is None):
        raise StepError("invalid-input", "Give either `intent` or `intents`.")
    asked = tuple(experts or ())
    if intents is None:
        request = _request(intent or "", asked, budget, ctx, ctx.key)
        judgement = await _judged(request, ctx)
        output = _plain(judgement)
        if require == "approved" and judgement.enforced:
            _insist([judgement], output)
        return output
    requests = [
        # The same transaction twice in one list is a double spend: each has a key of its own.
        _request(one, asked, budget, ctx, f"{ctx.key}:{index}")
        for index, one in enumerate(intents)
    ]
    found = await _all_judged(requests, ctx)
    counts = Counter(one.verdict for one in found)
    output = {
        "judgements": [_plain(one) for one in found],
        **{
            str(one): counts[one] for one in (Verdict.APPROVED, Verdict.REJECTED, Verdict.UNCERTAIN)
        },
    }
    if require == "approved":
        _insist([one for one in found if one.enforced], {"not_approved": _listed(found)})
    return output


@action("experts.review", errors={**ERRORS, "not-found": False})
async def review(
    review: str = "",
    *,
    intent: dict[str, Any] | str | None = None,
    require: Require = "approved",
    ctx: Context,
) -> dict[str, Any]:
    """Return what a human said of an intent that the council was uncertain about.

    Until somebody has, the step fails with `waiting-for-review`, which `retry` can wait for.

    Args:
        review: The id of the review, as `review` of a judgement has it.
        intent: An intent, in place of `review`: it is judged, and what the council is sure of
            needs no human.
        require: `approved`, or `nothing`: then the step succeeds whatever was said.
        ctx: The step.

    Returns:
        `verdict`, `by` (a name, or `council`), `note`, and the id of the `review`.
    """
    if (intent is None) is (not review):
        raise StepError("invalid-input", "Give either `review` or `intent`.")
    if intent is not None:
        judgement = await _judged(_request(intent, (), None, ctx, ctx.key), ctx)
        review = judgement.review
        if not review:
            output = _said(judgement.verdict, "council", judgement.message, "")
            if require == "approved" and judgement.enforced:
                _insist([judgement], output)
            return output
    try:
        item = await ctx.ask(LookUpReview(review=review))
    except CirandaError as error:
        if isinstance(error, StepError):
            raise
        raise StepError("not-found", f"{error}.", retryable=False) from error
    if item.verdict is None:
        raise StepError(
            "waiting-for-review",
            f"Review {review} waits for a human: `ciranda experts review resolve {review}`. "
            f"{item.why}".rstrip(),
            retryable=True,
            detail={"review": review},
        )
    output = _said(item.verdict, item.by, item.note, review)
    if require == "approved" and item.verdict is not Verdict.APPROVED:
        why = f": {item.note}" if item.note else "."
        raise StepError(
            "rejected", f"{item.by} rejected review {review}{why}", retryable=False, detail=output
        )
    return output


def _request(
    intent: dict[str, Any] | str,
    experts: tuple[str, ...],
    budget: float | None,
    ctx: Context,
    key: str,
) -> Judge:
    left = ctx.remaining()
    both = [one for one in (budget, left) if one is not None]
    return Judge(
        intent=intent,
        experts=experts,
        budget=min(both) if both else None,
        key=key,
        run=ctx.run.id,
        path=ctx.path,
    )


async def _judged(request: Judge, ctx: Context) -> Judgement:
    """Judge one intent and tell of it in the run's log."""
    judgement = await ctx.ask(request)
    if ctx.run.id and judgement.mode != Mode.OFF:
        now = time.time()
        for one in judgement.experts:
            await ctx.publish(answered(one, judgement.key, ctx.path, now))
        await ctx.publish(judged(judgement, ctx.path, now))
    return judgement


async def _all_judged(requests: Sequence[Judge], ctx: Context) -> list[Judgement]:
    found: dict[int, Judgement] = {}
    turns = iter(enumerate(requests))

    async def work() -> None:
        for index, request in turns:
            found[index] = await _judged(request, ctx)

    async with anyio.create_task_group() as group:
        for _ in range(min(_TOGETHER, len(requests))):
            group.start_soon(work)
    return [found[index] for index in range(len(requests))]


def _insist(judgements: Sequence[Judgement], output: dict[str, Any]) -> None:
    """Fail unless all are approved, with the worst of them."""
    bad = [one for one in judgements if one.verdict is not Verdict.APPROVED]
    if not bad:
        return
    worst = min(bad, key=lambda one: one.verdict is not Verdict.REJECTED)
    kind = "rejected" if worst.verdict is Verdict.REJECTED else "uncertain"
    named = f"Intent {worst.id}: " if worst.id else ""
    text = f"{named}{worst.message or worst.reason}"
    if len(bad) > 1:
        text += f" (and {len(bad) - 1} more of {len(judgements)} are not approved)"
    retryable = ERRORS[kind] and worst.reason != MISSING  # an installation does not change
    raise StepError(kind, text, retryable=retryable, detail=output)


def _listed(found: Sequence[Judgement]) -> list[dict[str, Any]]:
    """Return what a reader needs of those that are not approved."""
    return [
        {
            "index": index,
            "id": one.id,
            "verdict": one.verdict.value,
            "reason": one.reason,
            "message": one.message,
            "review": one.review,
        }
        for index, one in enumerate(found)
        if one.verdict is not Verdict.APPROVED
    ]


def _said(verdict: Verdict, by: str, note: str, review: str) -> dict[str, Any]:
    return {"verdict": verdict.value, "by": by, "note": note, "review": review}


def _plain(judgement: Judgement) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(judgement)
    return plain
