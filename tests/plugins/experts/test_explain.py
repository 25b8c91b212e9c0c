"""What explanations say: parts of conditions under an assignment, proofs and cores in words."""

from fractions import Fraction

import pytest

from ciranda.events.judging import Judgement, Opinion, ProofChecked, Verdict
from ciranda_experts import logic
from ciranda_experts.explain import explained, told_by_check
from ciranda_experts.facts import assignment, number, sentence
from ciranda_experts.intent.reading import read_intent

REAL = {"r": "real", "x": "int", "y": "int", "p": "bool", "q": "bool"}


def said(text, bits=None, **values):
    intent = read_intent({"vars": REAL, "constraints": [text]})
    return sentence(intent.constraints[0], values, bits)


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ("x - y >= 0", {"x": 3, "y": 5}, "x - y is -2, so `x - y >= 0` is false"),
        ("x >= 0", {"x": 3}, "`x >= 0` is true"),
        ("x + y == 2 * x", {"x": 1, "y": 2},
         "x + y is 3 and 2 * x is 2, so `x + y == 2 * x` is false"),
        ("0 <= x + 1 < 10", {"x": 9}, "x + 1 is 10, so `0 <= x + 1 < 10` is false"),
        ("x / 3 == r", {"x": 1, "r": Fraction(1, 3)}, "x / 3 is 1/3, so `x / 3 == r` is true"),
        ("x > 0 or y + 1 > 5", {"x": 1, "y": 0}, "`x > 0 or y + 1 > 5` is true"),
        ("x > 0 or y + 1 > 5", {"x": 0, "y": 0},
         "y + 1 is 1, so `x > 0 or y + 1 > 5` is false"),
        ("x > 0 and x * y > 5", {"x": 1, "y": 1},
         "x * y is 1, so `x > 0 and x * y > 5` is false"),
        ("p => x + y > 0", {"p": True, "x": 0, "y": 0},
         "x + y is 0, so `p => x + y > 0` is false"),
        ("x + y > 0 => p", {"p": False, "x": 0, "y": 0},
         "x + y is 0, so `x + y > 0 => p` is true"),
        ("not (x + y > 0)", {"x": 1, "y": 0}, "x + y is 1, so `not (x + y > 0)` is false"),
        ("ite(p, x + y > 0, q)", {"p": True, "q": False, "x": 0, "y": 0},
         "x + y is 0, so `ite(p, x + y > 0, q)` is false"),
        ("p == q", {"p": True, "q": False}, "`p == q` is false"),
    ],
)  # fmt: skip
def test_a_condition_is_told_with_what_its_deciding_parts_come_to(text, values, words):
    assert said(text, **values) == words


@pytest.mark.parametrize(
    ("text", "bits", "values", "words"),
    [
        ("x == 10 / y", None, {"x": 1, "y": 0}, "10 / y divides by y, which is 0, so "),
        ("1 // 0 == x", None, {"x": 1}, "1 // 0 divides by 0, so "),
        ("x % (y - 1) == 0", None, {"x": 1, "y": 1},
         "x % (y - 1) divides by y - 1, which is 0, so "),
        ("x + y > 0", 8, {"x": 100, "y": 100}, "x + y does not fit into 8 bits, so "),
        ("x > 0 and x + y > 0", 8, {"x": 127, "y": 1}, "x + y does not fit into 8 bits, so "),
        ("ite(p, x, y / x) > 0", None, {"p": False, "x": 0, "y": 0},
         "y / x divides by x, which is 0, so "),
        ("x > y", None, {"x": 1}, "y has no value, so "),
    ],
)  # fmt: skip
def test_what_is_undefined_is_told_with_the_part_that_makes_it_so(text, bits, values, words):
    assert said(text, bits, **values) == f"{words}`{text}` is undefined"


def test_numbers_are_shown_as_they_are_written_and_long_ones_cut():
    assert [number(each) for each in (True, -3, Fraction(1, 3), Fraction(4))] == [
        "true", "-3", "1/3", "4",
    ]  # fmt: skip
    assert number(-(10**5000)) == "-about 2**16610"
    assert assignment({"a": 1, "b": False}) == "a = 1, b = false"


def test_a_long_condition_is_cut():
    text = " + ".join(["x"] * 200) + " > 0"

    words = said(text, x=1)

    assert len(words) < 600
    assert "…" in words
    assert "is 200, so" in words


async def explanation(intent, **more):
    read = read_intent(intent)
    found = await logic.judge(read, None, 5.0)
    fields = {name: getattr(found, name) for name in ("verdict", "confidence", "reason", "message")}
    opinion = Opinion(expert="logic", evidence=found.evidence, proven=found.proven, **fields)
    judgement = Judgement(id=read.id, experts=(opinion,), **fields, **more)
    return explained(judgement)


