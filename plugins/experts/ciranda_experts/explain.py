"""A judgement in words: what was proved and how, what speaks against it, who said what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from ciranda.events.judging import Judgement, Opinion, ProofChecked, Verdict

from .confidence import CHECKED, PROVEN, sure
from .exact import model_of
from .facts import assignment, never_defined, sentence
from .intent.error import FaultKind, IntentError
from .intent.intent import Condition, Intent
from .intent.reading import read_intent
from .latency import shown
from .presolve.problem import Answer, Role
from .proof import Step
from .solver.missing import MISSING
from .tactics import told

__all__ = ["confidence", "counts", "explained", "standing", "sure", "told_by_check"]

_FINDINGS: Final = 20  # of one expert that are listed
_ALMOST: Final = 0.99995  # what would be rounded to 1
_SAME: Final = 1e-6  # numbers that differ by less are one
_RARE: Final = 0.95
_PARTS: Final = 6  # of a sum that is written out
_HOLDS: Final = "The proof holds."
_FAULTS: Final = frozenset(kind.value for kind in FaultKind)
# Why a check came to no end, which says nothing about the proof.
_UNABLE: Final = frozenset({"expert-missing", "expert-crashed", "memory", "timeout", "undecided"})


def explained(judgement: Judgement) -> list[str]:
    """Return a judgement as lines for a reader."""
    name = f"{judgement.id}: " if judgement.id else ""
    lines = [f"{name}{judgement.verdict}, {judgement.reason}"]
    if judgement.message:
        lines.append(f"  {judgement.message}")
    for opinion in judgement.experts:
        lines += ["", *_opinion(opinion, judgement)]
    lines += ["", *confidence(judgement)]
    return lines


def told_by_check(checked: ProofChecked) -> str:
    """Return what checking the proof again came to."""
    if checked.valid:
        said = "" if checked.message in {"", _HOLDS} else f" {checked.message}"
        return f"The proof was checked again and holds.{said}"
    if checked.reason == MISSING:
        return checked.message  # which says that nothing was checked, and what to install
    said = f": {checked.message}" if checked.message else ""
    if checked.reason in _UNABLE:
        return f"The proof could not be checked, {checked.reason}{said}"
    return f"The proof was checked again and does NOT hold, {checked.reason}{said}"


def confidence(judgement: Judgement) -> list[str]:
    """Return what the confidence of a judgement means, where it has any meaning."""
    lines: list[str] = []
    if judgement.verdict is Verdict.UNCERTAIN:
        if judgement.reason != "off":  # the settings turn judging off
            lines.append(f"Nobody knows: {judgement.message or judgement.reason}")
    elif counts(judgement):
        lines += _meaning(judgement)
        if judgement.proof is not None:
            lines.append("  It rests on a proof, which `--check` checks again.")
    if judgement.dissent:
        lines.append(f"  Of another opinion: {', '.join(judgement.dissent)}.")
    return lines + standing(judgement)


def counts(judgement: Judgement) -> bool:
    """Whether the confidence of a judgement is one: somebody judged, and it is not uncertain."""
    known = judgement.verdict is not Verdict.UNCERTAIN
    return known and bool(judgement.experts) and judgement.reason not in _FAULTS


def standing(judgement: Judgement) -> list[str]:
    """Return whether a human is asked, and whether the judgement binds."""
    lines = []
    if judgement.review:
        review = f"ciranda experts review show {judgement.review}"
        lines.append(f"  A human is asked: `{review}`.")
    if not judgement.enforced:
        lines.append(f"  It binds nobody: the mode is {judgement.mode}.")
    return lines


def _meaning(judgement: Judgement) -> Iterator[str]:
    """Yield what the number is, and where it comes from."""
    share = judgement.confidence
    said = f"Confidence {sure(share)}"
    usual = f"{said}: of judgements as sure as this one, {_share(share)}"
    # A judgement that was read from a file has six digits.
    sources = [
        one
        for one in judgement.experts
        if one.verdict is judgement.verdict and abs(one.confidence - share) < _SAME
    ]
    source = max(sources, key=lambda one: one.proven, default=None)
    if source is None:
        yield usual
        yield "  It is what the experts who say so come to together."
    elif source.proven and abs(share - PROVEN) < _SAME:
        yield (
            f"{said}: of {CHECKED:,} random formulas compared with brute force none was judged "
            f"wrong; the chance of an error is taken as 1 in {round(1 / (1 - PROVEN)):,}"
        )
    elif source.proven and judgement.proof is None:
        yield usual
        yield f"  {source.expert} goes by what is on record."
    else:
        yield usual
        yield (
            f"  So {source.expert} says of itself, or its outcomes, once enough of them are known."
        )


def _share(share: float) -> str:
    if share > _ALMOST:  # more was never counted
        return "fewer than one in 10,000 is wrong"
    if share > _RARE:
        return f"about one in {round(1 / (1 - share)):,} is wrong"
    return f"about {share:.0%} are right"


def _opinion(opinion: Opinion, judgement: Judgement) -> Iterator[str]:
    took = "from the cache" if opinion.cached else f"in {shown(opinion.latency)}"
    proven = ", proven" if opinion.proven else ""
    yield f"{opinion.expert}: {opinion.verdict} ({opinion.reason}{proven}), {took}"
    if opinion.message and opinion.message != judgement.message:
        yield f"  {opinion.message}"
    yield from _evidence(opinion, judgement)


def _evidence(opinion: Opinion, judgement: Judgement) -> Iterator[str]:
    proof = _proof(opinion, judgement)
    if proof is not None:
        yield from (f"  {line}" for line in proof)
        return
    counterexample = opinion.evidence.get("counterexample")
    if isinstance(counterexample, Mapping) and isinstance(counterexample.get("values"), Mapping):
        values = counterexample["values"]
        yield "  with " + ", ".join(f"{name} = {_value(each)}" for name, each in values.items())
    findings = opinion.evidence.get("findings")
    if isinstance(findings, Sequence) and not isinstance(findings, str):
        for each in findings[:_FINDINGS]:
            yield f"  {_finding(each)}"
        if len(findings) > _FINDINGS:
            yield f"  … and {len(findings) - _FINDINGS} more"


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _finding(found: Any) -> str:
    if not isinstance(found, Mapping):
        return str(found)
    place = ":".join(str(found[key]) for key in ("source", "line", "column") if found.get(key))
    words = [str(found[key]) for key in ("severity", "rule", "what") if found.get(key)]
    return f"{place}: {' '.join(words)}" if place else " ".join(words)


def _proof(opinion: Opinion, judgement: Judgement) -> list[str] | None:
    """Return the steps of the opinion's part of the proof, if it has one that can be read."""
    for proof in (*_proofs(opinion.evidence, opinion), *_proofs(judgement.proof, opinion)):
        try:
            intent = read_intent(proof["intent"])
            steps = msgspec.convert(proof["steps"], list[Step])
        except (IntentError, KeyError, TypeError, msgspec.ValidationError):
            continue
        return list(_steps(intent, steps))
    return None


