"""The parts of a runner by themselves: what is kept, judged, forgotten, looked at again."""

from __future__ import annotations

import os
import signal
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings, strategies as st

from ciranda.errors import StepError
from ciranda.executors.pool import Exit, Pool, WorkerKind
from ciranda_skills.digest import digest
from ciranda_skills.running import Status
from ciranda_skills.running.captured import Captured
from ciranda_skills.running.folders import Folders
from ciranda_skills.running.freshness import Fresh
from ciranda_skills.running.inspected import inspect, preloadable
from ciranda_skills.running.pools import Pools
from ciranda_skills.running.recent import Recent
from ciranda_skills.running.verdict import judge, judge_failure

pytestmark = pytest.mark.anyio


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40)), st.integers(0, 120))
def test_what_is_kept_is_the_beginning_and_all_is_counted(pieces: list[bytes], limit: int) -> None:
    told: list[str] = []
    captured = Captured(limit, lambda _, text: told.append(text))
    for piece in pieces:
        captured.hear("stdout", piece)

    whole = b"".join(pieces)
    text = captured.stdout.text()

    assert captured.stdout.total == len(whole)
    assert captured.stdout.truncated == (len(whole) > limit)
    assert captured.stdout.tail == whole[-2048:]
    assert whole[:limit].decode("utf-8", "replace").startswith(text)
    assert len(whole[:limit].decode("utf-8", "replace")) - len(text) <= (len(whole) > limit)
    assert text.startswith("".join(told))
    assert captured.stderr.total == 0


@pytest.mark.parametrize(
    ("ended", "stderr", "status", "said"),
    [
        (Exit(0), b"MemoryError\n", Status.OK, ""),
        (Exit(1), b"", Status.FAILED, "`x` ended with exit code 1"),
        (Exit(1), b"MemoryError\n", Status.KILLED_MEMORY, "it needed more than 9 MiB"),
        (Exit(1), b"MemoryError: no\nthen", Status.FAILED, "exit code 1"),
        (Exit(1), b"\nPermissionError: [Errno 1] No\n", Status.FAILED, "start programs nor use"),
        (Exit(1), b"out of memory\n", Status.FAILED, "exit code 1"),
        (Exit(None, 11), b"", Status.FAILED, "was killed by SIGSEGV"),
        (Exit(None, 9), b"", Status.FAILED, "was killed by SIGKILL"),
        (Exit(None, 9, oom=True), b"", Status.KILLED_MEMORY, "more than 9 MiB"),
        (Exit(None, 11, oom=True), b"", Status.FAILED, "SIGSEGV"),
        (Exit(None, 9, "memory"), b"", Status.KILLED_MEMORY, "more than 9 MiB"),
        (Exit(None, 9, "processes"), b"", Status.FAILED, "there were too many"),
        (Exit(None, 40), b"", Status.FAILED, "signal 40"),
    ],
)
def test_the_verdict_follows_from_how_a_process_ended(
    ended: Exit, stderr: bytes, status: Status, said: str
) -> None:
    verdict = judge(ended, "python", stderr, "x", 9)

    assert (verdict.status, verdict.signal) == (status, ended.signal)
    assert said in verdict.message


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (b"bash: xrealloc: cannot allocate 64 bytes", Status.KILLED_MEMORY),
        (b"FATAL ERROR: JavaScript heap out of memory\n", Status.KILLED_MEMORY),
        (b"Segmentation fault", Status.FAILED),
    ],
)
def test_programs_say_in_their_words_that_memory_ran_out(words: bytes, status: Status) -> None:
    assert judge(Exit(2), "program", words, "x", 9).status is status


@pytest.mark.parametrize(
    ("kind", "detail", "expected"),
    [
        ("worker-lost", {"exit_code": 4}, (Status.FAILED, 4, None)),
        ("worker-lost", {"signal": "SIGKILL"}, (Status.FAILED, None, signal.SIGKILL)),
        ("worker-lost", {"signal": "40"}, (Status.FAILED, None, 40)),
        ("worker-lost", {}, (Status.FAILED, None, None)),
        ("memory", {}, (Status.KILLED_MEMORY, None, None)),
        ("invalid-output", {}, (Status.FAILED, None, 9)),
        ("limit", {}, (Status.REFUSED, None, None)),
        ("crash", {}, (Status.REFUSED, None, None)),
    ],
)
def test_a_worker_that_fails_around_a_run_decides_its_verdict(
    kind: str, detail: dict[str, object], expected: tuple[Status, int | None, int | None]
) -> None:
    verdict = judge_failure(StepError(kind, "went wrong", detail=detail), "x")

    assert (verdict.status, verdict.exit_code, verdict.signal) == expected
    assert verdict.message.startswith("`x`")


async def test_the_digest_is_read_again_only_when_a_file_changed(tmp_path: Path) -> None:
    moments = iter(range(10**19, 10**20, 10**9))  # far from the files' times
    (tmp_path / "a").write_text("1")
    (tmp_path / ".git").mkdir()
    fresh = Fresh(tmp_path, lambda: next(moments))

    first = await fresh.now()
    same = await fresh.now()
    (tmp_path / "a").write_text("2")
    changed = await fresh.now()
    (tmp_path / "b").write_text("")
    more = await fresh.now()
    (tmp_path / "a").unlink()
    less = await fresh.now()

    assert first == same
    assert len({first, changed, more, less}) == 4
    assert less == digest(tmp_path)
    assert next(moments) == 10**19 + 4 * 10**9  # one look at the clock for each reading


