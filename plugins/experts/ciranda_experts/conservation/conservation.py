"""The conservation expert: money can neither appear nor vanish, nor move twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, final

from ciranda.errors import StoreError
from ciranda.events.judging import Judgement, Verdict

from ..expert import Expert, Finding, Isolation, Question
from ..intent.intent import Feature, Intent
from ..meter import worked
from ..presolve.problem import Decision, Problem
from .accounts import AccountError, likely_accounts
from .ledger import LedgerError, check
from .obligations import Obligations, obligations_of
from .proving import Proving
from .reasons import Reason
from .settling import Settling
from .spent import Conflict, Reservation, Spent
from .telling import double_spend, note_of, refused, unrecorded, unvouched

__all__ = ["Conservation", "Decide"]

Decide = Callable[[Problem, float], Awaitable[Decision]]  # the problem, and seconds it may take

_UNSPENT: Final = 0.99  # that the id is unspent is a fact; that the rest is sound nobody checked


@final
class Conservation:
    """Judges intents that move money.

    Whoever calls `judge` for an intent with a transaction calls `settle` once with the same
    question object when the verdict of all is known, whatever it is, and before anybody hears of
    it. Between the two the transaction is reserved for this question.

    Args:
        decide: Decides a problem within so many seconds.
        spent: The transactions that were approved.
        trusted: Roots of ledgers (hex) that may be relied upon; None takes any root, and then an
            approval says that nobody vouched for it: it holds for whoever knows it to be right.
        clock: Seconds of a steady clock, of work alone.
    """

    def __init__(
        self,
        decide: Decide,
        spent: Spent,
        *,
        trusted: frozenset[str] | None = None,
        clock: Callable[[], float] = worked,
    ) -> None:
        self._proving: Final = Proving(decide, clock)
        self._settling: Final = Settling(spent)
        self._trusted: Final = trusted
        # By identity: equal questions are different ones, each with a reservation of its own.
        self._reserved: Final[dict[int, tuple[Question, Reservation]]] = {}

    def expert(self) -> Expert:
        """Return the expert for a council.

        It is not pure, because of transactions; `is_pure` says of which intents it is.
        """
        return Expert(
            name="conservation",
            judge=self.judge,
            handles=frozenset({Feature.TRANSFER, Feature.LEDGER, Feature.TRANSACTION}),
            isolation=Isolation.INLINE,
            mandatory=True,
            pure=False,
        )

    @staticmethod
    def is_pure(intent: Intent) -> bool:
        """Say whether a finding about an intent may be given again without asking."""
        return not intent.transaction

    async def judge(self, question: Question) -> Finding:
        """Find whether an intent conserves money, and reserve its transaction.

        One that cannot be reserved, because nothing can be written, is uncertain.
        """
        intent = question.intent
        evidence: dict[str, Any] = {}
        try:
            owed = self._checked(intent, evidence)
        except (AccountError, LedgerError) as error:
            return refused(error, intent)
        if intent.transaction:
            evidence["transaction"] = {"id": intent.transaction}
            try:
                conflict = await self._reserve(question)
            except StoreError as error:
                return unrecorded(intent.transaction, error)
            if conflict is not None:
                return double_spend(conflict)
        note = note_of(likely_accounts(intent))
        if note:
            evidence["note"] = note
        if owed.duties:
            found = await self._proving.find(owed, question.budget, evidence)
        else:
            found = _unproved(intent, evidence)
        return found if self._trusted is not None else unvouched(found, intent)

    async def settle(self, question: Question, judgement: Judgement | None) -> Finding | None:
        """End the reservation of a question's transaction; without one nothing happens.

        An intent that was approved, or goes ahead whatever the verdict because the mode does not
        enforce it, has spent its transaction. Otherwise the id is free again, also for others.

        Args:
            question: The object that was judged.
            judgement: What the council says; None if it came to no end.

        Returns:
            None; or a finding that turns an approval into a rejection, where the id was given
            back in between by another question of the same step and went to somebody else.

        Raises:
            StoreError: The file cannot be written: the approval must not be given.
        """
        _, reservation = self._reserved.pop(id(question), (None, None))
        if reservation is None:
            return None
        goes_ahead = judgement is not None and (
            judgement.verdict is Verdict.APPROVED or not judgement.enforced
        )
        conflict = await self._settling.settle(reservation, goes_ahead)
        return double_spend(conflict) if goes_ahead and conflict is not None else None

    def _checked(self, intent: Intent, evidence: dict[str, Any]) -> Obligations:
        ledger = intent.ledger
        if ledger is not None:
            check(ledger)
            if self._trusted is not None and ledger.root not in self._trusted:
                raise LedgerError(
                    f"the ledger's root {ledger.root[:12]}... is none of those that may be relied "
                    "upon: add it to `[experts] ledgers`, or take a ledger of today"
                )
            accounts = [entry.account for entry in ledger.entries]
            evidence["ledger"] = {
                "root": ledger.root,
                "size": ledger.size,
                "accounts": accounts,
                "trusted": self._trusted is not None,
            }
        return obligations_of(intent)

    async def _reserve(self, question: Question) -> Conflict | None:
        intent = question.intent
        found = await self._settling.reserve(intent.transaction, intent.key, question.key)
        if isinstance(found, Conflict):
            return found
        self._reserved[id(question)] = (question, found)
        return None


def _unproved(intent: Intent, evidence: dict[str, Any]) -> Finding:
    note = evidence.get("note", "")
    if intent.ledger is not None:
        return Finding(
            verdict=Verdict.APPROVED,
            confidence=1.0,
            reason=Reason.INCLUDED.value,
            message="Every entry is in the ledger.",
            evidence=evidence,
            proven=True,
        )
    if intent.transaction:
        return Finding(
            verdict=Verdict.APPROVED,
            confidence=_UNSPENT,
            reason=Reason.UNSPENT.value,
            message=f"Transaction `{intent.transaction}` was not spent before. {note}".rstrip(),
            evidence=evidence,
        )
    return Finding(
        verdict=Verdict.ABSTAINED,
        confidence=0.0,
        reason=Reason.IRRELEVANT.value,
        message=note or "No accounts, no transaction and no ledger are named.",
        evidence=evidence,
    )
