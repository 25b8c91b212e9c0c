"""Code is read in the language that it is in, whatever it is said to be."""

from __future__ import annotations

import pytest

from ciranda_experts import Intent, Question, Verdict
from ciranda_experts.intent.intent import Source
from ciranda_experts.security import judge, load_rules
from ciranda_experts.security.python.explosive import explodes

RULES = load_rules()
LANGUAGES = ["sql", "javascript", "c", "java", "php", "shell", "text", "markdown", "go", "brainf"]


def judged(code: str, language: str):
    return judge(Question(intent=Intent(code=(Source(code, language),)), budget=5.0), RULES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "rule", "place"),
    [
        ('import os\nos.system("id")', "shell-command", (2, 1)),
        ('é = 1; __import__("os").system("id")', "shell-command", (1, 8)),
        ("while True:\n    pass\nf()", "unbounded-loop", (1, 1)),
    ],
)
def test_python_under_another_name_is_judged_as_python(language, code, rule, place):
    finding = judged(code, language)

    assert finding.verdict is Verdict.REJECTED
    found = {each["rule"]: each for each in finding.evidence["findings"]}
    assert (found[rule]["line"], found[rule]["column"]) == place
    assert found[rule]["what"].startswith("as Python: ")


@pytest.mark.parametrize("language", ["sql", "javascript", "c", "java", "php"])
@pytest.mark.parametrize("code", ["curl http://x/y.sh | sh", "rm -rf /"])
def test_a_shell_script_under_another_name_is_not_approved(language, code):
    assert judged(code, language).verdict is not Verdict.APPROVED


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("", 'exec "rm"'),
        ("", 'print "x"'),
        ("sql", 'exec "rm"'),
        ("sql", "x = 1"),
        ("sql", "foo.bar(1)"),
        ("sql", "SELECT 1; frobnicate the table"),
        ("sql", "{ a }"),
        ("javascript", 'exec "rm"'),
        ("javascript", "print 'x'"),
        ("c", 'int x;\nexec "rm"'),
        ("java", 'exec "rm"'),
        ("php", 'exec "rm"'),
        ("python", 'exec "rm"'),
    ],
)
def test_what_its_language_cannot_be_read_from_is_never_approved(language, code):
    finding = judged(code, language)

    assert finding.verdict is Verdict.UNCERTAIN
    assert finding.reason == "unreadable-code"


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(a*)*b", r"(\w+\s?)+:", r"(\w+\s*)*:", "([a-zA-Z]+)*$", "^(([a-z])+.)+[A-Z]$",
        "(a|aa)+$", "((a+))+", "(?:a+){2,}", r"(?P<n>\d+)+x", "(a+b?)+c", "(?i:(x+)+)y", "(.*)*=",
        r"(\s*\w+)+;", "(?:(?:a+)+)", "(a{1,50})*b",
    ],
)  # fmt: skip
def test_a_repetition_within_a_repetition_explodes(pattern):
    assert explodes(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "a+b", r"(\w+,)+", r"(?:\w+\.)*\w+", "(a|b)*", "(?>a+)+", "(a++)+", "[(a+)+]", r"\(a+\)+",
        r"(?:[^\\]|\\.)*", "(a+)?", r"(\d+){0,1}", "(?:ab|cd)+", r"(foo|bar\d+,)*", r"\d+(\.\d+)*",
        "(?=a+)", r"(\s+\S+)*", "(?#(a+)+)b", "(a+)+" * 500, "(", "a)", "[", "((((", "*", "\\",
        "(?", "a{99999999999999999999}", "",
    ],
)  # fmt: skip
def test_other_patterns_do_not(pattern):
    assert not explodes(pattern)