async def test_a_counterexample_is_told_line_by_line():
    lines = await explanation(
        {
            "id": "transfer",
            "pre": ["amount == 5", "alice == 3", "new_alice == alice - amount"],
            "post": ["new_alice >= 0"],
        }
    )

    assert lines[0] == "transfer: rejected, counterexample"
    assert lines[4:9] == [
        "  post[0] `new_alice >= 0` does not follow: with amount = 5, alice = 3, new_alice = -2,",
        "    pre[0]  `amount == 5` is true",
        "    pre[1]  `alice == 3` is true",
        "    pre[2]  alice - amount is -2, so `new_alice == alice - amount` is true",
        "    post[0]  `new_alice >= 0` is false",
    ]


async def test_a_proof_names_the_lines_that_it_needs_and_how_they_add_up():
    lines = await explanation({"pre": ["x > 5", "z == 1"], "post": ["x > 1"]})

    start = lines.index("  `pre` can be true: with x = 6, z = 1")
    assert lines[start + 1 : start + 4] == [
        "  post[0] `x > 1` follows (by adding up lines, each times a number) from",
        "    pre[0] `x > 5`",
        "    which add up to a falsehood: 1 times pre[0], 1 times the opposite of post[0]",
    ]
    assert "It rests on a proof" in lines[-1]


@pytest.mark.parametrize(
    ("intent", "line"),
    [
        ({"constraints": ["x > 10", "x < 5"]}, "    constraints[1] `x < 5`"),
        ({"pre": ["x > 10", "x < 5"], "post": ["x > 0"]},
         "  `pre` can never be true (by adding up lines, each times a number): "
         "these contradict each other"),
        ({"constraints": ["x == 7"]}, "  `constraints` are all true with x = 7:"),
        ({"post": ["x == x"]}, "  post[0] `x == x` is true whatever the values "),
        ({"pre": ["x == 10 / y"], "post": ["true"]},
         "    pre[0]  10 / y divides by y, which is 0, so `x == 10 / y` is undefined"),
        ({"pre": ["y != 0", "x == 10 / y"], "post": ["true"]},
         "  `pre` is defined whatever the values "),
        ({"int_bits": 8, "constraints": ["x == 100 + 100"]},
         "      100 + 100 does not fit into 8 bits"),
    ],
)  # fmt: skip
async def test_each_way_to_end_is_told_in_words(intent, line):
    lines = await explanation(intent)

    assert any(each.startswith(line) for each in lines), lines


async def test_what_was_not_decided_is_not_called_a_proof():
    lines = await explanation(
        {"pre": ["a > 0", "b > 0", "c > 0"], "post": ["a*a*a + b*b*b != c*c*c"]}
    )

    assert lines[0].startswith("uncertain, ")
    assert "proof" not in " ".join(lines)


async def test_dissent_review_and_mode_are_told():
    lines = await explanation(
        {"post": ["x == x"]}, dissent=("security",), review="r1", mode="shadow", enforced=False
    )

    assert lines[-3:] == [
        "  Of another opinion: security.",
        "  A human is asked: `ciranda experts review show r1`.",
        "  It binds nobody: the mode is shadow.",
    ]


def test_what_other_experts_found_is_listed_up_to_a_limit():
    found = {"source": "a.py", "line": 3, "column": 1, "rule": "eval", "severity": "high"}
    opinion = Opinion(
        expert="security", verdict=Verdict.REJECTED, confidence=0.9, reason="attack-pattern",
        message="m", evidence={"findings": [found] * 22}, cached=True,
    )  # fmt: skip
    judgement = Judgement(
        id="", verdict=Verdict.REJECTED, confidence=0.9, reason="attack-pattern", message="m",
        experts=(opinion,),
    )  # fmt: skip

    lines = explained(judgement)

    assert lines[3:5] == [
        "security: rejected (attack-pattern), from the cache",
        "  a.py:3:1: high eval",
    ]
    assert "  … and 2 more" in lines


def test_a_proof_that_cannot_be_read_is_passed_over():
    opinion = Opinion(
        expert="logic", verdict=Verdict.APPROVED, confidence=0.9, reason="proved", proven=True,
        evidence={"proof": {"expert": "logic", "intent": {"post": ["("]}, "steps": []}},
    )  # fmt: skip
    judgement = Judgement(
        id="", verdict=Verdict.APPROVED, confidence=0.9, reason="proved", message="",
        experts=(opinion,), proof={"proofs": [{"expert": "logic", "evidence": 7}, 3]},
    )  # fmt: skip

    assert explained(judgement)[2] == "logic: approved (proved, proven), in 0.000 ms"


def test_the_check_of_a_proof_is_told():
    assert told_by_check(ProofChecked(valid=True, reason="proof", message="The proof holds.")) == (
        "The proof was checked again and holds: The proof holds."
    )
    assert "does NOT hold, not-shown" in told_by_check(
        ProofChecked(valid=False, reason="not-shown")
    )
