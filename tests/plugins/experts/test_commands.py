"""`ciranda experts`: the contract of its output, its exit codes, and what it does to processes."""

import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from ciranda.cli.entry import outcome
from ciranda.executors.descendants import descendants

TRANSFER = """\
id: transfer
vars: {alice: int, bob: int, amount: int}
pre: [amount > 0, new_alice == alice - amount, new_bob == bob + amount]
post: [new_alice + new_bob == alice + bob, new_alice >= 0]
"""
GOOD = {"id": "good", "pre": ["x > 2"], "post": ["x > 1"]}
WRONG = {"id": 7, "pre": ["x > 0"], "post": ["x > 1000"]}
KEYS = {
    "id", "verdict", "confidence", "reason", "message", "experts", "dissent", "proof", "review",
    "mode", "enforced", "key", "latency_ms",
}  # fmt: skip
OPINION = {
    "name", "verdict", "confidence", "latency_ms", "reason", "message", "evidence", "version",
    "mandatory", "proven", "cached",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "ciranda.toml").write_text("")
    (tmp_path / "transfer.yaml").write_text(TRANSFER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIRANDA_STORE__DURABILITY", "process")
    return tmp_path


@pytest.fixture
def cli(folder, capsys):
    """Call a command: `cli("verify", "a.yaml", code=1)` returns what it wrote to both streams."""

    def call(*arguments, code=0):
        capsys.readouterr()
        ended = int(outcome(["experts", *map(str, arguments)]))
        said = capsys.readouterr()
        assert ended == code, said
        assert "Traceback" not in said.err
        return said

    return call


@pytest.fixture
def judged(cli):
    """Return the answers of `verify -o json`."""

    def call(*arguments, code=0):
        return [
            json.loads(line)
            for line in cli("verify", *arguments, "-o", "json", code=code).out.splitlines()
        ]

    return call


def lines(folder, *intents, name="intents.jsonl"):
    texts = [each if isinstance(each, str) else json.dumps(each) for each in intents]
    (folder / name).write_text("".join(f"{text}\n" for text in texts))
    return name


def process(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "ciranda", "experts", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def test_an_answer_has_the_keys_of_the_contract(judged):
    (answer,) = judged("transfer.yaml", code=1)

    assert set(answer) == KEYS
    assert (answer["id"], answer["verdict"], answer["reason"]) == (
        "transfer", "rejected", "counterexample",
    )  # fmt: skip
    assert all(set(each) == OPINION for each in answer["experts"])
    assert answer["proof"]["parts"][0]["expert"] == "logic"


def test_what_is_approved_ends_with_0(judged, folder):
    (answer,) = judged(lines(folder, GOOD))

    assert (answer["verdict"], answer["reason"], answer["line"]) == ("approved", "proved", 1)


def test_lines_are_answered_in_their_order_with_their_ids(judged, folder):
    intents = [{**GOOD, "id": f"i{n}", "pre": [f"x > {n + 2}"]} for n in range(60)]

    answers = judged(lines(folder, *intents, WRONG), code=1)

    assert [each["id"] for each in answers] == [*(f"i{n}" for n in range(60)), 7]


def test_a_line_that_is_no_object_is_rejected_and_the_others_are_judged_all_the_same(
    judged, folder, cli
):
    file = lines(folder, GOOD, "[1, 2]", "", "{", WRONG)

    answers = judged(file, code=2)

    assert [(each["verdict"], each["reason"], each["line"]) for each in answers] == [
        ("approved", "proved", 1),
        ("rejected", "malformed", 2),
        ("rejected", "malformed", 4),
        ("rejected", "counterexample", 5),
    ]
    assert answers[1]["place"] == "intents.jsonl:2"
    assert "Error: 2 lines of intents.jsonl held no intent" in cli("verify", file, code=2).err


@pytest.mark.parametrize(
    ("intent", "reason"),
    [
        ({"post": ["x ==="]}, "malformed"),
        ({}, "empty"),
        ({"pre": ["x > 0"], "post": []}, "empty"),
        ({"vars": {"x": "int"}, "post": ["y > 0"]}, "unknown-name"),
        ({"post": ["x > 0"] * 201}, "limit"),
        ({"psot": ["x > 0"]}, "malformed"),
        ({"constraints": ["__import__('os').system('id') == 0"]}, "malformed"),
    ],
)
def test_what_is_no_intent_is_rejected_with_its_reason_and_place(judged, folder, intent, reason):
    (answer,) = judged(lines(folder, intent), code=1)

    assert (answer["verdict"], answer["reason"]) == ("rejected", reason)
    assert answer["place"].startswith("intents.jsonl:1")
    assert answer["experts"] == []


def test_the_place_of_a_wrong_condition_is_in_the_file(judged, folder):
    (folder / "bad.yaml").write_text("pre: [x > 0]\npost:\n  - x >= y +\n")

    (answer,) = judged("bad.yaml", code=1)

    assert answer["place"] == "bad.yaml:3:13"


def test_standard_input_is_one_intent_or_one_a_line(judged, monkeypatch, folder):
    for text, count in ((TRANSFER, 1), ("guard {\nx > 2\n}\nverify {\nx > 1\n}\n", 1)):
        with feeding(text, monkeypatch):
            assert len(judged("-", code=1 if text == TRANSFER else 0)) == count
    with feeding(f"{json.dumps(GOOD)}\n\n{json.dumps(WRONG)}", monkeypatch):
        assert [each["verdict"] for each in judged(code=1)] == ["approved", "rejected"]


class feeding:  # noqa: N801  (reads as a verb)
    """Put a text on file descriptor 0."""

    def __init__(self, text, monkeypatch):
        self.text, self.patch = text, monkeypatch

    def __enter__(self):
        self.kept = os.dup(0)
        read, write = os.pipe()
        os.write(write, self.text.encode())
        os.close(write)
        os.dup2(read, 0)
        os.close(read)
        self.patch.setattr(sys, "stdin", io.StringIO())

    def __exit__(self, *_):
        os.dup2(self.kept, 0)
        os.close(self.kept)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.yaml", "post: [x", "a.yaml:1:"),
        ("a.json", '{"post": ["x > 0"],}', "a.json:1:20: this is no JSON"),
        ("a.yaml", b"post: [\xff]", "a.yaml:1:8: byte 0xff is not UTF-8"),
        ("a.yaml", "a: &a [*a]", "a.yaml:1:"),
        ("a.jsonl", "\n\n", "there is no intent in a.jsonl"),
        ("a.yaml", b"x" * (5 << 20), "a.yaml is larger than 4 MiB"),
    ],
)
def test_input_that_cannot_be_used_is_told_in_a_sentence_and_ends_with_2(
    cli, folder, name, content, said
):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    told = cli("verify", name, "-o", "json", code=2)

    assert said in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope.yaml"], "Error: there is no file nope.yaml\n"),
        (["tranfer.yaml"], "did you mean transfer.yaml?"),
        (["."], "Error: . is a folder; name one of its files"),
        ([""], "FILE is given as an empty text"),
        (
            ["transfer.yaml", "--experts", "lgic"],
            "there is no expert `lgic`; did you mean `logic`?",
        ),
        (["transfer.yaml", "--experts", " , "], "--experts names nobody"),
        (["transfer.yaml", "-o", "yaml"], "Invalid value for '-o'"),
        (["transfer.yaml", "other.yaml"], "unexpected extra argument"),
    ],
)
def test_nonsense_is_told_in_a_sentence(cli, arguments, said):
    assert said in cli("verify", *arguments, code=2).err


