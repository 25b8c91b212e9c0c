"""The grammar where it is ours: precedence, names, properties, places of faults, the q dialect."""

import subprocess
import sys

import pytest

from ciranda.expressions import Q_CONDITION, YAML, ExpressionError, Q, compile  # noqa: A004 - as users write it

SCOPE = {
    "a": 3,
    "n": None,
    "s": "héllo",
    "xs": [1, 2],
    "class": 5,
    "len": 6,
    "if_": 7,
    "été": 8,
    "名前": 9,
    "_": 10,
    "d": {"length": "own", "items": [1], "class": {"if": 1}, "b": {"c": 2}},
    "session": {"user": "ana"},
    "t": True,
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("true and True", True),
        ("null", None),
        ("[true, false, null]", [True, False, None]),
        ("n ?? 1 > 0", True),
        ("n ?? 1 + 1", 2),
        ("n ?? n ?? 4", 4),
        ("0 ?? 1", 0),
        ("zzz ?? 1", 1),
        ("d.x.y.z ?? 1", 1),
        ("xs[9] ?? 1", 1),
        ("(d.x + 1) ?? 1", 1),
        ("not n ?? true", False),
        ("[n ?? 0 for i in xs]", [0, 0]),
        ("n or 0 ?? 5", 0),
        ("class + len + if_", 18),
        ("été + 名前 + _", 27),
        ("len(xs) + len", 8),
        ("d.class.if", 1),
        ("d['class']['if']", 1),
        ("d.length", "own"),
        ("d.items", [1]),
        ("d.b.length", 1),
        ("s.length", 5),
        ("xs.length", 2),
        ("range(3).length", 3),
        ("d.b.items()", [("c", 2)]),
        ("d.items()[0]", ("length", "own")),
        ("d.get('zz', 1)", 1),
        ("d.keys()[0]", "length"),
        ("1 if a > 2 else 2 if a else 3", 1),
        ("[x for x in xs if x > 1]", [2]),
        ("[x if x > 1 else 0 for x in xs]", [0, 2]),
        ("{x: x * x for x in xs}", {1: 1, 2: 4}),
        ("(a,)", (3,)),
        ("()", ()),
        ("{}", {}),
        ("{1, 2}", {1, 2}),
        ("{'a': 1,}", {"a": 1}),
        ("[1, 2,]", [1, 2]),
        ("a\n+\n1", 4),
        ("  a ", 3),
        ("f'{s}: {a + 1:03d} {{}}'", "héllo: 004 {}"),
        ("f'{a!r}{\"}\"}'", "3}"),
        ("'%d%%' % a", "3%"),
        ("'\\u00e9\\x41\\n'", "éA\n"),
        ("'\u200d👩\u200d👧'", "\u200d👩\u200d👧"),
        ("'a' 'b'", "ab"),
        ("rf'\\{a}'", "\\3"),
        ("b'\\xff'", b"\xff"),
        ("d | {'z': 1} == 1", False),
        ("({'a': 1} | {'b': 2}).b", 2),
        ("dict(class=1).class", 1),
        ("0xff", 255),
        ("hash(1) == hash(1.0)", False),
        ("hash({'a': 1, 'b': 2}) == hash({'b': 2, 'a': 1})", True),
        ("json('é')", '"é"'),
        ("1 is 1", True),
        ("true is 1", False),
        ("n is null", True),
        ("a is not null", True),
    ],
)
def test_yaml(source, value):
    made = compile(source)(SCOPE)

    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("t && !n", True),
        ("n || a", 3),
        ("!a == n", False),
        ("!(a == n)", True),
        ("NOT n AND t OR n", True),
        ("a > 2 ? 'y' : 'n'", "y"),
        ("n ? 1 : t ? 2 : 3", 2),
        ("xs[t ? 0 : 1]", 1),
        ("xs[0:1]", [1]),
        ("t ? xs[1:] : n", [2]),
        ("'y' if a else 'n'", "y"),
        ("session.user + session.nope", "ana"),
        ("session.nope.length", 0),
        ("n ?? 1", 1),
        ("{a} + 1", 4),
        ("'1' == 1", False),
        ("d.b.c", 2),
    ],
)
def test_q(source, value):
    assert compile(source, dialect=Q)(SCOPE) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("'3' == a", True),
        ("{a} == '3.0'", True),
        ("'10' > a", True),
        ("a < '10'", True),
        ("'x' == a", False),
        ("'x' != a", True),
        ("t == 'true'", True),
        ("t == 'FALSE'", False),
        ("'10' < '9'", True),
        ("1 < '2' < 3", True),
        ("n == 'null'", False),
        ("{a} == 3 && {t}", True),
        ("'007' == 7", True),
        ("'1e3' == 1000", False),
        ("'' == 0", False),
        ("[1] == '1'", False),
    ],
)
def test_a_q_condition_compares_text_by_the_numeral_in_it(source, value):
    assert compile(source, dialect=Q_CONDITION)(SCOPE) is value


