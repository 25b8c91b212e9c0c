"""`ciranda experts review|outcome|status|report|versions`."""

import json
from contextlib import closing

import pytest

from ciranda_experts.conservation.spent import Spent

from .intents import GOOD, lines


def test_reviews_wait_are_shown_and_resolved_once(cli, folder):
    hard = {"id": "hard", "constraints": ["a > 0", "b > 0", "c > 0", "a*a*a + b*b*b == c*c*c"],
            "budget_ms": 1}  # fmt: skip
    assert "nothing waits" in cli("review", "list").err
    answer = json.loads(cli("verify", lines(folder, hard), "-o", "json", code=1).out)
    review = answer["review"]

    (item,) = json.loads(cli("review", "list", "-o", "json").out)
    assert (item["id"], item["status"]) == (review, "open")
    assert review in cli("review", "list").out
    shown = cli("review", "show", review).out
    assert "a*a*a + b*b*b == c*c*c" in shown
    assert "hard: uncertain" in shown
    assert json.loads(cli("review", "show", review, "-o", "json").out)["id"] == review
    resolve = ["review", "resolve", review, "--verdict", "rejected", "--note", "Fermat"]
    assert cli(*resolve, "--by", "ann").out == f"{review}: rejected by ann\n"
    assert cli(*resolve, "--by", "ann").out == f"{review}: rejected by ann\n"
    assert (
        "a decision is not changed"
        in cli("review", "resolve", review, "--verdict", "approved", code=2).err
    )
    assert "rejected by ann" in cli("review", "show", review).out
    assert "there is no review 'r0'" in cli("review", "show", "r0", code=2).err
    assert review in cli("review", "list", "--all").out


def test_outcomes_teach_the_council_and_the_state_shows_it(cli, folder):
    cli("verify", lines(folder, GOOD))

    assert cli("outcome", "good", "--was", "approved").out.startswith("good: approved\n")
    assert "as was known" in cli("outcome", "good", "--was", "approved").out
    assert "no judgement 'nope' is kept" in cli("outcome", "nope", "--was", "rejected", code=2).err
    text = cli("status").out
    assert "1 judgement in the last 24 h 00 m: 1 approved" in text
    assert "100.0% of 1" in text
    status = json.loads(cli("status", "-o", "json").out)
    assert status["figures"]["count"] == 1
    (logic,) = (one for one in status["experts"] if one["name"] == "logic")
    assert logic["version"] == logic["accuracy"][0]["version"] == "1"
    assert text.splitlines()[2].split()[:3] == ["expert", "version", "answers"]
    metrics = cli("status", "-o", "prometheus").out
    assert 'ciranda_experts_judgements_total{verdict="approved"} 1' in metrics


def test_a_transaction_that_a_process_was_killed_over_is_freed_by_hand(cli, folder):
    paid = lines(folder, {"id": "paid", "transaction": "pay 17", "post": ["x == x"]})
    with closing(Spent(folder)) as spent:
        spent.reserve("pay 17", "another content", "another step")

    refused = json.loads(cli("verify", paid, "-o", "json", code=1).out)
    assert refused["reason"] == "double-spend"
    assert "`ciranda experts release 'pay 17'`" in refused["message"]
    assert "nobody can see: remove it" in cli("release", "pay\ufe0f", code=2).err
    assert cli("release", "pay  17 ").out == "pay 17 is free\n"
    assert "is not reserved: nothing to free" in cli("release", "pay 17", code=2).err
    cli("verify", paid)
    assert "was approved, and stays spent" in cli("release", "pay 17", code=2).err


def test_a_crisis_is_in_the_state_and_in_the_report(cli, folder):
    (folder / "ciranda.toml").write_text("[experts.crisis]\nminimum = 2\nanomalies = 0.5\n")
    attacks = ({"code": f"import os\nos.system('rm -rf /{name}')\n"} for name in "abc")

    cli("verify", lines(folder, *attacks), code=1)

    (crisis,) = json.loads(cli("status", "-o", "json").out)["crises"]
    assert crisis["reason"] == "anomalies"
    assert crisis["began"] <= crisis["ended"]
    assert "anomalies" in cli("report", "-").out
    assert "is in a crisis" not in cli("status").out


