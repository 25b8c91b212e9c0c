import pytest

from .stage import fails, html, run, value


def turns(loop, data=None):
    body = f'<q:set name="l" type="array" value="[]"/>{loop}<q:return value="{{l}}"/>'
    return value(body, data)


def append(what):
    return f'<q:set name="l" operation="append" value="{what}"/>'


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('from="1" to="3"', [1, 2, 3]),
        ('from="3" to="1"', [3, 2, 1]),
        ('from="3" to="1" step="-1"', [3, 2, 1]),
        ('from="10" to="1" step="-3"', [10, 7, 4, 1]),
        ('from="1" to="6" step="2"', [1, 3, 5]),
        ('from="{n}" to="{n + 1}"', [2, 3]),
        ('from="1" to="{zero}"', []),
        ('from="1" to="{text}"', [1, 2, 3]),
        ('type="range" from="1" to="n"', [1, 2]),
        ('from="-1" to="1"', [-1, 0, 1]),
        ('from="1" to="1"', [1]),
    ],
)
def test_a_loop_counts_with_both_ends(attributes, expected):
    loop = f'<q:loop var="i" {attributes}>{append("{i}")}</q:loop>'

    assert turns(loop, {"n": 2, "zero": 0, "text": "3"}) == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('items="{xs}" var="x"', ["a", "b"]),
        ('items="xs" var="x"', ["a", "b"]),
        ('items="{(1, 2)}" var="x"', [1, 2]),
        ('items="{range(2)}" var="x"', [0, 1]),
        ('items="{o.values()}" var="x"', [1, 2]),
        ('type="list" items="a, b ,c" var="x"', ["a", "b", "c"]),
        ('type="list" items="a|b" delimiter="|" var="x"', ["a", "b"]),
        ('type="list" items="{t}" var="x"', ["p", "q"]),
        ('type="list" items="" var="x"', []),
        ('type="object" items="{o}" var="x"', [1, 2]),
        ('type="object" items="{o}" index="x"', ["k", "m"]),
    ],
)
def test_a_loop_runs_over_items(attributes, expected):
    data = {"xs": ["a", "b"], "o": {"k": 1, "m": 2}, "t": "p, q"}

    assert turns(f"<q:loop {attributes}>{append('{x}')}</q:loop>", data) == expected


def test_a_loop_counts_its_turns():
    assert turns(
        f'<q:loop items="{{xs}}" var="x" index="k">{append("{k}{x}")}</q:loop>', {"xs": ["a", "b"]}
    ) == ["0a", "1b"]
    assert turns(f'<q:loop var="i" from="5" to="6" index="k">{append("{[k, i]}")}</q:loop>') == [
        [0, 5], [1, 6],
    ]  # fmt: skip


def test_break_and_continue_leave_the_innermost_loop():
    loop = f"""<q:loop var="i" from="1" to="3"><q:loop var="j" from="1" to="3">
        <q:if condition="j == 2"><q:continue/></q:if>
        <q:if condition="i == 3"><q:break/></q:if>{append("{i}{j}")}</q:loop></q:loop>"""

    assert turns(loop) == ["11", "13", "21", "23"]


def test_a_loop_asks_before_every_turn():
    body = """<q:set name="n" value="0"/>
        <q:loop while="n &lt; 3" index="k"><q:set name="n" operation="increment"/>{k}</q:loop>"""

    made = run(body)

    assert made.variables["n"] == 3
    assert made.html == "012"


def test_loop_variables_are_lexical():
    body = """<q:set name="i" value="outer"/><q:loop var="i" from="1" to="2">{i}</q:loop>{i}"""

    assert html(body) == "12outer"
    assert fails('<q:loop var="i" from="1" to="2">{i}</q:loop>{i}').kind == "undefined"


def test_a_row_of_a_query_hides_no_variable_that_is_set():
    body = """<q:set name="name" value="outer"/><q:loop query="rows" var="r">
        <q:set name="x" value="{r.name}{name}{rows.name}{other}"/></q:loop><q:return value="{x}"/>"""

    assert value(body, {"rows": [{"name": "row"}], "other": "!"}) == "rowrowrow!"


