"""What the security expert answers, and what it shows."""

from __future__ import annotations

import base64
import json

import pytest

from ciranda_experts import Feature, Finding, Intent, Question, Verdict
from ciranda_experts.intent.intent import Source
from ciranda_experts.security import judge, load_rules, security_expert

RULES = load_rules()


def about(*sources: Source, int_bits: int | None = None) -> Question:
    return Question(intent=Intent(code=sources, int_bits=int_bits), budget=5.0)


def judged(code: str, language: str = "python", **more):
    return judge(about(Source(code, language), **more), RULES)


def rules_in(finding) -> list[str]:
    return [each["rule"] for each in finding.evidence["findings"]]


@pytest.mark.parametrize("sources", [(), (Source(""),), (Source(" \n\t"), Source(""))])
def test_an_intent_without_code_is_not_its_to_judge(sources):
    finding = judge(about(*sources), RULES)

    assert finding.verdict is Verdict.ABSTAINED
    assert finding.reason == "irrelevant"


@pytest.mark.parametrize("code", ["while 1: pass", "while 1:\n  work()"])
def test_while_1_is_rejected(code):
    assert judged(code).verdict is Verdict.REJECTED


def test_evaluated_base64_is_rejected_for_what_it_says():
    hidden = base64.b64encode(b"import os; os.system('rm -rf /')").decode()

    finding = judged(f"import base64\nexec(base64.b64decode('{hidden}'))")

    assert finding.verdict is Verdict.REJECTED
    assert {"decode-then-execute", "filesystem-destruction"} <= set(rules_in(finding))
    assert "decode-then-execute" in finding.message or "filesystem" in finding.message


def test_conditions_of_an_intent_are_never_read_as_code():
    finding = judge(Question(intent=Intent(source={"pre": ["if > 0"]}), budget=1.0), RULES)

    assert finding.verdict is Verdict.ABSTAINED


@pytest.mark.parametrize(
    "code",
    [
        "def f(:",
        "x = ",
        "\x00",
        "x = '\ud800'",
        "(" * 500,
        "-" * 5000 + "1",
        "if x:\npass",
        "1" * 6000,
    ],
)
def test_code_that_does_not_parse_is_never_approved(code):
    finding = judged(code)

    assert finding.verdict is Verdict.UNCERTAIN
    assert finding.reason == "unreadable-code"
    assert finding.evidence["unreadable"][0]["why"]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("rust", "fn main() {}"),
        ("text", "hello"),
        ("", "what is this, then?"),
        ("javascript", "const a = 'x"),
        ("javascript", "f((("),
        ("c", "int main() { /* "),
        ("shell", "echo 'a"),
        ("shell", "echo $(ls"),
        ("sql", "SELECT 'a"),
        ("pth", "import (\n"),
    ],
)
def test_a_language_without_rules_or_half_a_text_is_uncertain(language, code):
    finding = judged(code, language)

    assert finding.verdict is Verdict.UNCERTAIN
    assert finding.reason == "unreadable-code"


def test_what_is_found_before_a_fault_still_counts():
    finding = judged("eval(x);\nconst a = 'x", "javascript")

    assert finding.verdict is Verdict.REJECTED
    assert finding.evidence["unreadable"][0]["line"] == 2


def test_a_medium_finding_leaves_it_uncertain():
    finding = judged("import importlib\nimportlib.import_module(name)")

    assert finding.verdict is Verdict.UNCERTAIN
    assert finding.reason == "suspicious-pattern"


def test_a_low_finding_is_told_and_approved():
    finding = judged("import hashlib\nhashlib.sha1(b)")

    assert finding.verdict is Verdict.APPROVED
    assert rules_in(finding) == ["weak-hash"]