def test_named_experts_take_the_place_of_the_mandatory_ones(judged, folder):
    intent = {"pre": ["a == 1", "new_a == 2"], "post": ["new_a == 2"], "accounts": ["a"]}

    (all_of_them,) = judged(lines(folder, intent), code=1)
    (one,) = judged(lines(folder, intent), "--experts", "logic")

    assert (all_of_them["verdict"], all_of_them["reason"]) == ("rejected", "minted")
    assert (one["verdict"], one["mandatory"]) == ("approved", ["logic"])
    assert [each["name"] for each in one["experts"]] == ["logic"]


def test_a_budget_that_is_spent_is_no_approval(judged, folder):
    intent = {"constraints": ["a > 0", "b > 0", "c > 0", "a*a*a + b*b*b == c*c*c"], "budget_ms": 1}

    (answer,) = judged(lines(folder, intent), code=1)

    assert answer["verdict"] == "uncertain"


def test_a_transaction_is_spent_once(judged, folder):
    file = lines(folder, {**GOOD, "transaction": "t"}, {**WRONG, "transaction": "t"})

    judged(file, code=1)
    second = judged(file, code=1)

    assert second[0]["reason"] == "double-spend"


def test_people_get_a_paragraph_or_a_row_for_each(cli, folder):
    said = cli("verify", "transfer.yaml", code=1)
    assert said.out.splitlines()[0] == "transfer: rejected, counterexample"
    assert "`new_alice >= 0` is false when alice = 0" in said.out
    assert said.err == ""

    said = cli("verify", lines(folder, GOOD, WRONG, "3"), code=2)
    rows = [row.split(maxsplit=4) for row in said.out.splitlines()]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("approved", "proved", "good"),
        ("rejected", "counterexample", "7"),
        ("rejected", "malformed", "line"),
    ]
    assert "3 intents in" in said.err
    assert "1 approved, 2 rejected" in said.err
    assert "intents in" not in cli("verify", "intents.jsonl", "-q", code=2).err


