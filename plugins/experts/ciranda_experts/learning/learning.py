"""The council's memory of what was right: reviews and outcomes, and what follows from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import msgspec

from ciranda.events.judging import Judgement, Opinion, Verdict
from ciranda.store import Database, Durability

from ..telemetry.sample import Sample, Seen, row
from .calibration import Calibration
from .curve import Curve
from .outcomes import OutcomeError, Outcomes
from .reviews import Reviews
from .schema import FILE, MIGRATIONS
from .settings import LearningSettings
from .thresholds import Rules as ThresholdRules, Threshold, Thresholds
from .trial import Rules as TrialRules
from .versions import Change, Versions

__all__ = ["Learned", "Learning"]

_FRESH: Final = 1.0  # seconds for which what another process wrote may go unseen
_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Learned:
    """What an outcome changed: nothing if it was known."""

    new: bool
    fitted: tuple[str, ...] = ()  # experts whose curve was fitted anew
    threshold: Threshold | None = None
    changes: tuple[Change, ...] = ()


@final
class Learning:
    """One a process; several processes share the file.

    Args:
        folder: The project's folder.
        settings: How it learns.
        floor: The configured confidence that an approval needs.
        find: Returns the newest recorded judgement of an id, and of an intent's key if given.
        shipped: Curves of experts that come with them.
        clock: Unix seconds.
        reading: A file that cannot be written will do, for reading.

    Raises:
        StoreError: The file cannot be opened.
    """

    def __init__(
        self,
        folder: Path,
        settings: LearningSettings,
        *,
        floor: float,
        find: Callable[[str, str | None], Sample | None],
        shipped: Mapping[str, Curve] | None = None,
        clock: Callable[[], float] = time.time,
        reading: bool = False,
    ) -> None:
        database = Database(
            FILE, MIGRATIONS, folder=folder, durability=Durability.PROCESS, reading=reading
        )
        self._database: Final = database
        self._settings: Final = settings
        self._find: Final = find
        self._clock: Final = clock
        self.reviews: Final = Reviews(
            database, limit=settings.reviews, learn=self._reviewed, clock=clock
        )
        self.outcomes: Final = Outcomes(database, window=settings.window, clock=clock)
        self.calibration: Final = Calibration(
            database,
            method=settings.calibration,
            minimum=settings.calibration_minimum,
            shipped=shipped,
            clock=clock,
        )
        rules = ThresholdRules(
            floor=floor,
            ceiling=settings.threshold_ceiling if settings.adapt else floor,
            target=settings.false_approvals,
            step=settings.threshold_step,
            minimum=settings.threshold_minimum,
        )
        self.thresholds: Final = Thresholds(database, rules, clock=clock)
        tests = TrialRules(
            promotion=settings.promotion_error,
            rollback=settings.rollback_error,
            watch=settings.watch,
        )
        self.versions: Final = Versions(database, tests, share=settings.trial_share, clock=clock)
        self._looked = clock()
        self._version = database.data_version()
        self._stale = False
        self._revision = 0
        self._state = self._summary()
        self._forgot: float | None = None
        if not reading:
            self.forget()

    def learn(self, judgement: str, truth: Verdict, *, by: str, key: str | None = None) -> Learned:
        """Record what was right about a judgement, and draw the conclusions.

        Args:
            judgement: Its id; of several with this id the newest.
            truth: Approved or rejected.
            by: Who says so.
            key: The intent's key, where ids are not unique.

        Raises:
            OutcomeError: No such judgement is kept, the truth is no decision, or contradicts what
                was recorded.
        """
        self.forget()
        sample = self._find(judgement, key)
        if sample is None:
            raise OutcomeError(
                f"no judgement {judgement!r} is kept: it may have been written elsewhere, or "
                "longer ago than telemetry is kept"
            )
        with self._database.transaction():
            learned = self._conclude(sample, truth, by)
        self._database.execute("PRAGMA wal_checkpoint(FULL)")  # now it also survives the power
        return learned

    def refresh(self) -> None:
        """See what another process wrote; looks once a second and else costs a clock call."""
        now = self._clock()
        if now - self._looked < _FRESH and not self._stale:
            return
        self._looked = now
        version = self._database.data_version()
        if version != self._version or self._stale:
            self._version, self._stale = version, False
            self.calibration.reload()
            self.thresholds.reload()
            self.versions.reload()
            self._revise()

    @property
    def revision(self) -> int:
        """Another number when confidence, threshold or versions are others than before.

        Asking sees what other processes wrote, at the latest a second after.
        """
        self.refresh()
        return self._revision

    def calibrated(self, opinion: Opinion) -> float:
        """Return the probability that an opinion, as its expert gave it, is right."""
        return self.calibration.calibrated(opinion.expert, opinion.confidence, opinion.version)

    def threshold(self, usual: float) -> float:
        """Return the confidence that an approval needs, never below `usual`."""
        return max(usual, self.thresholds.value)

    def forget(self) -> None:
        """Remove what is older than its days; does it once a day, whenever it is called.

        Opening and learning call it.
        """
        now = self._clock()
        if self._forgot is not None and now - self._forgot < _DAY:
            return
        self._forgot = now
        self.outcomes.forget(self._settings.truth_days)
        self.reviews.forget(self._settings.truth_days)

    def close(self) -> None:
        """Close the file; closing again is nothing.

        Raises:
            StoreError: Its journal could not be folded in.
        """
        self._database.close()

    def _reviewed(self, judgement: Judgement, truth: Verdict, by: str) -> None:
        sample = self._find(judgement.id, judgement.key)
        if sample is not None:
            self._conclude(sample, truth, by)
            return
        fields = row(Seen(self._clock(), judgement, (), (), (), ()))
        self._conclude(msgspec.convert(fields, Sample), truth, by)

    def _conclude(self, sample: Sample, truth: Verdict, by: str) -> Learned:
        try:
            if not self.outcomes.record(sample, truth, by=by):
                return Learned(new=False)
            moved = self.thresholds.consider() if self._settings.adapt else None
            changes = self.versions.learn(sample, truth)
            fitted = self._fit((each.expert, each.version) for each in sample.answers)
            self._revise()
        except BaseException:
            self._stale = True  # what is in memory may be of a transaction that is rolled back
            raise
        return Learned(True, fitted, moved, tuple(changes))

    def _fit(self, judged: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        fitted: list[str] = []
        for expert, version in dict.fromkeys(judged):
            count = self.outcomes.count(expert, version)
            if count and not count % self._settings.calibration_every:
                points = self.outcomes.points(expert, version)
                if self.calibration.fit(expert, version, points) is not None:
                    fitted.append(expert)
        return tuple(fitted)

    def _summary(self) -> object:
        trials = [(each.id, each.candidate) for each in self.versions.trials()]
        return (self.calibration.curves, self.thresholds.value, self.versions.chosen, trials)

    def _revise(self) -> None:
        state = self._summary()
        if state != self._state:
            self._state = state
            self._revision += 1
