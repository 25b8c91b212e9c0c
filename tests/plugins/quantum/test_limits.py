"""What a run may take: whatever a template asks for, it is stopped early, and cheaply."""

import pytest

from .stage import fails, run

TREE = (
    '<q:set name="s" value="{[1]}"/><q:set name="t" value="{[1]}"/>'
    '<q:loop var="i" from="1" to="24">'
    '<q:set name="s" value="{[s, s]}"/><q:set name="t" value="{[t, t]}"/></q:loop>'
)
"""A few lists that are millions when they are written out."""

PAIRS = (
    '<q:set name="s" value="{(1, 1)}"/>'
    '<q:loop var="i" from="1" to="24"><q:set name="s" value="{(s, s)}"/></q:loop>'
)
NUMBERS = '<q:set name="l" value="{list(range(20000))}"/>'
ROWS = {"rows": [{"a": 1}]}


@pytest.mark.uncounted
@pytest.mark.parametrize(
    "body",
    [
        "{s}", '<p title="{s}"/>', '<a href="{s}"/>', '<p style="{s}"/>', '<p onclick="{s}"/>',
        "{s == t}", "{s in [t]}", '<q:return value="{s}"/>', '<q:dump var="s"/>',
        '<q:throw message="{s}"/>', '<q:log message="{s}"/>', '<q:set name="x" value="{s}!"/>',
        '<q:set name="x" type="string" value="{s}"/>', '<q:set name="x" value="{s}" enum="a,b"/>',
        '<q:set name="x" value="{s}" pattern="a"/>', '<q:set name="x" value="{s}" validate="email"/>',
        '<q:set name="s" operation="uppercase"/>', '<q:set name="s" operation="unique"/>',
        '<q:set name="s" operation="remove" value="{t[0]}"/>',
        '<q:data name="o" type="json" value="{[dict(a=s)]}"><q:column name="a" type="string"/></q:data>',
        '<q:data name="o" type="json" value="{[dict(a=s)]}"><q:transform><q:unique/></q:transform></q:data>',
        '<q:query name="o" source="rows">SELECT :x FROM rows<q:param name="x" value="{s}"/></q:query>',
        '<q:set name="r" value="{[dict(a=s)]}"/><q:query name="o" source="r">SELECT a FROM r</q:query>',
    ],
)  # fmt: skip
def test_a_value_that_is_large_when_written_out_is_never_written_out(body):
    assert fails(TREE + body, ROWS).kind == "limit"


@pytest.mark.uncounted
@pytest.mark.parametrize("cache", ['cache="true"', 'cache="60s"', 'memoize="true"'])
def test_a_function_that_remembers_pays_for_looking_at_its_arguments(cache):
    function = f'<q:function name="f" {cache}><q:param name="x"/><q:return value="1"/></q:function>'

    assert fails(f"{function}{TREE}{{f(s)}}").kind == "limit"
    assert fails(f"{function}{TREE}{{f(x=s)}}").kind == "limit"


@pytest.mark.uncounted
@pytest.mark.parametrize(
    "body",
    [
        '<q:set name="o" operation="setProperty" key="{s}" value="1"/>',
        '<q:set name="o" operation="deleteProperty" key="{s}"/>',
    ],
)
def test_a_key_that_is_large_is_paid_for(body):
    assert fails(PAIRS + body).kind == "limit"


@pytest.mark.uncounted
@pytest.mark.parametrize(
    "body",
    [
        '<q:set name="m" value="{l}"/><q:set name="l" operation="append" value="1"/>',
        '<q:set name="l" operation="prepend" value="1"/>',
        '<q:set name="l" operation="remove" value="{0 - 1}"/>',
        '<q:set name="l" operation="reverse"/>',
        '<q:set name="session.l" value="{l}"/><q:set name="session.l" operation="append" value="1"/>',
        '<q:set name="text" value="{text}{text}"/>',
        '<q:set name="text" value="{big}!"/>',
        '<q:set name="x" type="array" value="{json}"/>',
        '<q:set name="x" value="{big}" pattern=".*a.*b"/>',
        '<q:set name="x" value="{big}" pattern="(a|ab)*c"/>',
    ],
)
def test_a_step_that_takes_long_is_paid_for_each_time(body):
    data = {"text": "ab", "big": "a" * 100_000, "json": f"[{'1,' * 20_000}1]"}

    error = fails(f'{NUMBERS}<q:loop var="i" from="1" to="90000">{body}</q:loop>', data)

    assert error.kind == "limit"


def test_an_object_that_others_hold_is_copied_at_a_price():
    body = (
        '<q:set name="o" type="object" value="{}"/><q:loop var="i" from="1" to="90000">'
        '<q:set name="p" value="{o}"/>'
        '<q:set name="o" operation="setProperty" key="{i}" value="1"/></q:loop>'
    )

    assert fails(body).kind == "limit"


def test_a_page_is_measured_before_its_cells_are_joined():
    body = '<q:loop items="{[s] * 9999}" var="x"><b>{x}</b></q:loop>'

    assert fails(body, {"s": "<" * 50_000}).kind == "limit"
    assert len(run(body, {"s": "<"}).html) == 9999 * len("<b>&lt;</b>")


def test_short_lines_under_a_long_head_are_paid_for():
    text = ",".join(map(str, range(5000))) + "\n" + "x\n" * 1000

    assert fails('<q:data name="o" value="{s}"/>', {"s": text}).kind == "limit"


@pytest.mark.uncounted
@pytest.mark.parametrize("name", ["text", "sort", "dump", "unique"])
def test_lists_within_lists_end_as_a_limit(name):
    body = {
        "text": "{s}",
        "dump": '<q:dump var="s"/>',
        "sort": '<q:set name="s" value="{sorted([s, [s]])}"/>',
        "unique": '<q:set name="s" operation="unique"/>',
    }[name]
    deep = (
        '<q:set name="s" value="{[1]}"/><q:loop var="i" from="1" to="90000">'
        '<q:set name="s" value="{[s]}"/></q:loop>'
    )

    assert fails(deep + body).kind == "limit"


@pytest.mark.uncounted
def test_the_limit_of_calls_is_told_at_the_function():
    function = (
        '\n<q:function name="f"><q:param name="n"/><q:if condition="n &lt; 2">'
        '<q:return value="1"/></q:if><q:return value="{f(n - 1) + f(n - 2)}"/></q:function>{f(40)}'
    )

    error = fails(function)

    assert (error.kind, error.line) == ("limit", 2)
