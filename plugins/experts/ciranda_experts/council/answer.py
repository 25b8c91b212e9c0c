"""From what an expert returned, or how it failed, to an opinion."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import msgspec

from ciranda.actions import NotPlainError
from ciranda.events.judging import Opinion, Verdict

from ..expert import Expert, Finding
from .frozen import FrozenDict, freeze
from .reasons import Reason

__all__ = ["crashed", "failed", "garbage", "late", "missing", "opinion_of"]

_LONGEST: Final = 2000  # characters of a message
_LARGEST: Final = 1 << 20  # bytes of evidence
_NOTHING: Final = FrozenDict()
_pack: Final = msgspec.msgpack.Encoder().encode


def opinion_of(expert: Expert, found: object, latency: float) -> Opinion:
    """Return what an expert returned as an opinion; one that says why if it is no finding.

    Nothing of `found` is kept: whoever changes its evidence later changes nothing here.
    """
    problem = _problem(found)
    if problem or not isinstance(found, Finding):
        if isinstance(found, Coroutine):
            found.close()
        return garbage(expert, problem, latency)
    try:
        evidence = freeze(found.evidence) if found.evidence else _NOTHING
        size = len(_pack(evidence)) if evidence else 0
    except (NotPlainError, RecursionError, msgspec.MsgspecError, ValueError) as error:
        told = error.sentence("evidence") if isinstance(error, NotPlainError) else str(error)
        return garbage(expert, told, latency)
    if size > _LARGEST:
        return garbage(expert, f"its evidence has {size} bytes, more than {_LARGEST}", latency)
    return Opinion(
        expert=expert.name,
        verdict=found.verdict,
        confidence=float(found.confidence),
        reason=found.reason,
        message=_text(found.message),
        evidence=evidence,
        latency=latency,
        version=expert.version,
        proven=found.proven,
    )


def _problem(found: object) -> str:  # noqa: PLR0911  (a sentence for each thing that is wrong)
    """Return what is wrong with an answer; empty if nothing is."""
    if type(found) is not Finding:  # of a subclass nobody knows what its fields do
        if isinstance(found, Opinion):
            return f"it returned the opinion of {found.expert!r}: an expert returns a Finding"
        if isinstance(found, list | tuple):
            return f"it answered {len(found)} times: an expert returns one Finding"
        return f"it returned {type(found).__name__}: an expert returns a Finding"
    if not isinstance(found.verdict, Verdict):
        return f"its verdict is {_short(found.verdict)}: one of {', '.join(Verdict)}"
    sure = found.confidence
    if (type(sure) is not float and type(sure) is not int) or not 0 <= sure <= 1:  # also of NaN
        return f"its confidence is {_short(sure)}: a number from 0 to 1"
    if type(found.reason) is not str and not isinstance(found.reason, str):
        return f"its reason is {_short(found.reason)}: text such as `counterexample`"
    if not found.reason or len(found.reason) > 100 or not found.reason.isascii():  # noqa: PLR2004
        return f"its reason is {_short(found.reason)}: a short kind such as `counterexample`"
    if not isinstance(found.message, str):
        return f"its message is {_short(found.message)}: text"
    if not isinstance(found.evidence, dict):
        return f"its evidence is {_short(found.evidence)}: a dict"
    if not isinstance(found.proven, bool):
        return f"`proven` is {_short(found.proven)}: true or false"
    return ""


def garbage(expert: Expert, problem: str, latency: float) -> Opinion:
    """Return the opinion of an expert whose answer cannot be used."""
    return failed(expert, Reason.GARBAGE, f"Expert {expert.name!r}: {problem}.", latency)


def crashed(expert: Expert, error: BaseException, latency: float) -> Opinion:
    """Return the opinion of an expert that raised something."""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    text = f"Expert {expert.name!r} raised {said}{_place(expert, error)}"
    return failed(expert, Reason.CRASHED, text, latency)


def _place(expert: Expert, error: BaseException) -> str:
    """Return ` (file:line)` of the innermost frame in the expert's own file, or nothing."""
    judge: Any = expert.judge
    module = getattr(judge, "__module__", None) or type(judge).__module__
    own = getattr(sys.modules.get(module), "__file__", None)
    if own is None:
        return ""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == own]
    return f" ({Path(own).name}:{lines[-1]})" if lines else ""


def late(expert: Expert, budget: float, latency: float) -> Opinion:
    """Return the opinion of an expert that did not answer within `budget` seconds."""
    text = f"Expert {expert.name!r} had not answered after {budget:g} s."
    return failed(expert, Reason.TIMEOUT, text, latency)


def missing(name: str, known: str) -> Opinion:
    """Return the opinion of an expert that somebody asks for and that is not there."""
    text = f"Expert {name!r} is not on the council, which has {known}."
    return Opinion(
        expert=name, verdict=Verdict.UNCERTAIN, confidence=0.0, reason=Reason.MISSING, message=text
    )


def failed(expert: Expert, reason: Reason, message: str, latency: float) -> Opinion:
    """Return the opinion of an expert that has none."""
    return Opinion(
        expert=expert.name,
        verdict=Verdict.UNCERTAIN,
        confidence=0.0,
        reason=reason,
        message=_text(message),
        evidence=_NOTHING,
        latency=latency,
        version=expert.version,
    )


def _text(text: str) -> str:
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 3]}..."
    return str(text) if text.isascii() else text.encode("utf-8", "replace").decode()


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004  (width of a message)
