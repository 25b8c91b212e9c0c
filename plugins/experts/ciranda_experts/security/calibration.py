"""How likely a verdict is right, by what was counted on labelled code.

A number for a rule is the share of hostile pieces among those in which it is met, for a corpus of
as many hostile as benign pieces. It is counted by `fitting`, and smoothed by the rule of
succession, (hostile + 2 s) / (all + 2), so that few observations never give certainty: s is the
share of all rules of its severity together, which is also the number of a rule that was never
met, and itself smoothed with s = 1/2. The number of a language is the share of benign pieces among
those in which nothing was met, smoothed with 1/2: few pieces of a language give little confidence.

What it does not say: how common hostile code is where you are, nor whether the patterns of
tomorrow are those of the corpus.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import msgspec

from .rule import Severity

__all__ = ["Calibration", "load_calibration"]


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares, 0 to 1, as counted.

    `corpus` says what was counted: pieces by label. `rules` are shares of hostile pieces by rule,
    `severities` by severity; `clean` are shares of benign pieces by language.
    """

    corpus: dict[str, int]
    rules: dict[str, float]
    severities: dict[str, float]
    clean: dict[str, float]

    def hostile(self, found: Mapping[str, Severity]) -> float:
        """Return how likely code is hostile in which these rules are met.

        The strongest alone counts: rules are met together, so that they are not independent.
        """
        return max(
            self.rules.get(rule, self.severities.get(severity, 0.5))
            for rule, severity in found.items()
        )

    def benign(self, languages: set[str]) -> float:
        """Return how likely code is benign in which nothing was met; of several, the least."""
        return min((self.clean.get(each, 0.5) for each in languages), default=0.5)


def load_calibration() -> Calibration:
    """Return the shares that come with the package."""
    text = files(__package__).joinpath("calibration.json").read_bytes()
    return msgspec.json.decode(text, type=Calibration)
