"""Figures: every run is counted once, quantiles are right, another process reads them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ciranda.store import Database
from ciranda_skills.opened import keep_figures, keep_open
from ciranda_skills.running import Outcome, Ran, Status
from ciranda_skills.settings import SkillsSettings
from ciranda_skills.stats import FILE, MIGRATIONS, OTHER, Recorder, Report, plain, prometheus
from ciranda_skills.stats.counts import Counts
from ciranda_skills.stats.histogram import bucket, cumulative, quantile
from ciranda_skills.stats.history import MOST, add_report, read_report

from .commanding import cli, project, told
from .running_stage import make_skill

__all__ = ["cli", "project", "told"]


def ran(skill: str, *, status: Status = Status.OK, found: str = "ready", took: float = 0.01) -> Ran:
    return Ran(skill, "main.py", Outcome(status=status), found, took)  # type: ignore[arg-type]


def silent(text: str) -> None:
    raise AssertionError(text)


@given(st.lists(st.floats(2e-5, 3000), min_size=1, max_size=60), st.sampled_from([0.0, 0.5, 0.99]))
@settings(max_examples=60, deadline=None)
def test_a_quantile_is_right_to_an_eighth(times: list[float], share: float) -> None:
    counts: dict[int, int] = {}
    for each in times:
        counts[bucket(each)] = counts.get(bucket(each), 0) + 1

    found = quantile(counts, share)

    exact = sorted(times)[max(1, math.ceil(share * len(times) - 1e-9)) - 1]
    assert found is not None
    assert found == pytest.approx(exact, rel=0.125)
    edges = list(cumulative(counts))
    assert [count for _, count in edges] == [
        sum(bucket(each) <= bucket(edge) for each in times) for edge, _ in edges
    ]


def test_there_is_no_quantile_of_nothing() -> None:
    assert quantile({}, 0.5) is None


def test_what_was_counted_is_read_by_others(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, warn=silent, delay=60)
    for _ in range(3):
        recorder.note(ran("a", found="warm", took=0.001))
    recorder.note(ran("a", status=Status.TIMEOUT, found="cold", took=2.0))
    recorder.note(ran("b", status=Status.REFUSED, found=""))
    recorder.cached("a", hit=True)
    recorder.cached("a", hit=False)
    recorder.add("evictions", 2)

    assert recorder.flush()
    first = plain(read_report(tmp_path))
    recorder.note(ran("a", found="warm"))
    recorder.add("evictions")
    recorder.close()
    second = read_report(tmp_path)

    told = first["skills"]["a"]
    assert told["runs"] == 4
    assert told["statuses"] == {"ok": 3, "timeout": 1}
    assert told["latency"]["cold"]["count"] == 1
    assert told["latency"]["warm"]["p50"] == pytest.approx(0.001, rel=0.125)
    assert told["cache"] == {"hits": 1, "misses": 1, "hit_rate": 0.5}
    assert first["skills"]["b"] == {
        "runs": 1,
        "statuses": {"refused": 1},
        "latency": {},
        "cache": {"hits": 0, "misses": 0, "hit_rate": None},
    }
    assert second.skills["a"].runs == 5
    assert second.meters == {"evictions": 3}


def test_two_processes_add_to_one_file(tmp_path: Path) -> None:
    recorders = [Recorder(tmp_path, warn=silent, delay=60) for _ in range(2)]
    for recorder in recorders:
        recorder.note(ran("a"))
        assert recorder.flush()
    for recorder in recorders:
        recorder.note(ran("a"))
        recorder.close()

    assert read_report(tmp_path).skills["a"].runs == 4


def test_nothing_is_written_where_nothing_ran(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, warn=silent, delay=60)
    assert recorder.flush()
    recorder.close()
    recorder.close()

    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_waits_and_is_told_once(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / ".ciranda").write_text("in the way")
    recorder = Recorder(tmp_path, warn=said.append, delay=60)
    recorder.note(ran("a"))
    assert recorder.flush()
    recorder.note(ran("a"))
    assert recorder.flush()
    (tmp_path / ".ciranda").unlink()
    recorder.close()

    assert len(said) == 1
    assert said[0].startswith("figures of skills are not kept (")
    assert read_report(tmp_path).skills["a"].runs == 2


def test_skills_that_are_told_apart_are_bounded(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, warn=silent, delay=60)
    for number in range(MOST + 50):
        recorder.note(ran(f"s{number}"))
    recorder.close()
    database = Database(FILE, MIGRATIONS, folder=tmp_path)
    try:
        more = Report(skills={"new": Counts(statuses={"ok": 1}), "s3": Counts(statuses={"ok": 1})})
        add_report(database, more)
    finally:
        database.close()

    report = read_report(tmp_path)

    assert len(report.skills) <= MOST + 2
    assert report.skills[OTHER].runs == 51
    assert report.skills["s3"].runs == 2
    assert sum(counts.runs for counts in report.skills.values()) == MOST + 52


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["cold", "warm"])), max_size=30))
@settings(max_examples=30, deadline=None)
def test_reports_add_up_however_they_were_split(runs: list[tuple[str, str]]) -> None:
    def counted(some: list[tuple[str, str]]) -> Report:
        report = Report()
        for skill, found in some:
            report.of(skill, MOST).ran("ok", found, 0.5)
        return report

    middle = random.Random(len(runs)).randint(0, len(runs))
    whole, first = counted(runs), counted(runs[:middle])
    first.merge(counted(runs[middle:]), MOST)

    assert plain(first) == plain(whole)


def test_prometheus_reads_it() -> None:
    report = Report(meters={"evictions": 2, "prefetch_hits": 1, "prefetch_misses": 3})
    report.of('a"b\\c\nd', MOST).ran("ok", "warm", 0.002)
    report.of('a"b\\c\nd', MOST).ran("ok", "warm", 5.0)

    lines = prometheus(report).splitlines()

    name = 'skill="a\\"b\\\\c\\nd"'
    assert f'ciranda_skills_runs_total{{{name},status="ok"}} 2' in lines
    assert f'ciranda_skills_run_seconds_bucket{{{name},found="warm",le="+Inf"}} 2' in lines
    assert f'ciranda_skills_run_seconds_sum{{{name},found="warm"}} 5.002' in lines
    assert 'ciranda_skills_total{meter="evictions"} 2' in lines
    counts = [int(line.split()[-1]) for line in lines if "_bucket{" in line]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert sum(line.startswith("# TYPE") for line in lines) == 4
    assert plain(report)["prefetch_hit_rate"] == 0.25


def test_the_command_tells_what_was_counted(
    project: Path, cli: Callable[..., Any], told: Callable[..., Any]
) -> None:
    assert "no skill ran in a workflow, or for an MCP client, yet" in cli("stats").err
    assert told("stats") == {"skills": {}, "meters": {}, "prefetch_hit_rate": None}
    assert not (project / ".ciranda").exists()

    recorder = Recorder(project, warn=silent, delay=60)
    recorder.note(ran("csv", found="warm", took=0.002))
    recorder.cached("csv", hit=True)
    recorder.cached("csv", hit=False)
    for meter, count in (("evictions", 2), ("prefetch_hits", 1), ("prefetch_misses", 3)):
        recorder.add(meter, count)
    recorder.close()

    assert told("stats")["skills"]["csv"]["runs"] == 1
    rows = cli("stats").out.splitlines()
    assert rows[1].split() == ["csv", "1", "1", rows[1].split()[3], "ms", "50%"]
    assert rows[2] == "evictions 2, prefetch hits 1, prefetch misses 3, prefetch hit rate 25%"
    assert 'runs_total{skill="csv",status="ok"} 1' in cli("stats", "--prometheus").out


@pytest.mark.anyio
async def test_runs_of_an_engine_are_counted_and_what_follows_is_learned(project: Path) -> None:
    made = make_skill(project, {"scripts/main.py": "print(1)\n"})

    async with (
        keep_figures(project) as figures,
        keep_open(SkillsSettings(), project, figures) as opened,
    ):
        for _ in range(3):
            assert (await opened.runner.run(made)).ok
        async with opened.runner.lane(made) as lane:
            assert (await lane.call()).ok

    report = read_report(project)
    assert report.skills["tried"].statuses == {"ok": 3}
    assert report.skills["tried"].found
    assert report.meters["started"] >= 2
    assert (report.meters["lane_calls"], report.meters["lane_batches"]) == (1, 1)
    database = Database(FILE, MIGRATIONS, folder=project)
    try:
        assert database.query("SELECT skill FROM successors") == [("tried",)]
    finally:
        database.close()
