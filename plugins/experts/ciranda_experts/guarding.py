"""The security expert as it sits on every council: loaded when there is code to look at."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias, final

from .expert import Expert, Finding, Isolation, Question
from .intent.intent import Feature

__all__ = ["Guarding"]

Judging: TypeAlias = Callable[[Question], Finding | Awaitable[Finding]]

_SHIPPED: Final = Path(__file__).parent / "security"
_SAYING: Final = ("rules.toml", "calibration.json")  # what findings follow from


@final
class Guarding:
    """Looks at code that is short in line, and at the rest in a thread.

    Files of rules are read at once, so that one that is broken is refused at once.

    Args:
        files: Of rules besides those of the package.

    Raises:
        SettingsError: A file cannot be read or is not a file of rules.
    """

    def __init__(self, files: Sequence[Path] = ()) -> None:
        self._files: Final = tuple(files)
        self._judging: Judging | None = _loaded(self._files) if files else None

    def expert(self) -> Expert:
        """Return the expert for a council."""
        return Expert(
            name="security",
            judge=self.judge,
            handles=frozenset({Feature.CODE}),
            cost=15.0,
            isolation=Isolation.INLINE,
            mandatory=True,
            version=f"1.{self._digest()}",
        )

    def judge(self, question: Question) -> Finding | Awaitable[Finding]:
        """Judge the code of an intent."""
        if self._judging is None:
            self._judging = _loaded(self._files)
        return self._judging(question)

    def _digest(self) -> str:
        """Return what changes when a finding may change; 16 hexadecimal digits."""
        whole = hashlib.sha256()
        for path in (*(_SHIPPED / name for name in _SAYING), *self._files):
            whole.update(hashlib.sha256(path.read_bytes()).digest())
        return whole.hexdigest()[:16]


def _loaded(files: Sequence[Path]) -> Judging:
    from .security import judge, load_rules, security_expert
    from .security.calibration import load_calibration
    from .security.limits import INLINE

    rules, calibration = load_rules(*files), load_calibration()
    patient = security_expert(rules).judge

    def judging(question: Question) -> Finding | Awaitable[Finding]:
        if sum(len(source.text) for source in question.intent.code) <= INLINE:
            return judge(question, rules, calibration)
        return patient(question)

    return judging
