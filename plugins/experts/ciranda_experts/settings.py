"""What a project says about judging."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from ciranda import Settings

from .council.crisis import CrisisSettings
from .council.kind import Kind
from .council.merge import RULES, Terms
from .council.modes import Mode
from .learning.settings import LearningSettings
from .telemetry.settings import TelemetrySettings

__all__ = ["ExpertsSettings"]

_ROOT = re.compile(r"[0-9a-f]{64}")
_Share = Annotated[float, Meta(ge=0.0, le=1.0)]
_Seconds = Annotated[float, Meta(gt=0.0)]
_Count = Annotated[int, Meta(ge=1)]


class ExpertsSettings(Settings, section="experts"):
    """The section `[experts]` of `ciranda.toml`.

    Attributes:
        mode: `off`, `shadow` (judge and record, bind nobody), `soft` (bind `percent` of the
            intents) or `full`.
        percent: Of the intents, 0 to 100, that are bound under `soft`.
        rule: How opinions are merged: `veto`, `unanimous`, `weighted` or `quorum`.
        threshold: Confidence that a verdict needs.
        quorum: Share of the votes that the rule `quorum` needs.
        weights: How much an expert counts, by name; above 0.
        mandatory: Experts without whose answer nothing is approved, where they are relevant.
        kinds: What intents of one `type` need besides: `experts`, `rule`, `threshold`.
        timeout: Seconds that an expert may work; its own limit, if shorter.
        budget: Seconds of work that a judgement may take, whatever is asked for; waiting for a
            free worker is none.
        default_budget: Seconds where nobody asks for any; `budget`, if that is shorter.
        threads: Experts that may be in threads at once.
        processes: Worker processes for experts that run in some, and for solvers.
        cache: Judged intents that are remembered; 0 remembers none.
        shadow: Share of the experts skipped by the gate that are asked all the same, to
            measure it.
        rules: Files of patterns for the security expert.
        ledgers: Roots (hex) of ledgers that may be relied upon; any, unless there is one here.
        plugins: Plugins with further experts: names, or files of the project.
        crisis: When a crisis begins and what it changes.
        telemetry: What is kept of judgements in `experts-telemetry.db`, and alerts.
        learning: How the council learns from what turned out to be right.
    """

    mode: Mode = Mode.FULL
    percent: Annotated[float, Meta(ge=0.0, le=100.0)] = 100.0
    rule: str = "veto"
    threshold: _Share = 0.7
    quorum: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.5
    weights: dict[str, Annotated[float, Meta(gt=0.0)]] = {}  # noqa: RUF012  (msgspec copies it)
    mandatory: tuple[str, ...] = ("logic", "security", "conservation")
    kinds: dict[str, Kind] = {}  # noqa: RUF012  (as above)
    timeout: _Seconds = 30.0
    budget: _Seconds = 30.0
    default_budget: _Seconds = 5.0
    threads: _Count = 16
    processes: _Count = 2
    cache: Annotated[int, Meta(ge=0)] = 4096
    shadow: _Share = 0.01
    rules: tuple[Path, ...] = ()
    ledgers: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    crisis: CrisisSettings = msgspec.field(default_factory=CrisisSettings)
    telemetry: TelemetrySettings = msgspec.field(default_factory=TelemetrySettings)
    learning: LearningSettings = msgspec.field(default_factory=LearningSettings)

    def __post_init__(self) -> None:
        self.terms()  # says what does not fit
        for root in self.ledgers:
            if not _ROOT.fullmatch(root):
                raise ValueError(
                    f"`ledgers` names {root!r}, which is no root of a ledger: write the 64 "
                    "hexadecimal digits, in lower case, of its `root`"
                )
        for name, kind in self.kinds.items():
            if kind.rule and kind.rule not in RULES:
                known = ", ".join(RULES)
                raise ValueError(
                    f"`rule` of [experts.kinds.{name}] is {kind.rule!r}: write one of {known}"
                )

    def terms(self, weights: Mapping[str, float] | None = None) -> Terms:
        """Return how opinions are merged.

        Args:
            weights: Of the experts themselves; the settings go before them.
        """
        both = {**(weights or {}), **self.weights}
        return Terms(rules=(self.rule,), threshold=self.threshold, quorum=self.quorum, weights=both)
