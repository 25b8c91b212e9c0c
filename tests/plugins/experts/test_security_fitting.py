"""Confidence comes from counting."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts.intent.intent import Source
from ciranda_experts.security import load_rules
from ciranda_experts.security.calibration import load_calibration
from ciranda_experts.security.fitting import Labelled, _main, benign_files, fit

from .hostile_plain import HOSTILE as PLAIN
from .hostile_python import HOSTILE
from .hostile_python_more import MORE

PYTHON = HOSTILE + MORE
RULES = load_rules()


def python(code: str, *, hostile: bool) -> Labelled:
    return Labelled(Source(code, "python"), hostile=hostile)


def test_the_shares_follow_the_rule_of_succession():
    pieces = [python("eval(x)", hostile=True)] * 4 + [python("x = 1", hostile=False)] * 4

    made = fit(pieces, RULES)

    assert made.corpus == {"hostile": 4, "benign": 4}
    assert made.severities["high"] == round(5 / 6, 4)
    assert made.severities["critical"] == 0.5
    assert made.rules["dynamic-eval"] == round((4 + 2 * 0.8333) / 6, 4)
    assert made.clean["python"] == round(5 / 6, 4)


def test_the_label_that_has_more_pieces_weighs_no_more():
    hostile = [python("eval(x)", hostile=True)] * 2
    benign = [python("eval(y)", hostile=False)] * 20

    assert fit(hostile + benign, RULES).severities["high"] == 0.5


def test_the_calibration_that_comes_with_the_package_knows_every_rule_it_names():
    shares = load_calibration()

    assert shares.corpus["benign"] >= 200
    assert shares.corpus["hostile"] >= 150
    assert shares.rules.keys() <= RULES.by_id.keys()
    assert all(0 < each < 1 for each in [*shares.rules.values(), *shares.clean.values()])
    assert shares.severities["low"] < shares.severities["high"] < shares.severities["critical"]


def test_every_rule_that_a_snippet_shows_was_counted():
    shares = load_calibration()
    shown = {rule for *_, rule in PYTHON} | {rule for *_, rule in PLAIN}

    assert shown <= shares.rules.keys()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(sorted(RULES.by_id)), min_size=1))
def test_another_finding_never_makes_hostility_less_likely(found):
    shares = load_calibration()
    severities = {rule: RULES.by_id[rule].severity for rule in found}
    fewer = {found[0]: severities[found[0]]}

    assert 0 < shares.hostile(fewer) <= shares.hostile(severities) < 1


def test_a_language_that_was_never_counted_is_even_odds():
    assert load_calibration().benign({"python", "cobol"}) == 0.5


def test_the_script_writes_what_the_package_reads(tmp_path, capsys):
    lines = [{"code": "eval(x)", "language": "python"}, {"code": "1", "benign": True}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    folder = tmp_path / "lib"
    (folder / "tests").mkdir(parents=True)
    (folder / "a.py").write_text("x = 1\n")
    (folder / "tests" / "b.py").write_text("eval(x)\n")

    assert _main([str(tmp_path / "a.jsonl"), str(folder)]) == 0

    assert json.loads(capsys.readouterr().out)["corpus"] == {"hostile": 1, "benign": 2}
    assert [each.source.name for each in benign_files([folder])] == ["a.py"]


def test_the_script_says_what_it_needs(capsys):
    assert _main([]) == 2
    assert "give a file of labelled code" in capsys.readouterr().err


@pytest.mark.parametrize("label", ["hostile", "benign"])
def test_one_label_alone_gives_no_certainty(label):
    made = fit([python("eval(x)", hostile=label == "hostile")], RULES)

    assert made.severities["high"] == 0.5