async def test_files_that_changed_just_now_are_not_relied_upon(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    fresh = Fresh(tmp_path)
    first = await fresh.now()
    times = file.stat()

    file.write_text("2")  # as in the same tick of the clock, and of one size
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert await fresh.now() != first


def test_recent_keeps_what_was_used_last() -> None:
    recent: Recent[int, str] = Recent(2)
    recent.put(1, "a")
    recent.put(2, "b")
    assert recent.get(1) == "a"

    assert recent.put(3, "c") == "c"

    assert [recent.get(key) for key in (1, 2, 3)] == ["a", None, "c"]


async def test_a_folder_goes_whatever_was_left_in_it(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    path = Path(folders.make())
    (path / "deep/er").mkdir(parents=True)
    (path / "deep/er/file").write_text("x")
    os.symlink(tmp_path, path / "link")
    os.chmod(path / "deep/er", 0)
    os.chmod(path / "deep", 0)

    await folders.remove(str(path))
    await folders.remove(str(path))  # once more changes nothing
    folders.make()
    (only,) = os.listdir(tmp_path)
    assert os.listdir(tmp_path / only) == ["1"]
    await folders.close()

    assert os.listdir(tmp_path) == []


async def test_folders_of_an_engine_that_was_killed_go_with_the_next(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "ciranda-skills-run-dead/0/deep").mkdir(parents=True)
    (tmp_path / "ciranda-skills-run-link").symlink_to(elsewhere)
    alive = Folders(tmp_path)
    (Path(alive.make()) / "used").touch()

    await Folders(tmp_path).close()
    young = sorted(os.listdir(tmp_path))
    await Folders(tmp_path, clock=lambda: time.time() + 3600).close()

    assert "ciranda-skills-run-dead" in young  # its owner may be about to lock it
    assert sorted(os.listdir(tmp_path)) == sorted({*young} - {"ciranda-skills-run-dead"})
    assert len(young) == 4
    await alive.close()


@pytest.fixture
async def pools() -> AsyncIterator[Pools]:
    async with anyio.create_task_group() as tasks:
        made = Pools(tasks, 2)
        yield made
        made.close()
    await made.end()


def idle_pool() -> Pool:
    return Pool(WorkerKind("none", "none:none"), 1)


async def test_the_pool_used_longest_ago_is_closed_when_nobody_uses_it(pools: Pools) -> None:
    async with (
        pools.lease("a", idle_pool) as first,
        pools.lease("b", idle_pool),
        pools.lease("c", idle_pool),
    ):
        assert first not in pools.open
        assert first._open  # still used
    with anyio.fail_after(5):
        while first._open:
            await anyio.lowlevel.checkpoint()
    async with pools.lease("b", idle_pool) as second, pools.lease("b", idle_pool) as again:
        assert second is again

    pools.drop(lambda key: key == "b")

    assert len(pools.open) == 1


async def test_who_is_cancelled_while_a_pool_opens_gives_it_back(pools: Pools) -> None:
    with anyio.move_on_after(0):
        async with pools.lease("a", idle_pool):
            pass
    async with pools.lease("a", idle_pool) as pool:
        assert pool.stats.size == 1


SOURCES = {
    "import a, b.c\nfrom d.e import f\nfrom . import g": ({"a", "b.c", "d.e"}, False),
    "try:\n    import a\nexcept ImportError:\n    import b\n": ({"a"}, False),
    "def f():\n    import a\n": (set(), False),
    "if True:\n    import a\n": (set(), False),
    "with x:\n    import a\n": ({"a"}, True),
    "'''doc'''\n...\nX = 1\nclass A: pass\n": (set(), False),
    "if __name__ == '__main__':\n    main()\n": (set(), True),
    "try:\n    main()\nexcept E:\n    pass\n": (set(), True),
    "for x in y:\n    pass\n": (set(), True),
    "print(1)": (set(), True),
    "not python": (set(), True),
    "x = '\\d'": (set(), False),
    "(" * 5000: (set(), True),
    "\0": (set(), True),
}


@pytest.mark.parametrize(("source", "expected"), SOURCES.items(), ids=range(len(SOURCES)))
def test_a_text_says_what_it_imports_and_whether_it_acts(
    tmp_path: Path, source: str, expected: tuple[set[str], bool]
) -> None:
    (tmp_path / "a.py").write_text(source)

    found = inspect(tmp_path / "a.py")

    assert (set(found.imports), found.acts) == expected


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ("import sys\nsys.path.insert(0, '.')\nprint('up')\ndef execute(): pass", "execute"),
        ("def main(): pass\ndef execute(): pass\nfor x in (): pass", "execute"),
        ("def execute(): pass\nprint(execute())", None),
        ("def execute(line): pass\ndef run(): execute('ls')\nrun()", None),
        ("def execute(): pass\nif __name__ == '__main__':\n    app()", None),
        ("@app.command()\ndef execute(): pass\napp()", None),
        ("@app.command()\ndef main(): pass\napp()", None),
        ("@cached\ndef execute(): pass", "execute"),
        ("def main(): pass", "main"),
        ("print(1)", None),
    ],
)
def test_execute_is_called_beside_what_sets_things_up_but_not_twice(
    tmp_path: Path, source: str, called: str | None
) -> None:
    (tmp_path / "a.py").write_text(source)

    found = inspect(tmp_path / "a.py").called

    assert (found and found.name) == called


def test_a_text_that_is_missing_or_too_long_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import json\n" * 30_000)

    assert inspect(tmp_path / "a.py").imports == frozenset()
    assert inspect(tmp_path / "none.py").acts


def test_only_what_is_installed_and_harmless_is_imported_ahead() -> None:
    wanted = ["json", "xml.dom", "yaml", "this", "antigravity", "own", "no_such", "ciranda_skills"]

    assert preloadable(OrderedDict.fromkeys(wanted), frozenset({"own"})) == (
        "json",
        "xml.dom",
        "yaml",
    )
    assert preloadable(["json"], frozenset({"json"})) == ()
