"""Every hostile snippet is found, with its line and its rule, and is never approved."""

from __future__ import annotations

import pytest

from ciranda_experts import Intent, Question, Verdict
from ciranda_experts.intent.intent import Source
from ciranda_experts.security import judge, load_rules

from .hostile_plain import HOSTILE as PLAIN
from .hostile_python import HOSTILE
from .hostile_python_more import MORE

RULES = load_rules()
PYTHON = HOSTILE + MORE
ALL = [("python", *each) for each in PYTHON] + PLAIN


def asked(code: str, language: str) -> Question:
    return Question(intent=Intent(code=(Source(code, language),)), budget=5.0)


@pytest.mark.parametrize("rule", sorted({rule for *_, rule in ALL}))
def test_hostile_snippets_are_found_by_line_and_rule(rule):
    for language, code, line, _ in (each for each in ALL if each[3] == rule):
        finding = judge(asked(code, language), RULES)

        found = {(each["rule"], each["line"]) for each in finding.evidence["findings"]}
        assert (rule, line) in found, code
        severities = {each["severity"] for each in finding.evidence["findings"]}
        if severities & {"high", "critical"}:
            assert finding.verdict is Verdict.REJECTED, code
            assert finding.reason == "attack-pattern", code
        elif "medium" in severities:
            assert finding.verdict is Verdict.UNCERTAIN, code
        assert not finding.proven, code


def test_there_are_enough_hostile_snippets_to_mean_something():
    assert len(ALL) >= 150
    assert len(set(ALL)) == len(ALL)


def test_every_rule_of_the_package_has_a_title_a_reason_and_a_fix():
    for rule in RULES.by_id.values():
        assert rule.title
        assert rule.explanation.endswith(".")
        assert rule.fix.endswith(".")


def test_what_stands_before_moves_the_line_and_hides_nothing():
    for code, line, rule in PYTHON:
        if rule == "source-encoding" or code[0] == "\ufeff":
            continue
        finding = judge(asked("import abc\n\n" + code, "python"), RULES)

        found = {(each["rule"], each["line"]) for each in finding.evidence["findings"]}
        assert (rule, line + 2) in found, code
