"""`ciranda plan`: what a run would do, without doing it."""

import pytest

FLOW = """\
ciranda: 1
name: flow
inputs:
  n: {type: integer, default: 3}
  rows: {type: array, default: [1, 2]}
secrets: {KEY: {env: NO_SUCH_KEY}, WORD: {command: [cat, word]}, FILE: {file: word.txt}}
env: {HOST: {from: NO_SUCH_HOST, default: localhost}, PORT: {from: NO_SUCH_PORT}}
steps:
  load: {uses: data.read, with: {path: rows.txt}, cache: {ttl: 1h}}
  deep: {if: inputs.n > 5, run: [echo, deep]}
  each: {map: "${{ inputs.rows }}", run: [echo, "${{ item }}"], max-parallel: 2}
  more: {map: "${{ steps.load.output }}", uses: data.read, with: {path: "${{ item }}"}, cache: {}}
  last: {if: "steps.load.output != ''", run: [echo, x], needs: [each]}
"""


@pytest.fixture
def flow(project):
    (project / "flow.yaml").write_text(FLOW)
    (project / "rows.txt").write_text("a")
    return project


def test_what_is_known_before_a_run_is_told(cli, flow):
    steps = cli("plan", "flow.yaml", "-o", "json").data["steps"]

    assert (steps["deep"]["would"], steps["deep"]["why"]) == ("skip", "if: inputs.n > 5 is false")
    assert (steps["last"]["would"], steps["last"]["why"]) == ("depends", "steps.load.output")
    assert steps["each"]["items"] == 2
    assert steps["more"]["items"] is None
    assert steps["more"]["cache"]["note"] == "depends on item"
    deep = cli("plan", "flow.yaml", "-i", "n=9", "-i", "rows=[]", "-o", "json").data["steps"]
    assert deep["deep"]["would"] == "run"
    assert (deep["each"]["items"], deep["each"]["why"]) == (0, "there is no item")


def test_people_read_the_same(cli, flow, monkeypatch):
    monkeypatch.setenv("NO_SUCH_KEY", "long enough")

    said = cli("plan", "flow.yaml")

    assert "secret KEY from variable NO_SUCH_KEY: there\n" in said.out
    assert "secret WORD from command cat word\n" in said.out
    assert "secret FILE from file word.txt: MISSING\n" in said.out
    assert "env HOST from its default 'localhost': there\n" in said.out
    assert "env PORT from variable NO_SUCH_PORT: MISSING\n" in said.out
    assert "if inputs.n > 5; would be skipped: it is false" in said.out
    assert "for each of ${{ inputs.rows }}; 2 at once; 2 items" in said.out
    assert "depends on steps.load.output" in said.out
    assert said.err == "flow: 5 steps; nothing was run\n"
    assert not (flow / ".ciranda").exists()


def test_the_cache_is_asked_and_says_what_changed(cli, flow):
    (flow / "kept.yaml").write_text(
        "ciranda: 1\nname: kept\ninputs: {f: {type: string, default: text}}\nsteps:\n"
        "  load: {uses: data.read, with: {path: rows.txt, format: '${{ inputs.f }}'}, cache: {}}\n"
        "  once: {uses: data.read, with: {path: rows.txt}, cache: {scope: run}}\n"
        "  anew: {uses: data.read, with: {path: rows.txt}, cache: {refresh: true}}\n"
    )

    def look(*more):
        return cli("plan", "kept.yaml", "-o", "json", *more).data["steps"]

    assert look()["load"]["cache"]["note"] == "it was never answered before"
    cli("run", "kept.yaml", "-q")
    seen = look()
    assert seen["load"]["cache"]["state"] == "hit"
    assert seen["once"]["cache"]["note"] == "its scope is the run"
    assert seen["anew"]["cache"]["note"] == "`refresh` asks for a new answer"
    assert "cache: hit, " in cli("plan", "kept.yaml").out
    (flow / "rows.txt").write_text("b")
    assert look()["load"]["cache"] == {
        "state": "miss", "note": "changed: input path", "age": None, "changed": ["input path"],
    }  # fmt: skip
    (flow / "rows.txt").write_text("a")
    assert look("-i", "f=json")["load"]["cache"]["changed"] == ["input format"]


def test_history_gives_durations_and_the_critical_path(cli, flow):
    cli("run", "fail.yaml", "-q", code=1)

    said = cli("plan", "fail.yaml")
    data = cli("run", "fail.yaml", "--dry-run", "-o", "json").data

    assert data["steps"]["good"]["basis"] == "history"
    assert data["seconds"] > 0
    assert not data["complete"]
    assert "* critical path: " in said.out
    assert "nothing is known of how long these take: soft, bad, later" in said.out


LIMITED = """\
ciranda: 1
name: limited
timeout: 1h
fail-fast: true
rate: {requests: 50/1m}
concurrency: {group: all, max: 2}
steps:
  poll: {until: loop.index > 2, max: 5, steps: {a: {sleep: 1s}}}
  mx: {matrix: {os: [l, m]}, uses: data.read, with: {path: "${{ matrix.os }}"}, deadline: 5s,
       rate: {requests: 5/1s}, concurrency: {group: g}, breaker: {failures: 50%}}
  some: {join: {at-least: 1}, steps: {b: {uses: data.read, with: {path: x}}, c: {sleep: 1s}}}
  race: {join: race, steps: {d: {wait: {event: paid}}, e: {approve: {prompt: Sure?}}}}
  sub: {uses: ./ok.yaml}
  tried: {try: {f: {emit: {event: said}}}, catch: [{steps: {g: {sleep: 1s}}}]}
finally: {bye: {uses: data.read, with: {path: x}}}
"""


def test_bodies_and_limits_are_told_at_any_depth(cli, project):
    (project / "limited.yaml").write_text(LIMITED)

    lines = [" ".join(line.split()) for line in cli("plan", "limited.yaml").out.splitlines()]

    assert (
        "limits: timeout 1h; at most 2 runs of all; 50 requests in 1m; the first failure stops all"
    ) in lines
    for line in (
        "1 poll group until loop.index > 2, at most 5 turns",
        "1.1 a sleep 1s",
        "mx data.read for each of os; deadline 5s; 5 requests in 1s; at most 1 of g at once;"
        " behind a breaker; 2 items",
        "some group 1 have to succeed",
        "race group the first that succeeds wins",
        "1.1 d wait for paid",
        "e approve Sure?",
        "sub workflow ./ok.yaml",
        "1.1 f emit said",
        "catch any failure",
        "finally at the end, whatever became of it",
        "1 bye data.read",
    ):
        assert line in lines, line
