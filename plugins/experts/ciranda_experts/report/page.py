"""The council's figures as one HTML page that needs nothing else: no network, no script, no trust.

Names, reasons and notes come from experts and users: all of it is escaped, and the page's content
policy lets nothing run or load.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Final, final

from markupsafe import Markup

from ciranda.events.judging import Verdict
from ciranda.observe.spoken import plural, spoken
from ciranda.observe.visible import clip, visible

from ..confidence import sure
from ..learning.learning import Learning
from ..learning.outcomes import Accuracy
from ..telemetry.rollup import COUNCIL
from ..telemetry.sample import Role
from ..telemetry.store import Store
from .plots import columns, reliability_plot, verdict_plot
from .status import ExpertStatus, Status

__all__ = ["page"]

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_LONG: Final = 300  # columns of a text that somebody else wrote
_ROWS: Final = 50
_WAITING: Final = 20  # those that wait longest
_NONE: Final = "–"  # noqa: RUF001  (a dash where there is no figure)


def page(status: Status, store: Store, learning: Learning) -> str:
    """Return the page.

    Args:
        status: How the council is doing.
        store: What was recorded, for verdicts over time.
        learning: What was learned, for curves and histories.

    Raises:
        StoreError: A file cannot be read.
    """
    return str(_Page(status, store, learning).text())


def _safe(text: str) -> str:
    """Return a text of somebody else's on one line, not too long; it is escaped when it is put."""
    return clip(visible(text), _LONG)


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """Return a table; heads that begin with `#` are of numbers."""
    kinds = ["number" if head.startswith("#") else "" for head in heads]
    head = _joined(
        Markup('<th class="{}" scope="col">{}</th>').format(kind, name.lstrip("#"))
        for kind, name in zip(kinds, heads, strict=True)
    )
    body = _joined(
        Markup("<tr>{}</tr>").format(
            _joined(
                Markup('<td class="{}">{}</td>').format(kind, cell)
                for kind, cell in zip(kinds, row, strict=True)
            )
        )
        for row in rows
    )
    return Markup(
        '<div class="panel scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(head, body)


@final
class _Page:
    def __init__(self, status: Status, store: Store, learning: Learning) -> None:
        self._status: Final = status
        self._store: Final = store
        self._learning: Final = learning

    def text(self) -> Markup:
        style = Markup((files(__package__) / "page.css").read_text("utf-8"))
        sections = (
            self._head(),
            self._tiles(),
            self._alerts(),
            self._verdicts(),
            self._experts(),
            self._reliability(),
            self._gate(),
            self._reviews(),
            self._versions(),
            self._threshold(),
            self._crises(),
        )
        return Markup(
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta http-equiv="Content-Security-Policy" content="{}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta name="referrer" content="no-referrer">'
            "<title>The council of experts</title><style>{}</style></head><body><main>{}"
            "<footer>Times are UTC. Latencies are right to 2 %. Accuracy counts approvals and "
            "rejections whose outcome is known.</footer></main></body></html>\n"
        ).format(_POLICY, style, _joined(sections))

    def _head(self) -> Markup:
        status = self._status
        if status.crisis:
            kind, said = "badge crisis", "crisis"
        elif status.alerts:
            kind, said = "badge bad", plural(len(status.alerts), "alert")
        else:
            kind, said = "badge", "no alerts"
        return Markup(
            '<div class="top"><h1>The council of experts</h1><span class="{}">{}</span></div>'
            '<p class="facts">{} to {} · an approval needs a confidence of {:.4g}</p>'
        ).format(kind, said, _clock(status.since), _clock(status.at), status.threshold)

    def _tiles(self) -> Markup:
        status = self._status
        figures, health = status.figures, status.telemetry
        lost = health["dropped"] + health["failed"]
        tiles = [("", f"{figures.count:,}", "judgements")]
        for verdict in (Verdict.APPROVED, Verdict.REJECTED, Verdict.UNCERTAIN):
            count = figures.verdicts[verdict.value]
            tiles.append((verdict.value, _share(count, figures.count), verdict.value))
        tiles.append(("", _time(figures.p95), "95 % took at most"))
        tiles.append(("", f"{status.waiting:,}", "wait for a human"))
        tiles.append(("", f"{lost:,}", "records lost, ever"))
        return Markup('<div class="tiles">{}</div>').format(
            _joined(
                Markup('<div class="tile {}"><b>{}</b><span>{}</span></div>').format(*tile)
                for tile in tiles
            )
        )

    def _alerts(self) -> Markup:
        found = self._status.alerts
        if not found:
            return Markup("")
        return Markup('<h2>Alerts</h2><div class="panel">{}</div>').format(
            _joined(
                Markup(
                    '<div class="alert">{} <span class="soft">(by chance: {:.1g})</span></div>'
                ).format(_safe(alert.message), alert.chance)
                for alert in found
            )
        )

    def _verdicts(self) -> Markup:
        status = self._status
        rows = self._store.rollups(status.since).get((COUNCIL, Role.COUNTED), [])
        if not rows:
            return Markup('<h2>Verdicts</h2><div class="panel pad soft">No judgements.</div>')
        found = columns([(at, each.verdicts) for at, each in rows], status.since, status.at)
        plot = verdict_plot(found, status.crises, status.since, status.at)
        legend = _joined(
            Markup('<span class="{0}"><i></i>{0}</span>').format(name)
            for name in ("approved", "uncertain", "rejected")
        )
        crisis = (
            Markup('<span style="--c:var(--crisis)"><i></i>crisis</span>')
            if status.crises
            else Markup("")
        )
        return Markup(
            '<h2>Verdicts</h2><div class="panel pad scroll">{}<div class="legend">{}{}</div></div>'
        ).format(plot, legend, crisis)

    def _experts(self) -> Markup:
        if not self._status.experts:
            return Markup("")
        rows = [self._expert(expert) for expert in self._status.experts]
        heads = [
            "Expert", "#Answers", "Verdicts", "#p50", "#p95", "#p99", "#Confidence", "#From cache",
            "#Right", "#False approvals",
        ]  # fmt: skip
        return Markup("<h2>Experts</h2>{}").format(_table(heads, rows))

    def _expert(self, expert: ExpertStatus) -> list[object]:
        figures = expert.figures
        known = self._in_use(expert)
        confidence = _NONE if figures.confidence is None else sure(figures.confidence)
        right: list[object] = [_NONE, _NONE]
        if known is not None:
            right = [
                f"{_share(known.right, known.count)} of {known.count:,}",
                f"{known.false_approvals:,} of {known.approvals:,}",
            ]
        return [
            Markup("<b>{}</b>").format(_safe(expert.name)),
            f"{figures.count:,}",
            _bar(figures.verdicts),
            _time(figures.p50),
            _time(figures.p95),
            _time(figures.p99),
            confidence,
            _share(figures.cached, figures.count),
            *right,
        ]

    def _in_use(self, expert: ExpertStatus) -> Accuracy | None:
        """Return the accuracy of the version that counts; of the best known, if it has none."""
        current = self._learning.versions.current(expert.name)
        found = [each for each in expert.accuracy if current in (None, each.version)]
        return max(found or expert.accuracy, key=lambda each: each.count, default=None)

    def _reliability(self) -> Markup:
        plots = [
            Markup(
                "<figure><figcaption>{} <small>version {} · {} · Brier {:.4f} · calibration "
                "error {:.1%} · {}</small></figcaption>{}</figure>"
            ).format(
                _safe(expert.name),
                _safe(each.version),
                plural(each.count, "outcome"),
                each.reliability.brier,
                each.reliability.error,
                self._fit(expert.name, each.version),
                reliability_plot(each.reliability, self._curve(expert.name, each.version)),
            )
            for expert in self._status.experts
            for each in expert.accuracy
        ][:_ROWS]
        if not plots:
            return Markup("")
        return Markup(
            "<h2>Reliability<small>how often answers were right, by the confidence that they were "
            "given; on the diagonal both agree; the line is what calibration makes of what is said"
            "</small></h2>"
            '<div class="plots">{}</div>'
        ).format(_joined(plots))

    def _fit(self, expert: str, version: str) -> str:
        curve = self._learning.calibration.curve(expert, version)
        if curve.method == "shipped":
            return "shipped curve"
        return f"{curve.method} of {curve.samples:,}"

    def _curve(self, expert: str, version: str) -> list[tuple[float, float]]:
        curve = self._learning.calibration.curve(expert, version)
        return [(0.0, curve(0.0)), *zip(curve.xs, curve.ys, strict=True), (1.0, curve(1.0))]

    def _gate(self) -> Markup:
        rows = [
            (
                _safe(expert.name),
                f"{expert.gate.skipped:,}",
                f"{expert.gate.share:.1%}",
                f"{expert.gate.shadowed:,}",
                f"{expert.gate.disagreed:,}",
                _share(expert.gate.disagreed, expert.gate.shadowed),
            )
            for expert in self._status.experts
            if expert.gate.skipped or expert.gate.shadowed
        ]
        if not rows:
            return Markup("")
        heads = ["Expert", "#Skipped", "#Share", "#Asked all the same", "#Disagreed", "#Share"]
        return Markup(
            "<h2>Gate<small>experts that were left out, and what some of them would have said"
            "</small></h2>{}"
        ).format(_table(heads, rows))

    def _reviews(self) -> Markup:
        status = self._status
        if not status.reviews:
            return Markup("")
        rows = [
            (
                Markup("<code>{}</code>").format(_safe(each.id)),
                _safe(each.intent) or _NONE,
                _clock(each.opened),
                spoken(max(0.0, status.at - each.opened)),
                each.asked,
                _safe(each.why),
            )
            for each in status.reviews[:_WAITING]
        ]
        more = status.waiting - len(rows)
        said = f"these wait longest, and {more:,} more" if more > 0 else ""
        heads = ["Review", "Intent", "Opened", "#Waits", "#Asked", "Why"]
        return Markup("<h2>Open reviews<small>{}</small></h2>{}").format(said, _table(heads, rows))

    def _versions(self) -> Markup:
        trials = [
            (
                _safe(each.expert),
                f"{each.kind}: {_safe(each.candidate)} beside {_safe(each.incumbent)}",
                f"{each.share:.0%}",
                each.pairs,
                each.wins,
                each.losses,
                f"{each.evidence:.3g}",
            )
            for each in self._status.trials
        ]
        heads = ["Expert", "Versions", "#Of intents", "#Pairs", "#Wins", "#Losses", "#Evidence"]
        running = _table(heads, trials) if trials else Markup("")
        history = [
            (
                _clock(each.at),
                _safe(each.expert),
                f"{each.what}: {_safe(each.former)} → {_safe(each.latter)}",
                _safe(each.by),
                _safe(each.why),
            )
            for each in self._learning.versions.history(_ROWS)
        ]
        past = _table(["At", "Expert", "What", "By", "Why"], history) if history else Markup("")
        if not (trials or history):
            return Markup("")
        return Markup("<h2>Versions</h2>{}{}").format(running, past)

    def _threshold(self) -> Markup:
        rows = [
            (_clock(each.at), f"{each.value:.3f}", each.why)
            for each in self._learning.thresholds.history(_ROWS)
        ]
        if not rows:
            return Markup("")
        return Markup("<h2>Threshold</h2>{}").format(_table(["At", "#Value", "Why"], rows))

    def _crises(self) -> Markup:
        status = self._status
        rows = [
            (
                _clock(each.began),
                "it goes on" if each.ended is None else _clock(each.ended),
                spoken((status.at if each.ended is None else each.ended) - each.began),
                _safe(each.reason),
            )
            for each in status.crises[-_ROWS:]
        ]
        if not rows:
            return Markup("")
        return Markup("<h2>Crises</h2>{}").format(
            _table(["Began", "Ended", "#Took", "Reason"], rows)
        )


def _bar(verdicts: Mapping[str, int]) -> Markup:
    total = sum(verdicts.values()) or 1
    said = ", ".join(f"{count:,} {name}" for name, count in verdicts.items() if count)
    parts = _joined(
        Markup('<i class="{}" style="width:{:.2f}%"></i>').format(name, count / total * 100)
        for name, count in verdicts.items()
        if count
    )
    return Markup('<div class="bar" role="img" aria-label="{0}" title="{0}">{1}</div>').format(
        said, parts
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else _NONE


def _time(seconds: float | None) -> str:
    if seconds is None:
        return _NONE
    if seconds < 1e-3:  # noqa: PLR2004  (a millisecond)
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    return spoken(seconds)


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(at))
