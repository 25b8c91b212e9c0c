"""`ciranda experts`: the contract of its output, and its exit codes."""

import io
import json
import os
import sys

import msgspec
import pytest

from ciranda.events.judging import Judgement, Opinion, Verdict
from ciranda_experts.commands.answer import paragraph

from .intents import GOOD, TRANSFER, WRONG, lines

KEYS = {
    "id", "verdict", "confidence", "reason", "message", "experts", "dissent", "proof", "review",
    "mode", "enforced", "key", "latency_ms",
}  # fmt: skip
OPINION = {
    "name", "verdict", "confidence", "latency_ms", "reason", "message", "evidence", "version",
    "mandatory", "proven", "cached",
}  # fmt: skip


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

    (answer,) = judged("bad.yaml", code=2)

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
        ("a.json", '{"post": [}', "a.json:1:11: this is no JSON"),
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


def test_a_file_with_a_list_is_no_intent(judged, cli, folder):
    (folder / "a.json").write_text(f"[{json.dumps(GOOD)}]")

    (answer,) = judged("a.json", code=2)

    assert (answer["verdict"], answer["reason"], answer["place"]) == (
        "rejected", "malformed", "a.json",
    )  # fmt: skip
    assert cli("verify", "a.json", code=2).err.endswith("Error: a.json held no intent\n")


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
    assert direct.endswith("again and holds.\n")
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


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.yaml", "post: ['x >']", "malformed"),
        ("a.json", "{}", "empty"),
        ("a.yaml", "vars: {x: int}\npost: [y > 0]", "unknown-name"),
        ("a.txt", "verify {\n  x >\n}\n", "malformed"),
        ("a.json", json.dumps({"post": ["x > 0"] * 201}), "limit"),
    ],
)
def test_a_file_that_is_one_intent_and_none_is_unusable(judged, cli, folder, name, text, reason):
    (folder / name).write_text(text)

    (answer,) = judged(name, code=2)

    assert (answer["verdict"], answer["reason"]) == ("rejected", reason)
    assert f"{name} held no intent" in cli("verify", name, code=2).err


def test_explain_says_where_a_file_is_malformed(cli, folder):
    (folder / "a.txt").write_text("verify {\n  x >\n}\n")

    assert "a.txt:2:6: " in cli("explain", "a.txt").out


def test_a_line_of_broken_json_is_told_with_its_column(judged, folder):
    (answer,) = judged(lines(folder, '{"id": "a'), code=2)

    assert answer["place"] == "intents.jsonl:1:8"
    assert answer["message"] == "it is no JSON: unterminated string at column 8"


def test_a_paragraph_says_how_sure_it_is_whom_it_waits_for_and_whom_it_binds():
    seat = Opinion(expert="a", verdict=Verdict.APPROVED, confidence=0.99997, reason="fine")
    sure = Judgement(
        id="", verdict=Verdict.APPROVED, confidence=0.99997, reason="fine", message="",
        experts=(seat,), mode="shadow", enforced=False,
    )  # fmt: skip
    unsure = msgspec.structs.replace(sure, verdict=Verdict.UNCERTAIN, review="r1", enforced=True)

    assert paragraph(sure)[-2:] == [
        "  Confidence 0.9999+.",
        "  It binds nobody: the mode is shadow.",
    ]
    assert paragraph(unsure)[-1] == "  A human is asked: `ciranda experts review show r1`."
    assert not any("Confidence" in line for line in paragraph(unsure))
