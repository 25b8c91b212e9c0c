"""Hostile sizes and shapes end soon, and are never approved by accident."""

from __future__ import annotations

import ast
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts import Intent, Question, Verdict
from ciranda_experts.intent.intent import Source
from ciranda_experts.security import judge, load_rules
from ciranda_experts.security.python.folding import UNKNOWN, Folding
from ciranda_experts.security.python.program import Program
from tests.effort import share

RULES = load_rules()
DEEP = 100_000


def judged(code: str, language: str = "python"):
    return judge(Question(intent=Intent(code=(Source(code, language),)), budget=5.0), RULES)


@pytest.mark.parametrize(
    "code",
    [
        "(" * DEEP + ")" * DEEP,
        "-" * DEEP + "1",
        "not " * DEEP + "1",
        "lambda:" * DEEP + "1",
        "2**" * DEEP + "1",
        "1 if 1 else " * (DEEP // 2) + "1",
        "a" + ".b" * DEEP,
        "f" + "()" * DEEP,
        "a" + "[0]" * DEEP,
        "+".join(["a"] * DEEP),
        "[" * 150 + "]" * 150,
        "f(" * 180 + "1" + ")" * 180,
        "x = " + "{1:" * 190 + "1" + "}" * 190,
    ],
)
def test_deep_nesting_is_uncertain_and_harms_nobody(code):
    assert judged(code[: 1 << 20]).reason == "unreadable-code"


@pytest.mark.uncounted
def test_a_long_sum_a_long_elif_and_many_decorators_are_not_deep():
    code = "x = " + " + ".join(["'a'"] * 800) + "\nif x:\n    pass\n"
    code += "elif x == 1:\n    pass\n" * 60 + "@d\n" * 500 + "def f():\n    pass\n"

    assert judged(code).verdict is Verdict.APPROVED


def test_a_chain_of_aliases_is_followed_however_long():
    code = "a0 = eval\n" + "".join(f"a{n + 1} = a{n}\n" for n in range(3000)) + "a3000(x)"

    assert judged(code).verdict is Verdict.REJECTED


def test_what_is_too_indirect_to_follow_is_not_approved():
    code = "".join(f"def f{n}(): return a{n}(x)\n" for n in range(3))
    code += "".join(f"a{n} = a{n + 1}\n" for n in range(300)) + "a300 = eval\n"

    assert judged(code).verdict is not Verdict.APPROVED


@pytest.mark.parametrize("code", ["a = b\nb = a\na()", "a = a\na()", "a = a + a\nwhile a: pass"])
def test_names_made_of_themselves_end(code):
    assert judged(code).verdict is Verdict.APPROVED


SHAPES = {
    "lines": ("python", "x = f(1) + 2\n"),
    "texts": ("python", "x = '" + "ab" * 100 + "'\n"),
    "one line": ("python", "x = 1; "),
    "loops": ("python", "while 1: f()\n"),
    "evals": ("python", "eval('1')\n"),
    "wide": ("python", "é = eval(x); "),
    "imports": ("python", "from a import b as c\n"),
    "growing": ("python", "s = s + 'aaaa'\n"),
    "queries": ("python", "q += 'SELECT ' + x\n"),
    "functions": ("python", "def f(a): return f(a)\n"),
    "decoding": ("python", "x = '%s' % ('a' * 999)\n"),
    "escapes": ("python", "x = b'" + r"\x90" * 60 + "'\n"),
    "braces": ("javascript", "while(1)"),
    "regexes": ("javascript", "=/["),
    "arrows": ("javascript", "a=()=>"),
    "types": ("c", "int x = "),
    "quotes": ("javascript", "'a' + "),
    "comments": ("javascript", "/* "),
    "words": ("sql", "select union "),
    "pipes": ("shell", "sh|"),
    "substitutions": ("shell", "$(a) "),
    "open": ("shell", "$(a "),
    "bombs": ("shell", "aaaaaaaa|"),
    "loops of shells": ("shell", "while true; do exit; "),
    "unknown": ("", "? word "),
}


@pytest.mark.uncounted
@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_with_the_size_and_no_faster(shape, uncollected):
    language, unit = SHAPES[shape]
    small, large = unit * (1_000 // len(unit)), unit * (16_000 // len(unit))

    judged(small, language)
    taken = []
    for code in (small, large):
        begin = time.thread_time()
        judged(code, language)
        taken.append(time.thread_time() - begin)

    # 16 times the size: linear is 16, quadratic 256; the least difference is noise
    assert taken[1] < max(taken[0], 0.003) * 128


@pytest.mark.parametrize(
    ("language", "unit", "limit"),
    [
        ("python", "x=1;", "python.program.NODES"),
        ("c", "x;", "plain.tokens.NODES"),
        ("shell", "a|a;", "plain.shell.COMMANDS"),
    ],
)
def test_more_than_is_looked_at_is_uncertain(monkeypatch, language, unit, limit):
    monkeypatch.setattr(f"ciranda_experts.security.{limit}", 100)

    finding = judged(unit * 100, language)

    assert finding.reason == "unreadable-code"
    assert "too long" in finding.evidence["unreadable"][0]["why"]


def test_31_kilobytes_of_names_take_no_half_second():
    begin = time.thread_time()
    judged("a_" * 15_500)
    judged("balance_" * 4_000, "")

    assert time.thread_time() - begin < 10


def test_reading_code_warns_nobody():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        finding = judged("x = '\\d'\ny = 1 is 1\n")

    assert finding.verdict is Verdict.APPROVED
    assert not caught


def test_nothing_that_is_read_is_run(monkeypatch):
    monkeypatch.setattr(sys, "security_was_run", False, raising=False)

    judged("import sys\nsys.security_was_run = True\nexec('import sys; sys.security_was_run = 1')")

    assert sys.security_was_run is False  # type: ignore[attr-defined]


numbers = st.integers(-20, 20).map(repr)
texts = st.text("ab%{}", max_size=4).map(repr)
leaves = numbers | texts | st.sampled_from(["True", "False", "None", "b'ab'", "(1, 2)", "''"])
operators = ["+", "-", "*", "//", "%", "==", "<", "and", "or", "in", "^", "<<", "is not", "**"]
formulas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(operators), inner),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[::-1]".format, inner),
        st.builds("{}.join(({}, {}))".format, texts, inner, inner),
        st.builds("{}.replace({}, {})".format, texts, inner, inner),
        st.builds("'{{}}-{{}}'.format({}, {})".format, inner, inner),
        st.builds("len({})".format, inner),
        st.builds("chr({})".format, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("'%s' % ({},)".format, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=share(150), deadline=None)
@given(formulas)
def test_what_is_worked_out_is_what_python_says(formula):
    tree = ast.parse(formula)
    program = Program(tree)
    folded = Folding(program).value(tree.body[0].value)
    if folded is UNKNOWN:
        return

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = eval(formula)  # the oracle; the formula is built above

    assert folded == expected
    assert type(folded) is type(expected)


@pytest.mark.uncounted
def test_code_is_read_in_several_threads_at_once():
    code = "x = " + "(" * 60 + "1" + ")" * 60 + "\n" + "y = [f(a, *b) for a, b in c]\n" * 40

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(judged, [code] * 64))

    assert {one.verdict for one in found} == {Verdict.APPROVED}
