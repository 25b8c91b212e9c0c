"""Judging intents: what is asked, what experts and their council answer, what others hear of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from ciranda.events.envelope import Event, Request

__all__ = [
    "ExpertAnswered",
    "ExpertStarted",
    "IntentJudged",
    "Judge",
    "Judgement",
    "Opinion",
    "ProofChecked",
    "Verdict",
    "VerifyProof",
]


class Verdict(StrEnum):
    """What somebody says about an intent; an expert alone may abstain."""

    APPROVED = "approved"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    ABSTAINED = "abstained"


class Opinion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one expert said.

    `confidence` is the calibrated probability, 0 to 1, that the verdict is right; `reason` a kind
    such as `counterexample`; `evidence` plain data that shows why; `latency` in seconds. `proven`
    says that the verdict was checked by machine and can be checked again.
    """

    expert: str
    verdict: Verdict
    confidence: float
    reason: str
    message: str = ""
    evidence: dict[str, Any] = {}
    latency: float = 0.0
    version: str = "1"
    mandatory: bool = False
    proven: bool = False
    cached: bool = False


class Judgement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the council says about an intent.

    `verdict` is never `abstained`. `experts` holds every opinion, `dissent` the names of those
    who said otherwise, `proof` what `VerifyProof` checks again (None where nothing was proven),
    `review` the id of the item that waits for a human ("" if none), `mode` how the verdict is to
    be taken (`full`, `soft`, `shadow`, `off`), `enforced` whether it binds in that mode, `key`
    the digest of the canonical intent, `latency` seconds in all; `waited` of them passed before a
    worker was free, and count for no budget and no expert's latency.
    """

    id: str
    verdict: Verdict
    confidence: float
    reason: str
    message: str
    experts: tuple[Opinion, ...] = ()
    dissent: tuple[str, ...] = ()
    proof: dict[str, Any] | None = None
    review: str = ""
    mode: str = "full"
    enforced: bool = True
    key: str = ""
    latency: float = 0.0
    waited: float = 0.0


class Judge(Request[Judgement], frozen=True, kw_only=True):
    """May this be done? Answered by the plugin `experts`.

    `intent` is a mapping or text as `ciranda experts verify` reads it. `experts` adds to the
    mandatory ones. `budget`, seconds of work, can only shorten what the settings allow: it begins
    when a worker is free, so whoever cannot wait sets a time limit of their own. `key` is the
    idempotency key of the step on whose behalf it is asked: the same transaction asked again
    under the same key is no double spend. `run` and `path` name that step: with `run` the step
    itself tells of the answers, in its run's log, and the council of nothing but who began.
    """

    intent: dict[str, Any] | str
    id: str = ""
    experts: tuple[str, ...] = ()
    budget: float | None = None
    key: str = ""
    run: str = ""
    path: str = ""


class ProofChecked(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a proof holds, and why not."""

    valid: bool
    reason: str
    message: str = ""


class VerifyProof(Request[ProofChecked], frozen=True, kw_only=True):
    """Check the `proof` of a judgement again, trusting nothing that it says."""

    proof: dict[str, Any]


class ExpertStarted(Event, frozen=True, kw_only=True, tag=True):
    """An expert began to look at an intent; `key` is the intent's."""

    expert: str
    key: str
    path: str = ""


class ExpertAnswered(Event, frozen=True, kw_only=True, tag=True):
    """An expert answered, or failed to; `latency` in seconds, `reason` a kind."""

    expert: str
    key: str
    verdict: Verdict
    confidence: float
    reason: str
    latency: float
    cached: bool = False
    path: str = ""


class IntentJudged(Event, frozen=True, kw_only=True, tag=True):
    """The council judged an intent; `latency` in seconds."""

    id: str
    key: str
    verdict: Verdict
    confidence: float
    reason: str
    latency: float
    experts: tuple[str, ...] = ()
    review: str = ""
    path: str = ""