@pytest.mark.parametrize(
    ("source", "dialect", "message"),
    [
        ("a && b", YAML, "'&&' is not an operator here; write 'and'"),
        ("!a", YAML, "'!' is not an operator here; write 'not'"),
        ("a ? 1 : 2", YAML, "'?' is not an operator here; write 'x if test else y'"),
        ("a AND b", YAML, "'AND' is not expected here"),
        ("a & b", Q, "'&' is not an operator here"),
        ("f'{a}'", Q, "an f-string is not part of the language here"),
        ("{'a': 1}", Q, "':' is not expected here; expected '}'"),
        ("json(a)", Q, "there is no function 'json'"),
        ("a ? 1", Q, "'?' needs its ':'"),
        ("a if b", YAML, "'if' needs its 'else'"),
        ("'x' < a", Q_CONDITION, "cannot compare a text and a number with '<'"),
        ("(1", YAML, "the expression ends too early"),
        ("1)", YAML, "'\\)' closes nothing"),
        ("[1}", YAML, "expected ']' before '}'"),
        ("{'a': 1, 2}", YAML, "'}' is not expected here; expected ':'"),
        ("f(a=1, 2)", YAML, "an argument without a name cannot follow one with a name"),
        ("", YAML, "the expression ends too early"),
    ],
)
def test_a_fault_says_what_to_write(source, dialect, message):
    with pytest.raises(
        ExpressionError, match=f"^{message}$".replace("?", "\\?").replace("'{'", "'\\{'")
    ):
        compile(source, dialect=dialect)(SCOPE)


@pytest.mark.parametrize(
    ("source", "kind", "offset"),
    [
        ("a + zzz", "undefined", 4),
        ("a + d.zzz", "undefined", 6),
        ("d.b.c.e", "undefined", 6),
        ("d['zzz']", "undefined", 1),
        ("a + xs[7]", "index", 6),
        ("1 + a / (a - 3)", "zero", 6),
        ("a + (s * s)", "type", 7),
        ("a < s", "type", 2),
        ("[x / 0 for x in xs]", "zero", 3),
        ("[i for i in xs if i.z]", "undefined", 20),
        ("any(1 / x > y for x in xs)", "undefined", 12),
        ("n ?? (a + s)", "type", 8),
        ("s.nope()", "undefined", 2),
        ("len(5)", "type", 0),
        ("1 < a < s", "type", 6),
        ("a+a+a+a+a+a+a+a+a+a+a+s", "type", 21),
        ("[1 < x < s for x in xs]", "type", 7),
        ("f'ab{a / 0}'", "zero", 7),
        ("f'{a:q}'", "syntax", 3),
        ("{[]: 1}", "type", 0),
        ("[p for p, q in xs]", "type", 3),
        ("a if zzz else 1", "undefined", 5),
        ("-s", "type", 0),
        ("a\n + zzz", "undefined", 5),
        ("'a' * 10**9", "limit", 4),
        ("zzz.b.c", "undefined", 0),
    ],
)
def test_a_fault_has_its_place(source, kind, offset):
    with pytest.raises(ExpressionError) as caught:
        compile(source)(SCOPE)

    assert (caught.value.kind, caught.value.offset) == (kind, offset), caught.value


def test_a_picture_shows_the_line_and_a_caret():
    with pytest.raises(ExpressionError) as caught:
        compile("a +\n  d.lenght")(SCOPE)

    fault = caught.value
    assert (fault.line, fault.column) == (2, 5)
    assert fault.picture() == (
        "there is no property 'lenght'; did you mean 'length'?\n      d.lenght\n        ^"
    )


@pytest.mark.skipif(sys.version_info < (3, 10), reason="it does not list its own modules")
def test_only_the_standard_library_is_imported():
    script = (
        "import sys; import ciranda.expressions; "
        "roots = {name.partition('.')[0] for name in sys.modules} - {'ciranda', '__main__'}; "
        "print(roots - sys.stdlib_module_names)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path.endswith("engine"))},
    )
    assert done.stdout.strip() == "set()"