def test_a_finding_says_where_what_why_and_what_to_do():
    code = "import os\n\ndef f():\n    x = 1; os.system('id')\n"

    finding = judge(about(Source(code, "python", "deploy.py")), RULES)

    assert finding.evidence["findings"][0] == {
        "rule": "shell-command",
        "severity": "high",
        "line": 4,
        "column": 12,
        "source": "deploy.py",
        "excerpt": "x = 1; os.system('id')",
        "what": "a shell reads the text",
        "why": RULES.by_id["shell-command"].explanation,
        "fix": RULES.by_id["shell-command"].fix,
    }
    assert "deploy.py at line 4" in finding.message
    json.dumps(finding.evidence)


def test_columns_count_characters_and_not_bytes():
    assert judged("é = 'ü'; eval(x)").evidence["findings"][0]["column"] == 10


def test_the_gravest_finding_comes_first_and_the_rest_is_counted():
    code = "import os, hashlib\nhashlib.md5(b)\n" + "eval(x)\n" * 80 + "os.system('rm -rf /')\n"

    finding = judged(code)

    assert rules_in(finding)[0] == "filesystem-destruction"
    assert len(finding.evidence["findings"]) == 50
    assert finding.evidence["more"] > 30


@pytest.mark.parametrize(
    "line",
    ["password = 'hunter2!A9'", 'token = """hunter2!A9', "x['password'] = 'hunter2!A9'"],
)
def test_a_secret_is_not_shown(line):
    code = line + ('"""' if '"""' in line else "") + "\nkey = 'AKIAIOSFODNN7HUNTER2'"

    finding = judged(code)

    shown = json.dumps(finding.evidence) + finding.message
    assert "hunter2" not in shown
    assert "HUNTER2" not in shown


def test_an_excerpt_is_short_and_has_no_signs_that_cannot_be_seen():
    excerpt = judged("eval('\u202e\x07' + x) #" + "y" * 300).evidence["findings"][-1]["excerpt"]

    assert len(excerpt) == 80
    assert "\u202e" not in excerpt
    assert "\x07" not in excerpt


def test_each_piece_of_code_is_looked_at():
    finding = judge(about(Source("x = 1", "python"), Source("rm -rf /", "shell")), RULES)

    assert finding.verdict is Verdict.REJECTED
    assert finding.evidence["findings"][0]["source"] == "code[1]"
    assert finding.evidence["languages"] == ["python", "shell"]


@pytest.mark.parametrize(
    ("bits", "verdict"), [(None, Verdict.APPROVED), (8, Verdict.REJECTED), (16, Verdict.APPROVED)]
)
def test_the_declared_width_of_integers_holds_in_code(bits, verdict):
    assert judged("x = 127 + 1", int_bits=bits).verdict is verdict
    assert judged("let x = 128;", "javascript", int_bits=bits).verdict is verdict


def test_the_least_integer_fits():
    assert judged("x = -128", int_bits=8).verdict is Verdict.APPROVED


def test_confidence_is_a_probability_and_grows_with_severity():
    clean, hostile = judged("x = 1"), judged("import os\nos.system('rm -rf /')")

    assert 0.5 < clean.confidence < 1
    assert 0.9 < hostile.confidence < 1


def test_too_much_code_is_uncertain():
    finding = judged("x = 1\n" * 200_000)

    assert finding.verdict is Verdict.UNCERTAIN
    assert finding.reason == "unreadable-code"


def test_code_within_code_within_code_is_not_followed_for_ever():
    code = "x = 1"
    for _ in range(5):
        code = f"exec({code!r})"

    assert "too-indirect" in rules_in(judged(code))


@pytest.mark.anyio
@pytest.mark.parametrize("size", [1, 2000])
async def test_the_expert_answers_small_code_at_once_and_large_in_a_thread(size):
    expert = security_expert(RULES)

    answer = expert.judge(about(Source("x = 1\n" * size + "eval(x)", "python")))
    assert not isinstance(answer, Finding)
    finding = await answer

    assert finding.verdict is Verdict.REJECTED
    assert expert.handles == {Feature.CODE}
    assert expert.mandatory
    assert RULES.digest in expert.version