def test_explain_judges_an_intent_or_reads_a_judgement_and_checks_its_proof(cli, folder):
    direct = cli("explain", "transfer.yaml", "--check").out
    answers = cli("verify", lines(folder, GOOD, WRONG), "-o", "json", code=1).out
    (folder / "answers.jsonl").write_text(answers)
    read = cli("explain", "answers.jsonl", "--check").out

    assert "`new_alice >= 0` does not follow: with alice = 0" in direct
    assert direct.endswith("holds: The proof holds.\n")
    assert "good: approved, proved" in read
    assert "7: rejected, counterexample" in read
    assert read.count("The proof was checked again and holds") == 2


def test_a_proof_that_was_tampered_with_does_not_hold(cli, folder):
    answer = json.loads(cli("verify", lines(folder, GOOD), "-o", "json").out)
    answer["proof"]["intent"]["post"] = ["x > 1000"]
    (folder / "forged.json").write_text(json.dumps(answer))

    assert "does NOT hold" in cli("explain", "forged.json", "--check", code=1).out


def test_without_a_proof_there_is_nothing_to_check(cli, folder):
    (folder / "a.yaml").write_text("post: ['x >']")

    assert "There is no proof to check" in cli("explain", "a.yaml", "--check", code=1).out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[1]\n", "an intent is a mapping"),
        ('{"verdict": "maybe", "experts": [], "reason": "x"}', "a.json is no judgement"),
    ],
)
def test_explain_refuses_what_is_neither(cli, folder, content, said):
    (folder / "a.json").write_text(content)

    assert said in cli("explain", "a.json", code=2).err


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
    metrics = cli("status", "-o", "prometheus").out
    assert 'ciranda_experts_judgements_total{verdict="approved"} 1' in metrics


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


def test_versions_are_tried_stopped_and_taken_back(cli):
    assert "no version was ever on trial" in cli("versions", "list").err
    said = cli("versions", "trial", "security", "2", "--of", "1", "--share", "0.5").out
    assert said == "security: 2 is on trial for 50% of the intents\n"
    assert "2 beside 1 for 50%" in cli("versions", "list").out
    assert "version 2 is on trial beside 1" in cli("status").out
    assert json.loads(cli("versions", "list", "-o", "json").out)["trials"][0]["candidate"] == "2"
    assert "on trial already" in cli("versions", "trial", "security", "3", "--of", "1", code=2).err
    assert cli("versions", "stop", "security").out == "security: the trial has ended\n"
    assert "no version to go back to" in cli("versions", "rollback", "security", code=2).err


def test_help_is_short_and_imports_neither_engine_nor_solver():
    code = (
        "import sys\nfrom ciranda.cli.entry import outcome\noutcome(['experts', '--help'])\n"
        "heavy = {'rich', 'z3', 'apsw', 'ciranda.engine', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "verify" in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_a_reader_that_has_enough_ends_it_quietly(folder):
    file = lines(folder, *({**GOOD, "id": f"i{n}"} for n in range(3000)))

    with process("verify", file, "-o", "json") as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        child.stdout.close()
        assert child.stderr is not None
        said = child.stderr.read()
        child.wait(60)

    assert json.loads(first)["id"] == "i0"
    assert (child.returncode, said) == (0, "")


def test_answers_come_while_the_input_is_still_open(folder):
    with process("verify", "-", "-o", "json", stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(GOOD) + "\n")
        child.stdin.flush()
        first = json.loads(child.stdout.readline())
        child.stdin.write(json.dumps(WRONG) + "\n")
        child.stdin.close()
        second = json.loads(child.stdout.readline())
        child.wait(60)

    assert (first["id"], second["id"], child.returncode) == ("good", 7, 1)


def test_ctrl_c_ends_it_with_130_and_leaves_no_worker(folder):
    hard = {"constraints": ["a > 0", "b > 0", "c > 0", "a*a*a + b*b*b == c*c*c"]}
    with process("verify", "-", "-o", "json", stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        child.stdin.write(json.dumps(GOOD) + "\n" + json.dumps(hard) + "\n")
        child.stdin.flush()
        assert child.stdout is not None
        child.stdout.readline()
        deadline = time.monotonic() + 30
        while not (workers := list(descendants(child.pid))) and time.monotonic() < deadline:
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        child.stdin.close()
        child.wait(60)
        assert child.stderr is not None
        said = child.stderr.read()

    assert workers
    assert (child.returncode, said) == (130, "interrupted\n")
    assert not any(map(alive, workers))


def alive(pid):
    """Say whether a process runs; one that waits to be collected does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
