"""What the compiler believes of values: whatever it believes, the page is the same and escaped."""

import pytest

from .stage import fails, html, value

EVIL = "<b>"
SHOWN = "&lt;b&gt;"
DATA = {"evil": EVIL, "none": None, "list": [1], "three": 3}


@pytest.mark.parametrize("name", ["len", "str"])
def test_a_function_named_like_a_built_in_one_gives_what_it_returns(name):
    function = (
        f'<q:function name="{name}"><q:param name="x"/><q:return value="{{x}}"/></q:function>'
    )

    assert html(f"{function}<p>{{{name}(evil)}}</p>", DATA) == f"<p>{SHOWN}</p>"
    assert html(f"{function}<p>{{{name}(list)}}</p>", DATA) == "<p>[1]</p>"
    body = f'{function}<q:set name="q" value="{{{name}(evil)}}"/><p a="{{q}}">{{q + evil}}</p>'
    assert html(body, DATA) == f'<p a="{SHOWN}">{SHOWN}{SHOWN}</p>'


@pytest.mark.parametrize(
    "declares",
    [
        '<q:set name="x" type="{kind}" value="{none}"/>',
        '<q:set name="x" type="{kind}" default="{none}"/>',
        '<q:set name="x" type="{kind}" value="{none}" default="{none}"/>',
        '<q:set name="x" type="{kind}" operation="clone" source="{none}"/>',
        '<q:param name="x" type="{kind}"/>',
        '<q:param name="x" type="{kind}" default="{none}"/>',
        '<q:param name="x" type="{kind}" default="{none}" required="true"/>',
    ],
)
@pytest.mark.parametrize("kind", ["number", "integer", "string", "boolean", "array"])
def test_null_stays_null_whatever_the_type(declares, kind):
    assert html(declares.replace("{kind}", kind) + '<p a="{x}">{x}</p>', DATA) == "<p></p>"


def test_a_default_takes_the_place_of_null():
    param = '<q:param name="x" type="{}" default="5"/><p a="{{x}}">{{x}}</p>'

    for kind in ("number", "string"):
        assert html(param.format(kind), {"x": None}) == '<p a="5">5</p>'
    function = '<q:function name="f"><q:param name="n" type="number" default="5"/>'
    function += '<q:return value="{n + 1}"/></q:function>'
    assert value(f'{function}<q:return value="{{f(null)}}"/>') == 6


@pytest.mark.parametrize(
    ("param", "data", "expected"),
    [
        ('default="5"', {}, "5"),
        ('default="5"', {"p": 7}, 7),
        ('default="{5}"', {}, 5),
        ('type="number" default="5"', {}, 5),
    ],
)
def test_a_parameter_is_text_as_far_as_it_is_written_out(param, data, expected):
    made = value(f'<q:param name="p" {param}/><q:return value="{{p}}"/>', data)

    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        ('<q:set name="x" type="string" operation="increment"/>', "1"),
        ('<q:set name="x" type="number" operation="increment"/>', 1),
        ('<q:set name="x" type="decimal" operation="add" value="2"/>', 2.0),
        ('<q:set name="x" type="number" operation="toggle"/>', 1),
        ('<q:set name="x" type="string" operation="append" value="a"/>', ["a"]),
        ('<q:set name="x" type="number" operation="append" value="{evil}"/>', [EVIL]),
        ('<q:set name="x" type="number" operation="clone" source="{three}"/>', 3),
    ],
)
def test_the_type_of_an_operation_is_that_of_its_result(sets, expected):
    made = value(f'{sets}<q:return value="{{x}}"/>', DATA)

    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    "sets",
    [
        '<q:set name="x" type="number" operation="uppercase" value="{evil}"/>',
        '<q:set name="x" type="number" operation="clone" source="{evil}"/>',
        '<q:set name="x" value="5"/><q:set name="x" type="integer" operation="divide" value="2"/>',
    ],
)
def test_a_result_that_is_not_of_the_type_fails(sets):
    assert fails(f"{sets}{{x}}", DATA).kind == "type"


@pytest.mark.parametrize(
    "body",
    [
        '<q:set name="n" value="1"/><q:set name="n" operation="trim" value="{evil}"/>{n}',
        '<q:set name="n" value="{1 ? evil : 2}"/>{n}',
        '<q:loop var="i" from="1" to="1"><q:loop var="x" items="{[evil]}">'
        '<q:set name="i" value="{x}"/></q:loop>{i}</q:loop>',
        '<q:set name="n" value="1"/>{[n for n in [evil]][0]}',
        '<q:set name="n" value="1"/><q:data name="n" type="csv">a&#10;&lt;b></q:data>{n[0].a}',
        '<q:function name="f"><q:set name="n" scope="component" value="{evil}"/></q:function>'
        '<q:set name="n" value="1"/><q:set name="d" value="{f()}"/>{n}',
        '<q:function name="f"><q:param name="n" type="number" required="true"/>'
        '<q:set name="n" value="{evil}"/><q:return value="{n}"/></q:function>{f(1)}',
        '<q:onEvent event="e"><q:set name="n" value="{event}"/></q:onEvent>'
        '<q:set name="n" value="1"/><q:dispatchEvent event="e" data="{evil}"/>{n}',
        '<q:set name="x" scope="session" type="number" value="5"/><q:set name="n" value="{evil}"/>{n}',
    ],
)  # fmt: skip
def test_a_name_that_changes_its_type_is_still_escaped(body):
    assert html(body, DATA) == SHOWN
