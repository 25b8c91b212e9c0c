"""A project's own rules, and what is wrong with them."""

# ruff: noqa: E501  # what is written stands on one line

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given, settings, strategies as st

from ciranda.errors import SettingsError
from ciranda_experts import Intent, Question, Verdict
from ciranda_experts.intent.intent import Source
from ciranda_experts.security import Severity, judge, load_rules
from ciranda_experts.security.glob import Glob
from tests.effort import share

RULE = """[[rule]]
id = "our-rule"
severity = "high"
title = "Ours"
explanation = "It is bad."
fix = "Do not."
"""


def write(folder, text):
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def found(rules, code, language="python"):
    intent = Intent(code=(Source(code, language),))
    finding = judge(Question(intent=intent, budget=1.0), rules)
    return finding.verdict, [each["rule"] for each in finding.evidence["findings"]]


@pytest.mark.parametrize(
    ("pattern", "code", "language"),
    [
        ('calls = ["legacy.move*"]', "from legacy import move_all as m\nm()", "python"),
        (
            'calls = ["legacy.move"]\narguments = ["*://*"]',
            "import legacy\nlegacy.move('a://b')",
            "python",
        ),
        ('imports = ["legacy*"]', "import legacy.tools", "python"),
        ('imports = ["legacy.tools"]', "from legacy import tools", "python"),
        ('names = ["do_harm"]', "x.do_harm()", "python"),
        ('names = ["do_harm"]', "def do_harm(): pass", "python"),
        ('strings = ["*.onion*"]', "u = 'http://x.onion/'", "python"),
        ('tokens = ["harm ( \\"x\\" )"]', "harm('x');", "javascript"),
        ('tokens = ["harm ( * )"]\nlanguages = ["c"]', "harm(1);", "c"),
    ],
)
def test_a_rule_of_a_project_is_met(tmp_path, pattern, code, language):
    rules = load_rules(write(tmp_path, RULE + pattern))

    assert found(rules, code, language) == (Verdict.REJECTED, ["our-rule"])
    assert found(load_rules(), code, language) == (Verdict.APPROVED, [])


def test_a_rule_holds_in_its_languages_alone(tmp_path):
    rules = load_rules(write(tmp_path, RULE + 'calls = ["f"]\nnames = ["f"]\nlanguages = ["c"]'))

    assert found(rules, "f()") == (Verdict.APPROVED, [])


def test_arguments_narrow_a_rule(tmp_path):
    rules = load_rules(write(tmp_path, RULE + 'calls = ["a.f"]\narguments = ["x*"]'))

    assert found(rules, "import a\na.f('y')\na.f(z)")[0] is Verdict.APPROVED


def test_a_severity_can_be_changed_and_a_rule_switched_off(tmp_path):
    rules = load_rules(
        write(tmp_path, '[severity]\nunbounded-loop = "low"\ndynamic-eval = "off"\n')
    )

    assert rules.severity("unbounded-loop") is Severity.LOW
    assert rules.severity("dynamic-eval") is None
    assert found(rules, "while 1: eval(x)") == (Verdict.APPROVED, ["unbounded-loop"])


def test_the_digest_says_whether_findings_may_differ(tmp_path):
    plain = load_rules()
    other = load_rules(write(tmp_path, '[severity]\nweak-hash = "high"'))

    assert plain.digest == load_rules().digest
    assert len({plain.digest, other.digest}) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[rule]\n", r"own\.toml:1: not TOML"),
        ("x = 1\n", r"own\.toml:1: 'x' is neither \[\[rule\]\] nor \[severity\]"),
        ("rule = 3\n", r"own\.toml:1: rules are written \[\[rule\]\]"),
        (RULE, r"own\.toml:1: the rule 'our-rule' looks for nothing"),
        (RULE + "cals = []", r"own\.toml:7: a rule has no field 'cals'; did you mean 'calls'\?"),
        (RULE.replace('"high"', '"huge"') + 'calls = ["a"]', r"own\.toml:3: severity 'huge' is none of low"),
        (RULE.replace("our-rule", "Our Rule") + 'calls = ["a"]', r"own\.toml:2: id 'Our Rule' is not lower"),
        (RULE.replace('title = "Ours"\n', ""), r"own\.toml:1: the rule's title is missing"),
        (RULE.replace('"Ours"', "3"), r"own\.toml:4: the rule's title is not a text"),
        (RULE + 'calls = "a"', r"own\.toml:7: calls is a list of at most 500 texts"),
        (RULE + 'calls = ["*"]', r"own\.toml:7: '\*' in calls matches everything"),
        (RULE + 'names = ["a"]\narguments = ["b"]', r"own\.toml:8: arguments go with calls"),
        (RULE + 'calls = ["a"]\n' + RULE + 'calls = ["a"]', r"own\.toml:9: the rule 'our-rule' exists"),
        (RULE.replace("our-rule", "weak-hash") + 'calls = ["a"]', r"own\.toml:2: the rule 'weak-hash' exists"),
        ('[severity]\nweak-hsh = "low"', r"own\.toml:2: there is no rule 'weak-hsh'; did you mean 'weak-hash'"),
        ("[severity]\nweak-hash = 3", r"own\.toml:2: the severity of 'weak-hash' is a text"),
        ("severity = 3", r"own\.toml:1: \[severity\] is a table"),
        ("x = " + "[" * 5000, r"own\.toml"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(SettingsError, match=message):
        load_rules(write(tmp_path, text))


def test_a_file_that_is_missing_too_long_or_no_text_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml: No such file or directory; name a file"):
        load_rules(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="at most 256 KiB"):
        load_rules(write(tmp_path, "#" * 300_000))
    (tmp_path / "own.toml").write_bytes(b"# a\n\xff")
    with pytest.raises(SettingsError, match=r"own\.toml:2: not UTF-8"):
        load_rules(tmp_path / "own.toml")


@settings(max_examples=share(200), deadline=None)
@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_a_glob_matches_as_fnmatch_does(pattern, text):
    assert Glob(pattern).matches(text) == fnmatch.fnmatchcase(text, pattern)