@pytest.mark.parametrize(
    ("condition", "data", "expected"),
    [
        ("n == 20", {"n": "20"}, True),
        ("n == 20", {"n": "20.0"}, True),
        ("n == 20", {"n": "x"}, False),
        ("n &gt;= 18", {"n": "9"}, False),
        ("n &gt;= 18", {"n": "100"}, True),
        ("{n} &gt;= {m}", {"n": "9", "m": 10}, False),
        ("flag == true", {"flag": "True"}, True),
        ("a == 'x' and b != 'y'", {"a": "x", "b": "z"}, True),
        ("a == b", {"a": "5", "b": "5.0"}, False),
        ("1 &lt; n &lt; 5", {"n": 3}, True),
        ("'a' in xs", {"xs": ["a"]}, True),
        ("NOT xs", {"xs": []}, True),
        ("a &amp;&amp; !b", {"a": 1, "b": 0}, True),
        ("a || b", {"a": 0, "b": 0}, False),
        ("(n &gt; 1 ? 'a' : 'b') == 'a'", {"n": 2}, True),
        ("xs", {"xs": "False"}, True),
        ("user.name == 'Ana'", {"user": {"name": "Ana"}}, True),
        ("'10' &lt; n", {"n": 9}, False),
    ],
)
def test_conditions_compare_text_and_numbers_by_what_they_say(condition, data, expected):
    body = f'<q:if condition="{condition}">yes<q:else>no</q:else></q:if>'

    assert html(body, data) == ("yes" if expected else "no")


def test_the_first_branch_that_holds_runs_and_later_tests_are_not_asked():
    body = """<q:if condition="n == 1">one<q:elseif condition="n == 2">two</q:elseif>
        <q:elseif condition="missing">never</q:elseif><q:else>other</q:else></q:if>"""

    assert html(body, {"n": 1}) == "one"
    assert html(body, {"n": 2}) == "two"
    assert html(body, {"n": 3, "missing": 0}) == "other"
    assert fails(body, {"n": 3}).kind == "undefined"


def test_a_return_ends_the_run():
    made = run('a<q:if condition="true"><q:return value="1"/></q:if>b<q:set name="x" value="1"/>')

    assert made.value == 1
    assert made.html == "a"
    assert "x" not in made.variables


def test_a_return_within_elements_closes_them():
    assert html("<div><p>a<q:return/></p></div>") == "<div><p>a</p></div>"
    body = '<ul><q:loop var="i" from="1" to="3"><li>{i}<q:if condition="i == 2"><q:break/></q:if></li></q:loop></ul>'

    assert html(body) == "<ul><li>1</li><li>2</li></ul>"


def test_a_return_in_a_loop_adds_to_the_results():
    loop = '<q:loop var="i" from="1" to="3"><q:if condition="i != 2"><q:return value="{i}"/></q:if></q:loop>'

    assert value(loop) == [1, 3]
    assert value(f'{loop}<q:return value="end"/>') == "end"


def test_what_fails_is_caught_with_message_and_type():
    body = """<q:try><q:throw message="no {n}" type="mine"/>
        <q:catch var="e" type="other">wrong</q:catch>
        <q:catch var="e" type="mine">{e.type}: {e.message}</q:catch>
        <q:finally>!</q:finally></q:try>"""

    assert html(body, {"n": 1}) == "mine: no 1!"
    assert html('<q:try>{nope}<q:catch var="e">{e.type}</q:catch></q:try>') == "undefined"
    assert (
        html('<q:try>{1 / 0}<q:catch var="e">{e.message}</q:catch></q:try>') == "division by zero"
    )


def test_what_no_catch_wants_goes_on_and_finally_runs():
    log = []
    from ciranda_quantum import Host, QuantumError

    from .stage import template

    made = template(
        '<q:try><q:throw message="m" type="a"/><q:catch type="b"/>'
        '<q:finally><q:log message="done"/></q:finally></q:try>',
        host=Host(log=lambda level, message: log.append(message)),
    )

    with pytest.raises(QuantumError, match="m") as caught:
        made.run()
    assert caught.value.kind == "thrown"
    assert log == ["done"]


def test_what_was_tried_puts_out_whole_elements_only():
    body = """<q:try><p>a</p><div><b>{1 / 0}</b></div><q:catch><i>c</i></q:catch></q:try>"""

    assert html(body) == "<p>a</p><i>c</i>"


@pytest.mark.parametrize("bad", ["{'a' * 99999999}", "{x.__class__}", "{2 ** 99999}"])
def test_limits_and_security_are_not_caught(bad):
    from ciranda_quantum import QuantumError

    with pytest.raises(QuantumError):
        run(f"<q:try>{bad}<q:catch>caught</q:catch></q:try>", {"x": 1})


def test_logs_are_kept_with_their_level():
    made = run(
        '<q:log message="a {n}" level="warning"/><q:log message="b" when="n &gt; 5"/>', {"n": 1}
    )

    assert made.logs == (("warning", "a 1"),)


def test_loops_run_over_views_of_a_dict_of_the_host():
    names = {"a": 1, "b": 2}
    body = '<q:loop items="{xs}" var="x"><q:return value="{x}"/></q:loop>'

    assert value(body, {"xs": names.keys()}) == ["a", "b"]
    assert value(body, {"xs": names.values()}) == [1, 2]
    assert value(body, {"xs": names.items()}) == [["a", 1], ["b", 2]]
