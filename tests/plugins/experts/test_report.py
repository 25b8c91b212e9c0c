"""The report: all figures in it, nothing foreign runs in it, Prometheus can read the other."""

import math
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser

import msgspec
import pytest

from ciranda_experts.learning.reliability import reliability
from ciranda_experts.learning.settings import LearningSettings
from ciranda_experts.report.page import page
from ciranda_experts.report.plots import columns, reliability_plot, verdict_plot
from ciranda_experts.report.prometheus import exposition
from ciranda_experts.report.reading import reading
from ciranda_experts.telemetry.alerts import Alert, AlertKind
from ciranda_experts.telemetry.rollup import COUNCIL, Rollup
from ciranda_experts.telemetry.sample import Role
from ciranda_experts.telemetry.settings import TelemetrySettings
from ciranda_experts.telemetry.store import Crisis

from .council_days import HOSTILE, NOON, a_day

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def opened(folder):
    return reading(folder, TelemetrySettings(), LearningSettings(), floor=0.7, clock=lambda: NOON)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("day")
    a_day(made, judgements=400, outcomes=300, hostile=HOSTILE)
    return made


@pytest.fixture(scope="module")
def records(folder):
    with opened(folder) as found:
        yield found


@pytest.fixture(scope="module")
def html(records):
    return records.page()