def test_the_report_is_a_page_that_is_written_whole(cli, folder):
    cli("verify", lines(folder, GOOD))

    assert cli("report", "council.html").out == "wrote council.html\n"
    page = (folder / "council.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "logic" in page
    assert cli("report", "-").out.startswith("<!doctype html>")
    assert "cannot be written" in cli("report", ".", code=2).err


def test_a_project_without_judgements_has_a_state_too(cli):
    assert "0 judgements in the last 24 h 00 m\n" in cli("status").out


HOURS = """
from ciranda import hookimpl
from ciranda_experts import Expert

@hookimpl
def experts():
    return [Expert(name="hours", judge=print, version=version) for version in ("1", "2", "3")]
"""


def test_versions_are_tried_stopped_and_taken_back(cli, folder):
    (folder / "hours.py").write_text(HOURS)
    (folder / "ciranda.toml").write_text('[experts]\nplugins = ["./hours.py"]\n')
    trial = ("versions", "trial")
    unknown = cli(*trial, "securty", "2", "--of", "1", code=2).err
    assert "no expert 'securty'; there are logic, security, conservation, hours" in unknown
    unknown = cli(*trial, "hours", "4", "--of", "1", code=2).err
    assert "no version '4' of hours; it has '1', '2', '3'" in unknown
    assert "no version '9' of hours" in cli(*trial, "hours", "2", "--of", "9", code=2).err
    assert "no version was ever on trial" in cli("versions", "list").err
    said = cli("versions", "trial", "hours", "2", "--of", "1", "--share", "0.5").out
    assert said == "hours: 2 is on trial for 50% of the intents\n"
    assert "2 beside 1 for 50%" in cli("versions", "list").out
    assert "version 2 is on trial beside 1" in cli("status").out
    assert json.loads(cli("versions", "list", "-o", "json").out)["trials"][0]["candidate"] == "2"
    assert "on trial already" in cli(*trial, "hours", "3", "--of", "1", code=2).err
    assert cli("versions", "stop", "hours").out == "hours: the trial has ended\n"
    assert "no version to go back to" in cli("versions", "rollback", "hours", code=2).err
    other = cli(*trial, "hours", "3", "--of", "2", code=2).err
    assert "version '1' of hours is the one in use, not '2'" in other


def test_explaining_spends_nothing_and_records_nothing(cli, folder):
    paid = lines(folder, {"id": "paid", "transaction": "t-1", "post": ["x == x"]})

    assert "paid: approved" in cli("explain", paid).out
    assert not list(folder.glob(".ciranda/experts-*.db"))

    cli("verify", paid)  # approved: it was not spent
    before = json.loads(cli("status", "-o", "json").out)["figures"]["count"]
    assert "double-spend" in cli("explain", paid).out
    assert json.loads(cli("status", "-o", "json").out)["figures"]["count"] == before


def test_explaining_what_is_uncertain_asks_no_human(cli, folder):
    hard = {"constraints": ["a > 0", "b > 0", "c > 0", "a*a*a + b*b*b == c*c*c"], "budget_ms": 1}

    assert "uncertain" in cli("explain", lines(folder, hard)).out
    assert "nothing waits" in cli("review", "list").err


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["review", "list"],
        ["report", "a.html"],
        ["outcome", "a", "--was", "approved"],
        ["versions", "list"],
        ["release", "a"],
    ],
)
def test_a_store_that_is_not_there_is_told_and_not_made(cli, folder, command):
    said = cli(*command, "--store", "./typo", code=2).err

    assert "nothing was judged in typo/.ciranda yet: `ciranda experts verify FILE` makes" in said
    assert not (folder / "typo").exists()
    assert not (folder / "a.html").exists()


def test_a_report_makes_no_folder(cli, folder):
    assert "there is no folder gone" in cli("report", "gone/a.html", code=2).err
    assert not (folder / "gone").exists()


def test_a_review_is_found_by_as_much_of_its_id_as_no_other_begins_with(cli, folder):
    hard = [
        {"constraints": [f"a > {n}", "b > 0", "c > 0", "a*a*a + b*b*b == c*c*c"], "budget_ms": 1}
        for n in range(2)
    ]
    assert "`ciranda experts review list` names" in cli("review", "show", "r0", code=2).err
    one, _ = (
        json.loads(text)["review"]
        for text in cli("verify", lines(folder, *hard), "-o", "json", code=1).out.splitlines()
    )

    assert "several reviews begin with 'r'" in cli("review", "show", "r", code=2).err
    assert cli("review", "show", one[:-1]).out.startswith(f"{one}: open")
    resolve = ["review", "resolve", one[:-1], "--verdict", "rejected", "--by", "ann"]
    assert cli(*resolve).out == f"{one}: rejected by ann\n"
    assert "1 review waits for a human" in cli("status").out
