"""A store that fills up, is locked, damaged or cannot be written: one sentence, nothing lost."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import apsw
import pytest
from tests.reliability.trials import effects, kept, prepare

from ciranda.cli.entry import outcome
from ciranda.engine import Engine
from ciranda.errors import StoreError
from ciranda.store import Durability, SqliteLog

FLOW = """
ciranda: 1
plugins: [./acts.py]
steps:
  big: {uses: acts.add, map: '${{ range(400) }}', max-parallel: 3, with: {n: '${{ item }}'}}
  last: {uses: acts.add, with: {n: '${{ sum(steps.big.output) }}'}}
outputs: {n: '${{ steps.last.output }}'}
"""


LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))
from ciranda.cli import main
main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return prepare(tmp_path / "project", FLOW)


def store_of(folder: Path, busy: float = 10.0) -> SqliteLog:
    return SqliteLog(folder, Durability.PROCESS, busy=busy)


def ran_each_step_once(folder: Path) -> bool:
    """Say so of a run that was interrupted once: what was under way may have begun twice."""
    counts = Counter(path for path, *_ in effects(folder))
    return len(counts) == 401 and sum(counts.values()) <= 401 + 200


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command line in this process; return exit code, output and messages."""
    code = outcome(list(words))
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


@pytest.mark.anyio
async def test_a_full_disk_ends_the_run_with_a_sentence_and_room_lets_it_go_on(
    folder: Path,
) -> None:
    log = store_of(folder)
    writer = log._database._writer
    pages = int(writer.pragma("page_count"))
    writer.pragma("max_page_count", pages + 12)
    with pytest.raises(StoreError, match=r"the disk is full, so .*ciranda\.db cannot be written"):
        async with Engine(log=log, store=folder / ".ciranda", durability="process") as engine:
            await engine.run(folder / "flow.yaml")
    done, _ = kept(folder)
    assert 0 < len(done) < 401

    before = len(effects(folder))
    async with Engine(store=folder / ".ciranda", durability="process") as engine:
        result = await engine.resume("last")

    assert result.ok
    assert not {path for path, *_ in effects(folder)[before:]} & done
    assert ran_each_step_once(folder)


@pytest.mark.anyio
async def test_a_store_that_stays_locked_ends_the_run_with_a_sentence(folder: Path) -> None:
    async with Engine(store=folder / ".ciranda", durability="process") as engine:
        await engine.run(folder / "flow.yaml")  # makes the file
    log = store_of(folder, busy=0.05)
    other = apsw.Connection(str(folder / ".ciranda" / "ciranda.db"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="stayed locked by another process: end the process"):
        async with Engine(log=log, store=folder / ".ciranda", durability="process") as engine:
            await engine.run(folder / "flow.yaml")
    other.execute("ROLLBACK")
    other.close()

    async with Engine(store=folder / ".ciranda", durability="process") as engine:
        assert (await engine.run(folder / "flow.yaml")).ok


def test_a_limit_on_the_size_of_files_is_met_with_a_sentence_and_exit_2(folder: Path) -> None:
    if os.name != "posix":
        pytest.skip("there is no such limit")
    words = ["-c", LIMITED, "run", "flow.yaml", "--durability", "process"]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr or "the disk" in done.stderr
    assert "resume" in done.stderr


def test_after_that_limit_resume_ends_the_run(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    test_a_limit_on_the_size_of_files_is_met_with_a_sentence_and_exit_2(folder)
    monkeypatch.chdir(folder)
    done, _ = kept(folder)
    before = len(effects(folder))

    code, _, said = command(capsys, "resume", "last", "-q")

    assert code == 0, said
    assert not {path for path, *_ in effects(folder)[before:]} & done
    assert ran_each_step_once(folder)


@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null/store"])
def test_a_place_that_cannot_be_written_is_a_sentence_and_exit_2(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    monkeypatch.chdir(folder)

    code, out, said = command(capsys, "run", "flow.yaml", "--store", place)

    assert (code, out) == (2, "")
    assert place in said
    assert len(said.strip().splitlines()) <= 2
    assert effects(folder) == [], "no step began"


@pytest.mark.parametrize("words", [["run", "flow.yaml"], ["resume", "last"], ["runs"]])
def test_junk_in_place_of_the_store_is_named_and_left_as_it_is(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    monkeypatch.chdir(folder)
    file = folder / ".ciranda" / "ciranda.db"
    file.parent.mkdir()
    file.write_bytes(b"not a database at all, but 44 bytes of text.")

    code, _, said = command(capsys, *words)

    assert code == 2
    assert "ciranda.db" in said
    assert len(said.strip().splitlines()) <= 2
    assert file.read_bytes() == b"not a database at all, but 44 bytes of text."
    assert effects(folder) == []


def test_a_damaged_record_is_named_and_no_step_runs_on_what_it_said(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    test_a_limit_on_the_size_of_files_is_met_with_a_sentence_and_exit_2(folder)
    monkeypatch.chdir(folder)
    database = apsw.Connection(str(folder / ".ciranda" / "ciranda.db"))
    database.execute(
        "UPDATE records SET payload = zeroblob(length(payload)) "
        "WHERE id = (SELECT id FROM records ORDER BY id LIMIT 1 OFFSET 5)"
    )
    database.close()
    before = len(effects(folder))

    code, _, said = command(capsys, "resume", "last")

    assert code == 2
    assert "damaged" in said
    assert len(effects(folder)) == before
