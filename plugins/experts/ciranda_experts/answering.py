"""The plugin's answers to questions on the bus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from ciranda import hookimpl
from ciranda.bus import Bus
from ciranda.errors import StepError
from ciranda.events.judging import Judge, Judgement, ProofChecked, Verdict, VerifyProof

from .expert import Expert
from .hooks import LookUpReview, Reviewed

if TYPE_CHECKING:
    from .council.council import Council
    from .learning.reviews import Review

__all__ = ["Answering"]


class Reviews(Protocol):
    """Where reviews are looked up."""

    def get(self, review: str) -> Review:
        """Return an item."""


@final
class Answering:
    """Answers `Judge`, `VerifyProof` and `LookUpReview`.

    Args:
        council: Judges.
        bus: Where plugins come and go, and with them their experts.
        built_in: Experts that sit on every council.
        check: Checks a proof again.
        reviews: Where reviews are looked up; None where none are kept.
        named: Plugins that are there for their experts, with how the settings name them.

    Raises:
        PluginError: As `call_roll`.
    """

    def __init__(
        self,
        council: Council,
        bus: Bus,
        *,
        built_in: Sequence[Expert] = (),
        check: Callable[[dict[str, Any]], Awaitable[ProofChecked]],
        reviews: Reviews | None = None,
        named: Mapping[str, str] | None = None,
    ) -> None:
        self.council: Final = council
        self._bus: Final = bus
        self._built_in: Final = tuple(built_in)
        self._check: Final = check
        self._reviews: Final = reviews
        self._named: Final = dict(named or {})
        self._roll: list[Expert] = []
        self._revision = -1
        self.call_roll()

    def call_roll(self) -> None:
        """Seat the experts of the plugins that are in use now.

        Raises:
            PluginError: A plugin offers something that is no expert, or one of the settings none.
        """
        from .council.roll import call_roll

        revision = self._bus.revision
        if revision == self._revision:
            return
        roll = call_roll(self._bus, self._built_in, self._named)
        self._revision = revision
        if roll != self._roll:
            self._roll = roll
            self.council.seat(roll)

    @hookimpl(trylast=True)
    async def judge(self, request: Judge) -> Judgement:
        """Judge an intent."""
        if self._bus.revision != self._revision:
            self.call_roll()
        return await self.council.judge(request)

    @hookimpl(trylast=True)
    async def verify_proof(self, request: VerifyProof) -> ProofChecked:
        """Check a proof again."""
        return await self._check(request.proof)

    @hookimpl(trylast=True)
    def look_up_review(self, request: LookUpReview) -> Reviewed:
        """Say what became of a review."""
        if self._reviews is None:
            raise StepError(
                "not-found",
                f"There is no review {request.review}: this engine keeps nothing.",
                retryable=False,
            )
        item = self._reviews.get(request.review)
        decided = item.status.value in set(Verdict)
        return Reviewed(
            review=item.id,
            verdict=Verdict(item.status.value) if decided else None,
            by=item.by,
            note=item.note,
            why=item.why,
        )
