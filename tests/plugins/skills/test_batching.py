"""Lanes: calls in company, one answer each, in order; a crash is one call's own affair."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest

from ciranda.errors import StepError
from ciranda.executors.pool.worker import frames
from ciranda_skills.format import Skill
from ciranda_skills.inside.slate import Slate
from ciranda_skills.running import NoScriptError, Outcome, Runner, Status
from ciranda_skills.running.batching import Lane
from ciranda_skills.running.exchange import Call, Desk, is_final

from .running_fixtures import on_asyncio as anyio_backend, runner, skill

__all__ = ["anyio_backend", "runner", "skill"]
pytestmark = pytest.mark.anyio
Make = Callable[..., Skill]

ADD = {"scripts/main.py": "def execute(a: int, b: int = 2):\n    return a + b\n"}
ODD = {
    "scripts/main.py": """
        import os, sys, time
        def execute(n: int, act: str = ""):
            print("call", n)
            if act == "raise":
                raise ValueError(f"no {n}")
            if act == "crash":
                os.write(2, b"dying")
                os.kill(os.getpid(), 9)
            if act == "hang":
                time.sleep(60)
            if act == "exit":
                sys.exit(3)
            if act == "leak":
                os.open("/dev/null", os.O_RDONLY)
            return [n, os.getpid()]
    """
}


async def every(lane: Lane, many: list[dict[str, Any]]) -> list[Outcome]:
    return [outcome async for outcome in lane.map(many)]


async def test_many_calls_share_exchanges_and_keep_their_order(runner: Runner, skill: Make) -> None:
    async with runner.lane(skill(ADD)) as lane:
        outcomes = await every(lane, [{"a": n} for n in range(500)])
        stats = lane.stats

    assert [each.json for each in outcomes] == [n + 2 for n in range(500)]
    assert {each.status for each in outcomes} == {Status.OK}
    assert outcomes[7].stdout == "9\n"
    assert (stats.calls, stats.waiting) == (500, 0)
    assert stats.exchanges < 200
    assert stats.largest > 5


async def test_a_lone_call_is_sent_at_once_and_alone(runner: Runner, skill: Make) -> None:
    async with runner.lane(skill(ADD), timeout=60) as lane:
        outcomes = [await lane.call({"a": n}) for n in range(5)]
        stats = lane.stats

    assert [each.json for each in outcomes] == [2, 3, 4, 5, 6]
    assert (stats.exchanges, stats.largest) == (5, 1)


async def test_an_outcome_is_as_of_a_warm_run(runner: Runner, skill: Make) -> None:
    program = """
        import sys
        print(sys.argv[1:], sys.stdin.read())
        print("noise", file=sys.stderr)
        sys.exit(len(sys.argv) - 1)
    """
    made = skill({"scripts/main.py": program})

    async with runner.lane(made) as lane:
        for args, stdin in (([], None), (["a"], b"in"), (["b", "c"], b"more")):
            ours = await lane.call(None, args, stdin)
            other = await runner.run(made, None, args, stdin, warm=True)
            assert [
                getattr(ours, name) for name in Outcome.__struct_fields__ if name != "wall_s"
            ] == [getattr(other, name) for name in Outcome.__struct_fields__ if name != "wall_s"]


VALUES = [None, True, 1, -1.5, "ü\n", [1, {"a": "b"}], {"k": None}, [], ""]


async def test_values_come_back_as_from_a_warm_run(runner: Runner, skill: Make) -> None:
    made = skill({"scripts/main.py": "def execute(x=None):\n    return x\n"})

    async with runner.lane(made) as lane:
        ours = await every(lane, [{"x": value} for value in VALUES])
    others = [await runner.run(made, params={"x": value}, warm=True) for value in VALUES]

    assert [each.json for each in ours] == VALUES
    assert [(each.stdout, each.stdout_total_bytes) for each in ours] == [
        (each.stdout, each.stdout_total_bytes) for each in others
    ]


@pytest.mark.parametrize(
    ("act", "ending", "message"),
    [
        ("raise", (Status.FAILED, 1, None), "exit code 1"),
        ("crash", (Status.FAILED, None, 9), "SIGKILL"),
        ("exit", (Status.FAILED, 3, None), "exit code 3"),
        ("leak", (Status.OK, 0, None), ""),
        ("hang", (Status.TIMEOUT, None, 9), "killed after its 0.4 seconds"),
    ],
)
async def test_only_the_call_at_which_it_happened_suffers(
    runner: Runner, skill: Make, act: str, ending: object, message: str
) -> None:
    many = [{"n": n} | ({"act": act} if n in (7, 8, 30) else {}) for n in range(40)]

    async with runner.lane(skill(ODD), timeout=0.4) as lane:
        outcomes = await every(lane, many)

    for n, each in enumerate(outcomes):
        assert each.stdout.startswith(f"call {n}\n")
        assert "call" not in each.stdout[7:]
        if n in (7, 8, 30):
            assert (each.status, each.exit_code, each.signal) == ending
            assert message in each.message
        else:
            assert each.ok
            assert each.json[0] == n
    if act == "raise":
        assert "ValueError: no 8" in outcomes[8].stderr
    if act == "crash":
        assert outcomes[30].stderr == "dying"


async def test_calls_that_all_crash_all_say_so(runner: Runner, skill: Make) -> None:
    async with runner.lane(skill(ODD)) as lane:
        outcomes = await every(lane, [{"n": n, "act": "crash"} for n in range(4)])

    assert [each.signal for each in outcomes] == [9] * 4
    assert [each.stdout for each in outcomes] == [f"call {n}\n" for n in range(4)]


async def test_one_that_cannot_be_called_is_refused_alone(runner: Runner, skill: Make) -> None:
    async with runner.lane(skill(ADD)) as lane:
        wrong: list[dict[str, Any]] = [{"a": "x"}, {"a": 1, "c": 2}, {}, {"a": 1, "b": object()}]
        outcomes = await every(lane, [{"a": 1}, *wrong, {"a": 2}])

    assert [each.status for each in outcomes] == [Status.OK, *[Status.REFUSED] * 4, Status.OK]
    assert {each.kind for each in outcomes[1:5]} == {"skills.parameters"}


async def test_output_is_kept_apart_bounded_and_counted(runner: Runner, skill: Make) -> None:
    program = "import os\ndef execute(n: int):\n    os.system(f'echo {n}')\n    print('x' * n)\n"
    made = skill({"scripts/main.py": program.replace("os.system", "os.write(1, b'w%d.' % n);")})
    async with runner.lane(made, max_output=50) as lane:
        outcomes = await every(lane, [{"n": n} for n in range(0, 100, 10)])

    for n, each in zip(range(0, 100, 10), outcomes, strict=True):
        whole = f"w{n}." + "x" * n + "\n"
        assert each.stdout == whole[:50]
        assert each.stdout_total_bytes == len(whole)
        assert each.truncated is (len(whole) > 50)


async def test_long_answers_fit(runner: Runner, skill: Make) -> None:
    made = skill({"scripts/main.py": "def execute(n: int):\n    return 'x' * n\n"})
    async with runner.lane(made) as lane:
        outcomes = await every(lane, [{"n": n} for n in (10, 300_000, 5, 900_000, 1)])

    assert [len(each.json) for each in outcomes] == [10, 300_000, 5, 900_000, 1]


async def test_large_inputs_are_sent_in_several_frames(runner: Runner, skill: Make) -> None:
    made = skill({"scripts/main.py": "def execute(t: str):\n    return len(t)\n"})
    async with runner.lane(made) as lane:
        outcomes = await every(lane, [{"t": "x" * 400_000} for _ in range(27)])
        huge = await lane.call({"t": "x" * (17 << 20)})

    assert [each.json for each in outcomes] == [400_000] * 27  # whoever had to wait is not lost
    assert (huge.status, huge.kind) == (Status.REFUSED, "skills.limit")


async def test_what_waits_is_bounded_and_taken_as_it_is_needed(runner: Runner, skill: Make) -> None:
    taken = 0

    def many() -> Any:
        nonlocal taken
        for n in range(200):
            taken += 1
            yield {"a": n}

    ahead = []
    async with runner.lane(skill(ADD), limit=10) as lane:
        got = 0
        async for outcome in lane.map(many()):
            assert outcome.json == got + 2
            got += 1
            ahead.append(taken - got)

    assert got == 200
    assert max(ahead) <= 10


async def test_many_callers_are_collected_while_processes_are_busy(
    runner: Runner, skill: Make
) -> None:
    answers: dict[int, int] = {}

    async with runner.lane(skill(ADD), workers=1) as lane:

        async def one(n: int) -> None:
            answers[n] = (await lane.call({"a": n})).json

        async with anyio.create_task_group() as tasks:
            for n in range(50):
                tasks.start_soon(one, n)
        exchanges = lane.stats.exchanges

    assert answers == {n: n + 2 for n in range(50)}
    assert exchanges < 30


async def test_an_edited_script_is_not_served_stale(runner: Runner, skill: Make) -> None:
    made = skill(ADD)
    async with runner.lane(made) as lane:
        before = (await lane.call({"a": 1})).json
        (made.root / "scripts/main.py").write_text("def execute(a: int):\n    return -a\n")
        after = (await lane.call({"a": 1})).json
        refused = await lane.call({"a": 1, "b": 1})
        (made.root / "scripts/main.py").unlink()
        gone = await lane.call({"a": 1})

    assert (before, after) == (3, -1)
    assert (refused.status, gone.status) == (Status.REFUSED, Status.REFUSED)


async def test_a_program_has_no_lane(runner: Runner, skill: Make) -> None:
    made = skill({"scripts/main.sh": "echo 1\n"})
    with pytest.raises(NoScriptError, match="only Python scripts have a lane"):
        async with runner.lane(made):
            pass


async def test_answers_that_were_overwritten_are_no_answers(runner: Runner, skill: Make) -> None:
    program = """
        import os
        def execute(a: int):
            for name in os.listdir("/proc/self/fd"):
                if name.isdigit():
                    try:
                        target = os.readlink(f"/proc/self/fd/{name}")
                    except OSError:
                        continue
                    if target.endswith("/answers"):
                        os.pwrite(int(name), b"\\xff" * 8000, 32)
            return a
    """
    async with runner.lane(skill({"scripts/main.py": program}), workers=1) as lane:
        outcomes = await every(lane, [{"a": n} for n in range(9)])

    assert len(outcomes) == 9
    for each in outcomes:
        assert each.ok or "were overwritten" in each.message or each.kind, each


async def test_what_is_written_to_every_descriptor_hurts_nobody_else(
    runner: Runner, skill: Make
) -> None:
    program = """
        import os
        def execute(n: int):
            for fd in range(3, 40) if n == 20 else ():
                try:
                    os.write(fd, b"\\x00garbage" * 9)
                except OSError:
                    pass
            return n
    """
    async with runner.lane(skill({"scripts/main.py": program}), workers=1) as lane:
        outcomes = await every(lane, [{"n": n} for n in range(40)])

    told = [each.json for each in outcomes]
    assert told[:20] + told[21:] == [*range(20), *range(21, 40)]


WRITES = """
    import os
    def execute(n: int):
        if n == 1:
            for fd in range(3, 40):
                try:
                    os.write(fd, {0!r})
                except OSError:
                    pass
        return n