class Reading(HTMLParser):
    """The tags, and the text between them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


# Status


def test_the_status_has_every_figure(records):
    status = records.status()
    hostile, logic, security = status.experts

    assert status.figures.count == logic.figures.count == 400
    assert sum(status.figures.verdicts.values()) == 400
    assert status.figures.reasons.keys() == {"proved", "low-confidence"}
    assert (logic.name, security.name, hostile.name) == ("logic", "security", HOSTILE)
    assert 0 < logic.figures.p50 < logic.figures.p95 < logic.figures.p99 < 0.1
    assert math.isclose(security.figures.confidence, 0.97)
    assert security.figures.cached == 134
    assert (hostile.gate.skipped, hostile.gate.share) == (200, 0.5)
    assert hostile.gate.shadowed == 40
    assert 0 < hostile.gate.disagreed < 40
    assert [each.version for each in logic.accuracy] == ["1", "2"]
    assert security.accuracy[0].share == 1.0
    assert status.waiting == len(status.reviews) == status.figures.verdicts["uncertain"]
    assert [crisis.reason for crisis in status.crises] == ["anomalies"]
    assert not status.crisis
    assert status.threshold > 0.7
    assert status.telemetry == {"written": 400, "dropped": 0, "failed": 0}


def test_the_status_is_json(records):
    plain = msgspec.json.decode(msgspec.json.encode(records.status()))

    assert plain["figures"]["count"] == 400
    assert plain["experts"][1]["accuracy"][0]["reliability"]["bins"][9]["count"] > 0
    assert plain["crises"][0]["reason"] == "anomalies"


def test_figures_are_of_the_hours_that_are_looked_back_on(folder):
    hours = TelemetrySettings(hours=1.0)
    with reading(folder, hours, LearningSettings(), floor=0.7, clock=lambda: NOON) as found:
        status = found.status()

    assert 0 < status.figures.count < 20
    assert status.crises == ()
    assert status.telemetry["written"] == 400


def test_a_day_without_anything_is_a_status_and_a_page_too(tmp_path):
    with opened(tmp_path) as found:
        status, text, metrics = found.status(), found.page(), found.prometheus()

    assert status.figures.count == 0
    assert status.figures.p95 is None
    assert "No judgements" in text
    assert "ciranda_experts_crisis 0" in metrics


# Prometheus

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = rf'{NAME}="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SERIES = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")


def parsed(text):
    """Read the text format as its specification says; series by name and labels."""
    assert text.endswith("\n")
    kinds, series, family = {}, {}, ""
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in kinds, "one block for each metric"
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family
            kinds[name] = kind
            continue
        found = SERIES.fullmatch(line)
        assert found, line
        name, labels, value = found.groups()
        base = re.sub("_(bucket|sum|count)$", "", name) if kinds[family] == "histogram" else name
        assert base == family, "series stand below their head"
        assert (name, labels) not in series, "no series twice"
        assert math.isfinite(float(value))
        series[name, labels] = float(value)
    return kinds, series


def test_prometheus_can_read_it(records):
    kinds, series = parsed(records.prometheus())

    assert kinds["ciranda_experts_judgements_total"] == "counter"
    assert kinds["ciranda_experts_answer_seconds"] == "histogram"
    assert series["ciranda_experts_telemetry_total", 'fate="written"'] == 400
    assert series["ciranda_experts_answer_seconds_count", 'expert="logic"'] == 400
    assert series["ciranda_experts_accuracy_ratio", 'expert="security",version="1"'] == 1.0
    buckets = [
        value for (name, labels), value in series.items()
        if name == "ciranda_experts_answer_seconds_bucket" and 'expert="logic"' in labels
    ]  # fmt: skip
    assert buckets == sorted(buckets)
    assert buckets[-1] == 400


def test_labels_are_escaped(records):
    _, series = parsed(records.prometheus())

    names = {labels for name, labels in series if name == "ciranda_experts_skipped_total"}

    escaped = HOSTILE.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert f'expert="{escaped}"' in names


def test_a_thousand_experts_are_a_bounded_number_of_series(records):
    ever = {
        (f"e{number:04}\ud800", Role.COUNTED): Rollup(
            count=1 + number % 7,
            verdicts={"approved": 1 + number % 7},
            reasons={f"r{each}": 1 for each in range(32)},
        )
        for number in range(1000)
    }
    ever[COUNCIL, Role.COUNTED] = Rollup(count=9, verdicts={"approved": 9})

    _, series = parsed(exposition(records.status(), ever))
    answers = {
        labels: value for (name, labels), value in series.items()
        if name == "ciranda_experts_answers_total"
    }  # fmt: skip

    assert len(answers) == 51
    assert sum(answers.values()) == sum(1 + number % 7 for number in range(1000))
    assert 'expert="other",verdict="approved"' in answers
    assert len(series) < 51 * (32 + 45)


# The page


def test_the_page_shows_all_that_is_known(html):
    text = Reading(html).text

    for title in ("Verdicts", "Experts", "Reliability", "Gate", "Open reviews", "Versions",
                  "Threshold", "Crises"):  # fmt: skip
        assert title in text
    for figure in ("400", "these wait longest", "anomalies",
                   "above the 0.001 that may be", "isotonic of", "calibration error",
                   "promoted: 1 → 2", "20.0%"):  # fmt: skip
        assert figure in text


def test_what_others_wrote_stays_text(html):
    found = Reading(html)

    assert {"script", "img", "link", "iframe"}.isdisjoint(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert not [value for name, value in found.attributes if name in ("src", "href")]
    assert "<script>document.title" in found.text
    assert "\x1b" not in html
    assert "url(" not in html
    policies = [value for name, value in found.attributes if name == "content"]
    assert any(value.startswith("default-src 'none'; style-src") for value in policies)


def test_every_element_is_closed(html):
    open_tags = []

    class Closing(HTMLParser):
        def handle_starttag(self, tag, _):
            if tag not in {"meta", "br"}:
                open_tags.append(tag)

        def handle_startendtag(self, *_):
            pass

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

    Closing().feed(html)
    assert open_tags == []


def test_alerts_and_a_crisis_stand_at_the_top(records):
    alert = Alert(
        expert="x", kind=AlertKind.LATENCY, now=2.0, before=1.0, chance=1e-5, message=HOSTILE
    )
    worse = msgspec.structs.replace(records.status(), alerts=(alert, alert))
    crisis = msgspec.structs.replace(worse, crisis=True, crises=(Crisis(NOON - 60, None, HOSTILE),))

    told = page(worse, records.store, records.learning)
    going = page(crisis, records.store, records.learning)

    assert '<span class="badge bad">2 alerts</span>' in told
    assert "(by chance: 1e-05)" in told
    assert '<span class="badge crisis">crisis</span>' in going
    assert "it goes on" in going
    assert "script" not in Reading(going).tags


# Drawings


def test_columns_cover_the_time_and_keep_every_judgement():
    minutes = [(60 * number, {"approved": 2, "rejected": 1}) for number in range(600)]

    found = columns(minutes, 30.0, 36_000.0)

    assert len(found) == 72
    assert found[0].start == 30.0
    assert sum(each.counts["approved"] for each in found) == 1200
    assert len(columns(minutes, 0.0, 120.0)) == 2
    assert len(columns([], 0.0, 1.0)) == 1


def test_a_plot_of_verdicts_shows_counts_and_crises():
    found = columns([(0, {"approved": 3, "rejected": 1})], 0.0, 3600.0)

    svg = verdict_plot(found, [Crisis(600.0, None, "<b>")], 0.0, 3600.0)

    assert "3 approved, 1 rejected" in svg
    assert "crisis: &lt;b&gt;" in svg
    assert svg.count('class="part ') == 2


def test_a_plot_of_reliability_has_the_diagonal_the_curve_and_each_count():
    points = [(0.95, True)] * 30 + [(0.95, False)] * 10 + [(0.55, True)] * 1500

    svg = reliability_plot(reliability(points), [(0.0, 0.1), (1.0, 0.9)])

    assert 'class="diagonal"' in svg
    assert 'class="curve"' in svg
    assert svg.count('class="point"') == 2
    assert ">40</text>" in svg
    assert ">1.5k</text>" in svg
    assert "40 answers said 95.0%, 75.0% were right" in svg


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_runs_nothing_of_it(html, tmp_path):
    (tmp_path / "report.html").write_text(html, "utf-8")
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
        f"--user-data-dir={tmp_path / 'profile'}", (tmp_path / "report.html").as_uri(),
    ]  # fmt: skip

    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)

    assert "<title>The council of experts</title>" in done.stdout
    assert done.stdout.count("<figure>") == 4
    assert "Refused" not in done.stderr  # the policy had nothing to stop
    assert "<script" not in done.stdout
