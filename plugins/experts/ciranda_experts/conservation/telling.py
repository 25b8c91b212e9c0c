"""What the conservation expert says when something is wrong with money."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final

from ciranda.errors import StoreError
from ciranda.events.judging import Verdict

from ..confidence import PROVEN
from ..expert import Finding
from ..intent.evaluate import Value
from ..intent.intent import Intent
from ..intent.tokens import shown
from ..undefined import NeverDefined
from .accounts import AccountError, Balance
from .amounts import amount_text, briefly
from .ledger import LedgerError
from .obligations import Claim
from .reasons import Reason
from .spent import Conflict, State

__all__ = [
    "double_spend",
    "note_of",
    "refused",
    "unbalanced",
    "undefined",
    "unfounded",
    "unrecorded",
    "unvouched",
]

_TOLD: Final = 3  # accounts in a sentence
_LONG: Final = 80  # characters of a condition in a sentence
_UNFOUNDED: Final = {
    Claim.CONSISTENT: (
        Reason.VACUOUS,
        "`pre` can never be true, so it proves nothing about the accounts",
    ),
    Claim.LEDGER: (
        Reason.BAD_LEDGER,
        "`pre` contradicts a balance in the ledger: correct one of them",
    ),
    Claim.SOLVENT: (
        Reason.NEGATIVE_BALANCE,
        "`pre` says that an account has less than nothing to begin with: correct it",
    ),
}


def refused(error: AccountError | LedgerError, intent: Intent) -> Finding:
    """Reject an intent whose accounts or ledger are wrong as they stand."""
    if isinstance(error, AccountError):
        return _rejected(error.reason, error.message, {"account": error.account})
    evidence: dict[str, Any] = {}
    if intent.ledger is not None:
        evidence["ledger"] = {"root": intent.ledger.root, "size": intent.ledger.size}
    return _rejected(Reason.BAD_LEDGER, str(error), evidence)


def double_spend(conflict: Conflict) -> Finding:
    """Reject an intent whose transaction belongs to another."""
    name = f"transaction `{conflict.transaction}`"
    at = datetime.fromtimestamp(conflict.at, UTC).isoformat(timespec="seconds")
    whose = "this content" if conflict.same_content else "another content"
    if conflict.state is State.SPENT:
        said = f"{name} was spent on {whose} at {at}: give a new payment an id of its own"
    else:
        said = (
            f"{name} is reserved for {whose} since {at}: wait for that judgement, "
            "resume the step that asked for it, or free it if that process was killed: "
            f"`ciranda experts release {shlex.quote(conflict.transaction)}`"
        )
    evidence = {
        "transaction": {
            "id": conflict.transaction,
            "state": conflict.state.value,
            "at": conflict.at,
            "same_content": conflict.same_content,
            "same_step": conflict.same_step,
        }
    }
    return _rejected(Reason.DOUBLE_SPEND, said, evidence)


def unrecorded(transaction: str, error: StoreError) -> Finding:
    """Leave an intent open whose transaction nobody could recognize the next time."""
    return Finding(
        verdict=Verdict.UNCERTAIN,
        confidence=0.5,
        reason=Reason.UNRECORDED.value,
        message=f"Transaction `{transaction}` cannot be recorded, so it could be spent twice: "
        f"{error}.",
        evidence={"transaction": {"id": transaction}},
    )


def unvouched(found: Finding, intent: Intent) -> Finding:
    """Add to an approval that rests on a ledger that nobody vouched for the ledger's root."""
    if intent.ledger is None or found.verdict is not Verdict.APPROVED:
        return found
    said = (
        f"nobody vouched for the ledger's root {intent.ledger.root[:12]}..., which came with the "
        "intent: list the roots that may be relied upon as `ledgers` under `[experts]`"
    )
    evidence = {**found.evidence, "warning": said}
    message = f"{found.message} But {said}."
    return dataclasses.replace(found, message=message, evidence=evidence)


def undefined(never: NeverDefined, evidence: dict[str, Any]) -> Finding:
    """Reject an intent of whose conditions one is never defined."""
    text = shown(never.condition.text, most=_LONG)
    said = f"`{text}` is never defined: {never.why}, so nothing is proved about the accounts"
    return _rejected(Reason.UNDEFINED, said, evidence)


def unfounded(claim: Claim, evidence: dict[str, Any], core: Sequence[str] = ()) -> Finding:
    """Reject an intent under whose conditions nothing could be shown; `core` contradict."""
    reason, message = _UNFOUNDED[claim]
    if claim is Claim.CONSISTENT and core:
        lines = ", ".join(f"`{shown(text, most=_LONG)}`" for text in core[:_TOLD])
        more = f" and {len(core) - _TOLD} more" if len(core) > _TOLD else ""
        together = "together, " if len(core) > 1 else ""
        message = f"{lines}{more} cannot be true {together}so nothing is proved about the accounts"
    return _rejected(reason, message, evidence)


def unbalanced(
    pairs: tuple[Balance, ...], claim: Claim, model: dict[str, Value], evidence: dict[str, Any]
) -> Finding:
    """Reject an intent for a case in which its balances are wrong; the case has been checked."""
    values = {
        name: value if isinstance(value, bool) else amount_text(value)
        for name, value in sorted(model.items())
    }
    told: dict[str, Any] = {"values": values}
    evidence["counterexample"] = told
    case = _case(values, pairs)
    if claim is Claim.NON_NEGATIVE:
        pair = next(each for each in pairs if model[each.new.name] < 0)
        left = amount_text(model[pair.new.name])
        told["account"] = pair.account
        told["balance"] = left
        said = f"account `{shown(pair.account)}` can end with {briefly(left)}: {case}"
        return _rejected(Reason.NEGATIVE_BALANCE, said, evidence)
    old = sum((Fraction(model[pair.old.name]) for pair in pairs), Fraction())
    new = sum((Fraction(model[pair.new.name]) for pair in pairs), Fraction())
    reason = Reason.MINTED if new > old else Reason.VANISHED
    amount = amount_text(abs(new - old))
    told |= {
        "old_sum": amount_text(old),
        "new_sum": amount_text(new),
        "difference": amount_text(new - old),
    }
    does = "appears from nowhere" if new > old else "vanishes"
    return _rejected(reason, f"{briefly(amount)} {does}: {case}", evidence)


def note_of(pairs: tuple[Balance, ...]) -> str:
    """Say that there are balances which nobody declared, or nothing."""
    if not pairs:
        return ""
    first = pairs[0]
    more = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    names = ", ".join(shown(pair.account) for pair in pairs[:_TOLD])
    names += ", ..." if len(pairs) > _TOLD else ""
    return (
        f"`{shown(first.old.name)}` and `{shown(first.new.name)}`{more} look like balances: "
        f"declare `accounts: [{names}]` to have their sum proved"
    )


def _case(values: dict[str, bool | str], pairs: tuple[Balance, ...]) -> str:
    told = []
    for pair in pairs[:_TOLD]:
        old, new = (briefly(str(values[each.name])) for each in (pair.old, pair.new))
        told.append(f"`{shown(pair.account)}` from {old} to {new}")
    return "for example " + ", ".join(told) + (", ..." if len(pairs) > _TOLD else "")


def _rejected(reason: Reason, message: str, evidence: dict[str, Any]) -> Finding:
    return Finding(
        verdict=Verdict.REJECTED,
        confidence=PROVEN,
        reason=reason.value,
        message=message,
        evidence=evidence,
        proven=True,
    )
