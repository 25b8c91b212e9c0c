"""Count how often each rule is met in hostile and in benign code, and write the calibration.

    python -m ciranda_experts.security.fitting hostile.jsonl lib/python3.11 > calibration.json

The first file has one JSON object a line, `{"code": ..., "language": ...}`, with `"benign": true`
where a piece is harmless; the folders hold benign Python. Folders of tests are left out, because
what they hold is often hostile on purpose.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ..intent.intent import Source
from .calibration import Calibration
from .examine import examine
from .limits import SIZE
from .rule import Severity
from .rules import Rules, load_rules

__all__ = ["Labelled", "benign_files", "fit"]

_WEIGHING = frozenset({Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL})


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    language: str = ""
    benign: bool = False


@dataclass(frozen=True, slots=True)
class Labelled:
    """A piece of code of which somebody knows whether it is hostile."""

    source: Source
    hostile: bool


@dataclass(slots=True)
class _Counts:
    """Pieces by label, and in how many of each label something was met."""

    hostile: Counter[str] = field(default_factory=Counter)
    benign: Counter[str] = field(default_factory=Counter)

    def add(self, key: str, hostile: bool) -> None:
        (self.hostile if hostile else self.benign)[key] += 1


def fit(pieces: Iterable[Labelled], rules: Rules) -> Calibration:
    """Return the calibration that some labelled code gives.

    Pieces of the label that has more are weighed down until both count as many, for `clean` in
    each language by itself. Severities and
    languages get (hostile + 1) / (all + 2), Laplace's rule; a rule gets the same with two
    observations that came out as its severity does: (hostile + 2 x severity) / (all + 2).
    """
    total, by_rule, by_severity, clean = _Counts(), _Counts(), _Counts(), _Counts()
    for piece in pieces:
        made = examine(piece.source, rules)
        total.add("all", piece.hostile)
        total.add(made.language, piece.hostile)
        met = {hit.rule for hit in made.hits}
        for rule in met:
            by_rule.add(rule, piece.hostile)
        weighing = {rules.by_id[rule].severity for rule in met}
        for severity in weighing:
            by_severity.add(severity, piece.hostile)
        if not weighing & _WEIGHING and not made.fault:
            clean.add(made.language, piece.hostile)
    weights = _weights(total, "all")
    severities = {
        severity.value: _share(by_severity, severity, weights, 0.5) for severity in Severity
    }
    prior = {name: severities.get(rule.severity, 0.5) for name, rule in rules.by_id.items()}
    return Calibration(
        corpus={"hostile": total.hostile["all"], "benign": total.benign["all"]},
        rules={
            name: _share(by_rule, name, weights, prior[name])
            for name in sorted(by_rule.hostile.keys() | by_rule.benign.keys())
        },
        severities=severities,
        clean={
            name: round(1 - _share(clean, name, _weights(total, name), 0.5), 4)
            for name in sorted(clean.benign)
        },
    )


def benign_files(folders: Iterable[Path]) -> Iterator[Labelled]:
    """Yield the Python files below folders, those of tests left out."""
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            inside = path.relative_to(folder).parts
            if any(part in ("test", "tests", "idle_test", "site-packages") for part in inside):
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            if len(text) <= SIZE:
                yield Labelled(Source(text, "python", path.name), hostile=False)


def _weights(total: _Counts, key: str) -> tuple[float, float]:
    """Return what a hostile and a benign piece count, so that both labels count as many."""
    hostile, benign = total.hostile[key], total.benign[key]
    least = min(hostile, benign)
    return least / max(hostile, 1), least / max(benign, 1)


def _share(counts: _Counts, key: str, weights: tuple[float, float], prior: float) -> float:
    """Return the smoothed share of hostile pieces among those in which something was met."""
    hostile, benign = counts.hostile[key] * weights[0], counts.benign[key] * weights[1]
    return round((hostile + 2 * prior) / (hostile + benign + 2), 4)


def _lines(path: Path) -> Iterator[Labelled]:
    for line in path.read_bytes().splitlines():
        made = msgspec.json.decode(line, type=_Line)
        yield Labelled(Source(made.code, made.language), hostile=not made.benign)


def _main(arguments: list[str]) -> int:
    if len(arguments) < 2:  # noqa: PLR2004  # a file and a folder
        sys.stderr.write("give a file of labelled code and folders of benign Python\n")
        return 2
    first, *folders = map(Path, arguments)
    pieces = [*_lines(first), *benign_files(folders)]
    made = fit(pieces, load_rules())
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(made), indent=2).decode() + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
