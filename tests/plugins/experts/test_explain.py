"""What explanations say: parts of conditions under an assignment, proofs and cores in words."""

from fractions import Fraction

import pytest

from ciranda.events.judging import Judgement, Opinion, ProofChecked, Verdict
from ciranda_experts import logic
from ciranda_experts.confidence import PROVEN
from ciranda_experts.explain import confidence, explained, told_by_check
from ciranda_experts.facts import assignment, number, sentence
from ciranda_experts.intent.reading import read_intent
from ciranda_experts.presolve.presolve import presolve
from ciranda_experts.presolve.problem import Answer, Role, problems
from ciranda_experts.proof import Step
from ciranda_experts.tactics import told

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
    lines = await explanation({"pre": ["x > 5", "z == 1"], "post": ["x > 1"]}, proof={})

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
        "The proof was checked again and holds."
    )
    assert "does NOT hold, not-shown" in told_by_check(
        ProofChecked(valid=False, reason="not-shown")
    )


@pytest.mark.parametrize("reason", ["expert-missing", "timeout", "undecided"])
def test_a_check_that_came_to_no_end_is_not_called_a_refutation(reason):
    words = told_by_check(ProofChecked(valid=False, reason=reason, message="Why."))

    assert words == f"The proof could not be checked, {reason}: Why."


def judged(verdict, reason, sure, *experts, proof=None, message=""):
    return confidence(
        Judgement(
            id="", verdict=verdict, confidence=sure, reason=reason, message=message,
            experts=experts, proof=proof,
        )
    )  # fmt: skip


def opined(expert, sure, *, verdict=Verdict.APPROVED, proven=False):
    return Opinion(expert=expert, verdict=verdict, confidence=sure, reason="r", proven=proven)


def test_what_nobody_knows_has_no_confidence():
    unsure = opined("logic", 0.5, verdict=Verdict.UNCERTAIN)

    assert judged(Verdict.UNCERTAIN, "timeout", 0.5, unsure, message="No time.") == [
        "Nobody knows: No time."
    ]
    assert judged(Verdict.UNCERTAIN, "off", 0.0, message="Nobody judges.") == []


@pytest.mark.parametrize("reason", ["malformed", "empty", "limit", "unknown-name"])
def test_what_could_not_be_read_has_no_confidence(reason):
    assert judged(Verdict.REJECTED, reason, 1.0) == []


def test_the_number_of_a_proof_says_what_it_was_counted_on():
    proven = opined("logic", PROVEN, proven=True)

    assert judged(Verdict.APPROVED, "proved", round(PROVEN, 6), proven, proof={"a": 1}) == [
        "Confidence 0.9995: of 2,000 random formulas compared with brute force none was judged "
        "wrong; the chance of an error is taken as 1 in 2,002",
        "  It rests on a proof, which `--check` checks again.",
    ]


def test_a_record_is_not_called_a_proof():
    spent = opined("conservation", 0.9999, verdict=Verdict.REJECTED, proven=True)

    assert judged(Verdict.REJECTED, "double-spend", 0.9999, spent) == [
        "Confidence 0.9999: of judgements as sure as this one, about one in 10,000 is wrong",
        "  conservation goes by what is on record.",
    ]


def test_a_number_that_an_expert_gave_is_told_as_its_own_and_a_pooled_one_as_of_all():
    weak, sure = opined("hours", 0.9), opined("logic", PROVEN, proven=True)

    own = judged(Verdict.APPROVED, "proved", 0.9, sure, weak)
    pooled = judged(Verdict.APPROVED, "proved", 0.97, weak, opined("days", 0.8))

    assert own[1] == "  So hours says of itself, or its outcomes, once enough of them are known."
    assert pooled[1] == "  It is what the experts who say so come to together."


SORTS = dict.fromkeys("xyz", "int")


@pytest.mark.parametrize(
    ("pre", "post", "how"),
    [
        ("x == y + 1", "x > y", "by adding up lines, each times a number"),
        ("x > 0 or y > x", "x > 0 or y > x", "by going through cases"),
        ("x*x == 6*y + 2", "x == x + 1", "by remainders modulo 6"),
        ("x*x + y*y == 3*z*z", "z >= 0", "by dividing a solution by 2 without end"),
        ("x > 2 and y > 3", "x*y > 5", "by adding up lines and products of lines"),
    ],
)
def test_a_method_is_told_by_what_its_certificate_holds(pre, post, how):
    intent = read_intent({"vars": SORTS, "pre": [pre], "post": [post]})
    problem = next(one.problem for one in problems(intent) if one.role is Role.POST)
    decision = presolve(problem)

    assert decision is not None
    assert told(shown_by(decision.certificate)) == how


def shown_by(certificate, method="linear"):
    return Step(
        role=Role.POST, where="post[0]", answer=Answer.UNSATISFIABLE, method=method,
        certificate=certificate,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("node", "how"),
    [
        ({"factors": {}, "primes": {"5": "1", "7": "1"}, "branches": [{}] * 8},
         "by the 8 ways to factor 35"),
        ({"factors": {}, "primes": {"2": "999999999"}, "branches": []},
         "by the 0 ways to factor a number"),
        ({"cases": [], "branches": [{"sum": {}, "steps": [{"sum": {}, "modulus": 4}]}]},
         "by going through cases and by remainders modulo 4"),
        ({"steps": 7, "branches": None}, "by adding up lines, each times a number"),
        ({"steps": [{"descent": "#0", "divisor": "9" * 5000}]},
         "by dividing a solution by a number without end"),
        (None, "by adding up lines, each times a number"),
    ],
)  # fmt: skip
def test_a_certificate_that_nobody_checked_is_told_as_far_as_it_can_be(node, how):
    assert told(shown_by({"proof": node})) == how
    assert told(shown_by({"proof": node}, "z3")) == "by the solver z3"