def _proofs(proof: Any, opinion: Opinion) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of a proof that this expert made."""
    if not isinstance(proof, Mapping):
        return
    if proof.get("expert") == opinion.expert and "steps" in proof:
        yield proof
    for value in proof.values():
        inner: Iterable[Any] = value if isinstance(value, list | tuple) else [value]
        for each in inner:
            yield from _proofs(each, opinion)


def _steps(intent: Intent, steps: Iterable[Step]) -> Iterator[str]:
    known = {condition.where: condition for condition in intent.conditions}
    for step in steps:
        how = f" ({told(step)})"
        if step.answer is Answer.UNKNOWN:
            yield f"{step.where or step.role}: nobody could decide it in the time that there was"
        elif step.answer is Answer.UNSATISFIABLE:
            yield from _contradiction(step, intent, known, how)
        else:
            yield from _case(step, intent, known)


def _contradiction(
    step: Step, intent: Intent, known: Mapping[str, Condition], how: str
) -> Iterator[str]:
    core = [name for name in step.core if name != step.where]
    claimed = _quoted(step.where, known)
    match step.role:
        case Role.PRE_DEFINED:
            yield f"`pre` is defined whatever the values{how}"
            return
        case Role.POST if core:
            yield f"{claimed} follows{how} from"
        case Role.POST:
            yield f"{claimed} is true whatever the values{how}"
        case Role.PRE_SATISFIABLE:
            yield f"`pre` can never be true{how}: these contradict each other"
        case Role.CONSTRAINTS:
            yield f"`constraints` can never all be true{how}: these contradict each other"
    for name in core:
        yield f"  {_quoted(name, known)}"
        if name in known and (undefined := never_defined(known[name], intent.int_bits)):
            yield f"    {undefined}"
    if added := _sum(step):
        yield f"  which add up to a falsehood: {added}"


def _sum(step: Step) -> str:
    """Return the sum that shows a contradiction, where a short one does."""
    node = step.certificate.get("proof")
    if not isinstance(node, dict) or node.keys() - {"sum", "steps"} or node.get("steps"):
        return ""
    parts = node.get("sum")
    if not isinstance(parts, dict) or not 0 < len(parts) <= _PARTS:
        return ""
    said = []
    for name, factor in sorted(
        parts.items(), key=lambda each: (each[0].startswith("post"), each[0])
    ):
        place, _, rest = str(name).partition("/")
        negated = place == step.where and rest.startswith("0")
        said.append(f"{factor} times {'the opposite of ' if negated else ''}{place}")
    return ", ".join(said)


def _case(step: Step, intent: Intent, known: Mapping[str, Condition]) -> Iterator[str]:
    claimed = known.get(step.where)
    within = intent.constraints if step.role is Role.CONSTRAINTS else intent.pre
    shown_by = (*within, *([claimed] if claimed is not None else []))
    if step.model is None:
        near = step.certificate.get("near")
        about = ", ".join(f"{name} = {value}..." for name, value in dict(near or {}).items())
        yield f"{_quoted(step.where, known)} does not follow: with {about}, irrational"
        return
    names = step.model
    sorts = {name: sort for name, sort in intent.sorts.items() if name in names}
    values = model_of(names, sorts)
    if values is None:
        yield f"{step.where or step.role}: its values cannot be read"
        return
    given = assignment(values) or "any values"
    match step.role:
        case Role.PRE_SATISFIABLE:
            yield f"`pre` can be true: with {given}"
            return
        case Role.CONSTRAINTS:
            yield f"`constraints` are all true with {given}:"
        case Role.PRE_DEFINED:
            yield f"`pre` is undefined with {given}:"
        case Role.POST:
            yield f"{_quoted(step.where, known)} does not follow: with {given},"
    for condition in shown_by:
        said = sentence(condition, values, intent.int_bits)
        yield f"  {condition.where}  {said}"
        if said.endswith("is undefined"):
            return  # what comes after it is not looked at


def _quoted(where: str, known: Mapping[str, Condition]) -> str:
    condition = known.get(where)
    return f"{where} `{condition.text}`" if condition is not None else where