"""


@pytest.mark.parametrize("pure", [True, False])
@pytest.mark.parametrize("before", [0, 1])
def test_who_is_under_way_when_garbage_is_noticed_is_done_again_if_it_is_pure(
    tmp_path: Path, pure: bool, before: int
) -> None:
    desk = Desk(str(tmp_path / "slate"), 100, 64, pure=pure)
    slate = Slate(str(tmp_path / "slate"))
    slate.clean(100)
    for n in range(before):
        slate.begin(float(n))
        slate.end(0, b"7", float(n), n + 1.0)
    slate.begin(9.0)
    calls = [Call({"n": n}, (), None) for n in range(before + 3)]
    failed = StepError("invalid-output", "garbage", retryable=False)

    rest = desk.settle(calls, "x", failed)
    slate.close()
    desk.close()

    again = pure and before > 0
    assert rest == (calls[before:] if again else calls[before + 1 :])
    assert [each.outcome.json for each in calls[:before] if each.outcome] == [7] * before
    assert not is_final(failed)
    doubted = calls[before].outcome
    assert (doubted is None) == again
    if doubted is not None:
        assert (doubted.status, doubted.signal) == (Status.FAILED, 9)
        assert doubted.message.endswith("a call before it in its process") == (before > 0)


async def test_an_answer_that_is_swallowed_ends_its_process_and_not_the_lane(
    runner: Runner, skill: Make
) -> None:
    head = (frames.MAGIC << 24 | 1 << 20).to_bytes(4, "big")  # of a frame that never comes
    made = skill({"scripts/main.py": WRITES.format(head)})
    async with runner.lane(made, workers=1, timeout=0.3) as lane:
        await lane.call({"n": 0})
        with anyio.fail_after(20):
            outcomes = await every(lane, [{"n": n} for n in range(1, 6)])
            last = await lane.call({"n": 7})

    assert [each.json for each in outcomes] == [1, 2, 3, 4, 5]
    assert last.json == 7
