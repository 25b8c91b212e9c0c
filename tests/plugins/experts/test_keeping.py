"""Projects where nothing may be written."""

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from ciranda.bus.report import logger
from ciranda.cli.entry import outcome

from .intents import GOOD, WRONG

NOBODY = 65534
PAID = {"id": "paid", "transaction": "t-1", "post": ["x == x"]}
HARD = {
    "id": "hard", "constraints": ["a > 0", "b > 0", "c > 0", "a**3 + b**3 == c**3"],
    "budget_ms": 1,
}  # fmt: skip


@pytest.fixture
def project(monkeypatch):
    """A project that other users may look into."""
    if os.name != "posix":
        pytest.skip("there are no users here")
    with tempfile.TemporaryDirectory(prefix="ciranda-") as name:
        folder = Path(name)
        (folder / "ciranda.toml").write_text("")
        text = "".join(json.dumps(each) + "\n" for each in (GOOD, WRONG, PAID, HARD))
        (folder / "all.jsonl").write_text(text)
        monkeypatch.chdir(folder)
        yield folder
        folder.chmod(0o755)


@contextmanager
def frozen(project):
    """Take away the right to write, also from the superuser."""
    root = os.geteuid() == 0
    state = project / ".ciranda"
    for each in (*(state.iterdir() if state.is_dir() else ()), state, project):
        if each.exists():
            each.chmod(0o555 if each.is_dir() else 0o444)
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for each in (project, state):
            if each.exists():
                each.chmod(0o755)


def judged(capsys):
    code = outcome(["experts", "verify", "all.jsonl", "-o", "json"])
    said = capsys.readouterr()
    answers = [json.loads(line) for line in said.out.splitlines()]
    return code, {each["id"]: each for each in answers}, said.err


@pytest.mark.parametrize("used", [False, True])
def test_where_nothing_may_be_written_all_but_transactions_are_judged(project, capsys, used):
    judged(capsys)  # what it imports on the way need not be readable for all
    logger().debug("nor what a warning imports")
    capsys.readouterr()
    if not used:
        for each in (project / ".ciranda").iterdir():
            each.unlink()
        (project / ".ciranda").rmdir()

    with frozen(project):
        code, answers, told = judged(capsys)

    assert code == 1, told
    assert answers["good"]["verdict"] == "approved"
    assert answers[7]["reason"] == "counterexample"
    paid = answers["paid"]
    assert (paid["verdict"], paid["reason"]) == ("uncertain", "unrecorded")
    assert "Transaction `t-1` cannot be recorded, so it could be spent twice: " in paid["message"]
    assert answers["hard"]["verdict"] == "uncertain"
    assert answers["hard"]["review"] == ""
    assert told.count("nothing is recorded, no human is asked and no transaction is approved") == 1
    assert len(told.splitlines()) == 1


def test_a_file_that_is_damaged_is_told_and_nothing_is_judged(project, capsys):
    judged(capsys)
    (project / ".ciranda" / "experts-learning.db").write_bytes(b"no database" * 1000)

    code, answers, told = judged(capsys)

    assert (code, answers) == (2, {})
    assert "experts-learning.db is not a SQLite database" in told
