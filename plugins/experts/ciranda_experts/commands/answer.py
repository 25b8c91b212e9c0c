"""A judgement as the command line prints it: a line of JSON, or lines for a reader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ciranda.cli.values import table
from ciranda.events.judging import Judgement, Opinion, Verdict
from ciranda.observe.visible import pad, visible

from ..explain import counts, standing, sure
from ..latency import shown

__all__ = ["line", "paragraph", "read", "row"]

_MILLISECONDS: Final = 1000.0
_DIGITS: Final = 6  # of numbers that were measured
_WIDTHS: Final = (9, 7, 18, 18)  # columns of a row: verdict, confidence, reason, id


def line(
    judgement: Judgement,
    *,
    name: str | int = "",
    number: int = 0,
    place: str = "",
    mandatory: Sequence[str] = (),
) -> str:
    """Return a judgement as one line of JSON.

    Args:
        judgement: What the council said.
        name: Its id as it was given, which may be a number.
        number: The line of the input, 0 where it is not read by lines.
        place: Where in the input something is wrong.
        mandatory: The experts that took the place of the mandatory ones.
    """
    plain: dict[str, Any] = {
        "id": name or judgement.id,
        "verdict": judgement.verdict.value,
        "confidence": round(judgement.confidence, _DIGITS),
        "reason": judgement.reason,
        "message": judgement.message,
        "experts": [_opinion(each, judgement) for each in judgement.experts],
        "dissent": list(judgement.dissent),
        "proof": judgement.proof,
        "review": judgement.review,
        "mode": judgement.mode,
        "enforced": judgement.enforced,
        "key": judgement.key,
        "latency_ms": _rounded(judgement.latency),
    }
    if judgement.waited:
        plain["waited_ms"] = _rounded(judgement.waited)
    if mandatory:
        plain["mandatory"] = list(mandatory)
    if number:
        plain["line"] = number
    if place:
        plain["place"] = place
    try:
        return msgspec.json.encode(plain).decode()
    except (ValueError, OverflowError):  # halves of characters, integers beyond 64 bits
        return json.dumps(plain, separators=(",", ":"))


def read(value: dict[str, Any]) -> Judgement:
    """Return the judgement that a line of JSON tells of.

    Raises:
        ValidationError: It is none; of msgspec.
    """
    experts = [
        {
            **one,
            "expert": one.get("name", ""),
            "latency": float(one.get("latency_ms", 0.0)) / _MILLISECONDS,
        }
        for one in value.get("experts", [])
        if isinstance(one, dict)
    ]
    latency = float(value.get("latency_ms", 0.0)) / _MILLISECONDS
    plain = {**value, "id": str(value.get("id", "")), "experts": experts, "latency": latency}
    return msgspec.convert(plain, Judgement)


def row(judgement: Judgement, name: str = "", place: str = "") -> str:
    """Return one line of a table that is printed as it grows.

    Args:
        judgement: What the council said.
        name: What the intent is called.
        place: Where in the input something is wrong.
    """
    cells = (
        judgement.verdict.value,
        sure(judgement.confidence),
        judgement.reason,
        name or judgement.id or "-",
    )
    parts = [pad(visible(text), width) for text, width in zip(cells, _WIDTHS, strict=True)]
    said = "" if judgement.verdict is Verdict.APPROVED else judgement.message
    said = f"{place}: {said}" if place else said
    return "  ".join([*parts, visible(said)]).rstrip()


def paragraph(judgement: Judgement, name: str = "", place: str = "") -> list[str]:
    """Return what there is to say about the only judgement, with what each expert said.

    Args:
        judgement: What the council said.
        name: What the intent is called.
        place: Where in the input something is wrong.
    """
    said = f"{place}: {judgement.message}" if place else judgement.message
    lines = [f"{name}: {judgement.verdict}, {judgement.reason}", *([f"  {said}"] if said else [])]
    rows = [
        (
            opinion.expert,
            opinion.verdict.value,
            "" if opinion.verdict is Verdict.ABSTAINED else sure(opinion.confidence),
            "cached" if opinion.cached else shown(opinion.latency),
            opinion.reason,
            "" if opinion.message == judgement.message else opinion.message,
        )
        for opinion in judgement.experts
    ]
    if rows:
        titles = ("expert", "verdict", "confidence", "time", "reason", "")
        lines += [f"  {line}" for line in table(titles, rows)]
    if counts(judgement):
        lines.append(f"  Confidence {sure(judgement.confidence)}.")
    lines += standing(judgement)
    return lines


def _opinion(opinion: Opinion, judgement: Judgement) -> dict[str, Any]:
    evidence = opinion.evidence
    if opinion.proven and opinion.verdict is judgement.verdict and "proof" in evidence:
        # It stands once in the line, under `proof`.
        evidence = {name: value for name, value in evidence.items() if name != "proof"}
    return {
        "name": opinion.expert,
        "verdict": opinion.verdict.value,
        "confidence": round(opinion.confidence, _DIGITS),
        "latency_ms": _rounded(opinion.latency),
        "reason": opinion.reason,
        "message": opinion.message,
        "evidence": evidence,
        "version": opinion.version,
        "mandatory": opinion.mandatory,
        "proven": opinion.proven,
        "cached": opinion.cached,
    }


def _rounded(seconds: float) -> float:
    return round(seconds * _MILLISECONDS, 3)
