"""Experts of tests that run in worker processes."""

import os
import time

from ciranda_experts import Finding, Verdict


def approve(question):
    """Approve, and say what was seen."""
    return Finding(
        verdict=Verdict.APPROVED,
        confidence=0.95,
        reason="looked",
        evidence={"pid": os.getpid(), "names": sorted(question.intent.sorts), "key": question.key},
    )


async def approve_later(question):
    """Approve from a coroutine."""
    return approve(question)


def hang(_):
    """Never answer."""
    while True:
        time.sleep(1)


def leave(_):
    """End the process."""
    os._exit(3)


def crash(_):
    """Raise something."""
    raise LookupError("nothing here")


def list_it(question):
    """Answer twice."""
    return [approve(question), approve(question)]


def lie(question):
    """Return what only looks like a finding."""
    return {"verdict": "approved", "confidence": 1.0, "reason": "trust-me"}


def overrate(question):
    """Be surer than sure."""
    return Finding(verdict=Verdict.APPROVED, confidence=float("nan"), reason="looked")


class Promise:
    """What can be awaited and is no coroutine."""

    def __await__(self):
        """Never end."""
        yield


def promise(_):
    """Promise an answer."""
    return Promise()
