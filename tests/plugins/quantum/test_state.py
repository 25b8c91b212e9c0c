import pytest

from .stage import fails, html, run, value


def kept(attributes, data=None):
    return value(f'<q:set name="x" {attributes}/><q:return value="{{x}}"/>', data)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('value="5"', 5),
        ('value="1.5"', 1.5),
        ('value="-3"', -3),
        ('value="007"', "007"),
        ('value="1.50"', "1.50"),
        ('value="1e5"', "1e5"),
        ('value="true"', "true"),
        ('value=""', ""),
        ('value="[1, 2]"', "[1, 2]"),
        ('value="{[1, 2]}"', [1, 2]),
        ('value="{1 + 1} b"', "2 b"),
        ('value="{{x}}"', "{x}"),
        ('type="string" value="007"', "007"),
        ('type="string" value="{5}"', "5"),
        ('type="string" value="{[1]}"', "[1]"),
        ('type="number" value="42"', 42),
        ('type="number" value="{5 / 2}"', 2.5),
        ('type="number" value="2.50"', 2.5),
        ('type="integer" value="{6 / 2}"', 3),
        ('type="decimal" value="2"', 2.0),
        ('type="boolean" value="yes"', True),
        ('type="boolean" value="0"', False),
        ('type="boolean" value="{1}"', True),
        ('type="array" value="[1, \'a\']"', [1, "a"]),
        ('type="array" value="{(1, 2)}"', [1, 2]),
        ('type="array" value=\'[{"a": 1}]\'', [{"a": 1}]),
        ("type=\"object\" value=\"{'a': True, 'b': None}\"", {"a": True, "b": None}),
        ('type="object" value="{}"', {}),
        ('type="json" value=\'{"a": [1, {"b": null}]}\'', {"a": [1, {"b": None}]}),
        ('type="date" value="2024-02-29"', "2024-02-29"),
        ('type="datetime" value="2024-02-29T12:00:00Z"', "2024-02-29T12:00:00Z"),
        ('value="{null}" default="7"', 7),
        ('value="{session.clicks}" default="0" type="number"', 0),
        ('default="7"', 7),
    ],
)
def test_a_value_has_the_type_that_its_declaration_says(attributes, expected):
    made = kept(attributes)

    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ('type="number" value="abc"', "type"),
        ('type="number" value=""', "type"),
        ('type="integer" value="2.5"', "type"),
        ('type="boolean" value="flase"', "type"),
        ('type="array" value="nope"', "type"),
        ('type="object" value="[1]"', "type"),
        ('type="date" value="2023-02-29"', "type"),
        ('type="datetime" value="noon"', "type"),
        ('value="" required="true"', "validation"),
        ('value="{null}" nullable="false"', "validation"),
        ('value="nope" validate="email"', "validation"),
        ('value="123.456.789-00" validate="cpf"', "validation"),
        ('value="111.111.111-11" validate="cpf"', "validation"),
        ('value="11.222.333/0001-82" validate="cnpj"', "validation"),
        ('value="4111 1111 1111 1112" validate="creditcard"', "validation"),
        ('value="300.1.1.1" validate="ipv4"', "validation"),
        ('value="zz" validate="ipv6"', "validation"),
        ('value="123" validate="cep"', "validation"),
        ('value="12345" validate="phone"', "validation"),
        ('value="x" validate="uuid"', "validation"),
        ('value="javascript:alert(1)" validate="url"', "validation"),
        ('value="abc1" pattern="[a-z]+"', "validation"),
        ('value="50" type="number" range="1..10"', "validation"),
        ('value="x" enum="a,b"', "validation"),
        ('value="ab" minlength="3"', "validation"),
        ('value="abcd" maxlength="3"', "validation"),
        ('value="2026-01-01" range="2024-01-01..2025-12-31"', "validation"),
    ],
)
def test_a_value_that_does_not_fit_is_an_error(attributes, kind):
    assert fails(f'<q:set name="x" {attributes}/>').kind == kind


@pytest.mark.parametrize(
    ("start", "operation", "expected"),
    [
        ('type="number" value="5"', 'operation="increment"', 6),
        ('type="number" value="5"', 'operation="increment" step="5"', 10),
        ('type="number" value="5"', 'operation="decrement" step="{n}"', 3),
        ('type="number" value="5"', 'operation="add" value="{n}"', 7),
        ('type="number" value="5"', 'operation="subtract" value="1.5"', 3.5),
        ('type="number" value="5"', 'operation="multiply" value="3"', 15),
        ('type="number" value="5"', 'operation="divide" value="2"', 2.5),
        ('type="number" value="5"', 'operation="modulo" value="3"', 2),
        ('value="{true}"', 'operation="toggle"', False),
        ('type="array" value="[1]"', 'operation="append" value="0"', [1, 0]),
        ('type="array" value="[1]"', 'operation="append" value="{[2]}"', [1, [2]]),
        ('type="array" value="[3, 1, 3, 2]"', 'operation="unique"', [3, 1, 2]),
        ('type="array" value="[3, 1, 2]"', 'operation="sort"', [1, 2, 3]),
        ('type="array" value="[3, 1, 2]"', 'operation="reverse"', [2, 1, 3]),
        ('type="array" value="[3, 1]"', 'operation="clear"', []),
        ('type="array" value="[3, 1]"', 'operation="remove" value="9"', [3, 1]),
        ('type="array" value="[3, 1]"', 'operation="removeAt" index="{n - 1}"', [3]),
        ('type="array" value="[3, 1]"', 'operation="removeAt" index="-1"', [3, 1]),
        ("type=\"object\" value='{\"a\": 1}'", "operation=\"merge\" value='{\"b\": 2}'", {"a": 1, "b": 2}),
        ("type=\"object\" value='{\"a\": 1}'", 'operation="merge" value="{o}"', {"a": 1, "z": 0}),
        ("type=\"object\" value='{\"a\": 1}'", 'operation="setProperty" key="{k}" value="v"', {"a": 1, "kk": "v"}),
        ("type=\"object\" value='{\"a\": 1}'", 'operation="deleteProperty" key="a"', {}),
        ("type=\"object\" value='{\"a\": 1}'", 'operation="deleteProperty" key="b"', {"a": 1}),
        ('value=" aB "', 'operation="trim"', "aB"),
        ('value="aB"', 'operation="uppercase"', "AB"),
        ('value="aB"', 'operation="lowercase"', "ab"),
        ('value="1"', 'operation="uppercase" value="{k}"', "KK"),
    ],
)  # fmt: skip
def test_an_operation_changes_the_variable(start, operation, expected):
    body = f'<q:set name="x" {start}/><q:set name="x" {operation}/><q:return value="{{x}}"/>'
    made = value(body, {"n": 2, "k": "kk", "o": {"z": 0}})

    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("increment", 1), ("decrement", -1), ('add" value="5', 5), ('append" value="a', ["a"]),
        ('setProperty" key="k" value="v', {"k": "v"}), ("toggle", True), ("uppercase", ""),
    ],
)  # fmt: skip
def test_an_operation_on_nothing_has_something_to_begin_with(operation, expected):
    assert kept(f'operation="{operation}"') == expected
    assert (
        kept(f'scope="session" operation="{operation}"'.replace("x", "x"), {"x": expected})
        == expected
    )


@pytest.mark.parametrize(
    ("start", "operation"),
    [
        ('value="abc"', 'operation="add" value="1"'),
        ('value="abc"', 'operation="increment"'),
        ('type="number" value="1"', 'operation="add" value="{t}"'),
        ('type="number" value="1"', 'operation="append" value="1"'),
        ('type="number" value="1"', 'operation="setProperty" key="a" value="1"'),
        ('type="array" value="[1]"', 'operation="merge" value="{o}"'),
        ('type="array" value="[1, \'a\']"', 'operation="sort"'),
        ('value="x"', 'operation="toggle"'),
    ],
)
def test_an_operation_on_the_wrong_kind_of_value_is_an_error(start, operation):
    body = f'<q:set name="x" {start}/><q:set name="x" {operation}/>'

    assert fails(body, {"t": "5", "o": {}}).kind == "type"


def test_dividing_by_zero_is_an_error():
    assert fails(
        '<q:set name="x" value="1"/><q:set name="x" operation="divide" value="0"/>'
    ).kind == ("runtime")


def test_lists_have_value_semantics():
    made = run(
        """
        <q:set name="a" type="array" value="[1]"/>
        <q:set name="b" value="{a}"/>
        <q:set name="a" operation="append" value="2"/>
        <q:set name="c" operation="clone" source="a"/>
        <q:set name="c" operation="append" value="3"/>
        <q:set name="all" value="{[a]}"/>
        <q:set name="a" operation="append" value="4"/>
        """
    ).variables

    assert made["a"] == [1, 2, 4]
    assert made["b"] == [1]
    assert made["c"] == [1, 2, 3]
    assert made["all"] == [[1, 2]]


def test_a_list_that_a_loop_runs_over_may_grow_meanwhile():
    body = """
        <q:set name="a" type="array" value="[1, 2]"/>
        <q:loop items="{a}" var="x"><q:set name="a" operation="append" value="{x * 10}"/></q:loop>
        <q:return value="{a}"/>"""

    assert value(body) == [1, 2, 10, 20]


def test_what_the_caller_hands_in_stays_as_it_is():
    data = {"xs": [1], "o": {"a": 1}}

    made = run(
        '<q:set name="xs" operation="append" value="2"/>'
        '<q:set name="o" operation="setProperty" key="b" value="2"/>',
        data,
    )

    assert data == {"xs": [1], "o": {"a": 1}}
    assert made.variables["xs"] == [1, 2]
    assert made.variables["o"] == {"a": 1, "b": 2}


def test_scopes_are_maps_of_the_caller():
    session = {"n": 1}

    made = run(
        '<q:set name="session.n" operation="increment"/>'
        '<q:set name="theme" scope="session" value="dark"/>'
        '<q:set name="request.id" value="7"/>'
        '<q:return value="{session.n}{session.theme}{session.nothing}{request.id}"/>',
        {"session": session},
    )

    assert made.value == "2dark7"
    assert session == {"n": 2, "theme": "dark"}


def test_expressions_may_stand_within_written_out_json():
    body = '<q:set name="o" type="object" value=\'{"name": "{n}!", "same": "{n}"}\'/>'

    assert run(body, {"n": "Ana"}).variables["o"] == {"name": "Ana!", "same": "Ana"}


def test_a_value_cannot_change_the_list_that_it_stands_in():
    body = '<q:set name="l" type="array" value="[{a}, {b}, {n + 1}]"/>'

    made = run(body, {"a": "1], [2", "b": '"', "n": 1}).variables["l"]

    assert made == ["1], [2", '"', 2]


def test_scopes_that_came_to_be_are_among_the_variables():
    assert run('<q:set name="session.n" value="1"/>').variables["session"] == {"n": 1}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('value="42"', 42), ('value="007"', "007"), ('value="1.5"', 1.5), ('value="yes"', "yes"),
        ("value=\"'42'\"", "42"), ("value='[1, {\"a\": 2}]'", [1, {"a": 2}]), ('value="null"', None),
        ('value="true"', True), ('value="{n}"', 3), ('value="{n}" type="string"', "3"),
        ('value="n is {n}"', "n is 3"), ('value="5" type="decimal"', 5.0), ("", None),
    ],
)  # fmt: skip
def test_what_a_return_writes_out_is_read_as_it_looks(attributes, expected):
    made = value(f"<q:return {attributes}/>", {"n": 3})

    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("param", "data", "expected"),
    [
        ('type="number" default="5"', {}, 5),
        ('type="number"', {"p": "7"}, 7),
        ('type="number"', {}, None),
        ('default="{1 + 1}"', {}, 2),
        ('type="array" default="[1]"', {}, [1]),
        ('type="boolean"', {"p": "true"}, True),
        ('type="email"', {"p": "a@b.co"}, "a@b.co"),
        ("", {"p": [1]}, [1]),
    ],
)
def test_parameters_of_the_root_have_defaults_and_types(param, data, expected):
    made = value(f'<q:param name="p" {param}/><q:return value="{{p}}"/>', data)

    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("param", "data", "kind"),
    [
        ('required="true"', {}, "arguments"),
        ('required="true"', {"p": None}, "arguments"),
        ('type="number"', {"p": "x"}, "type"),
        ('type="email"', {"p": "x"}, "validation"),
        ('type="number" min="1"', {"p": 0}, "validation"),
        ('default="x" enum="a,b"', {}, "validation"),
        ('pattern="\\d{3}"', {"p": "12"}, "validation"),
    ],
)
def test_parameters_of_the_root_are_checked(param, data, kind):
    assert fails(f'<q:param name="p" {param}/>', data).kind == kind


@pytest.mark.parametrize(
    ("start", "expected"),
    [(0, 6), (0.5, 6.5), (1 << 40, (1 << 40) + 6), (-(1 << 40), 6 - (1 << 40)), (True, 7)],
)
def test_what_is_handed_in_is_added_up_as_what_it_is(start, expected):
    body = (
        '<q:loop var="i" from="1" to="3"><q:set name="total" value="{total + i}"/></q:loop>'
        '<q:return value="{total}"/>'
    )

    result = value(body, {"total": start})

    assert result == expected
    assert type(result) is type(expected)


def test_a_text_is_not_added_to_a_number():
    body = '<q:loop var="i" from="1" to="3"><q:set name="total" value="{total + i}"/></q:loop>'

    assert fails(body, {"total": "1"}).kind == "type"
    assert fails(body).kind == "undefined"


def test_a_loop_without_turns_needs_no_variable():
    body = '<q:loop items="{none}" var="i"><q:set name="t" value="{t + 1}"/></q:loop>ok'

    assert html(body, {"none": []}) == "ok"


@pytest.mark.parametrize(
    "grown", ["{n + n}", "{n * 2}", "{n * n}", "{n + n * n}", "{n * n + i}", "{big + n}"]
)
def test_numbers_of_unknown_kind_have_a_bound(grown):
    body = f'<q:loop var="i" from="1" to="5000"><q:set name="n" value="{grown}"/></q:loop>{{n}}'

    assert fails(body, {"n": 3, "big": (1 << 4096) - 5}).kind == "limit"


@pytest.mark.parametrize(
    ("a", "b", "c", "expected"),
    [
        (2, 3, 4, "14"),
        (2, 3, 0.5, "3.5"),
        ("x<", "y", 2, "x&lt;yy"),
        ([1], [2], 2, "[1, 2, 2]"),
        (True, 1, 1, "2"),
        (1 << 40, 1 << 40, 3, str(4 << 40)),
    ],
)
def test_arithmetic_of_unknown_kinds_is_that_of_the_values(a, b, c, expected):
    assert html("{a + b * c}", {"a": a, "b": b, "c": c}) == expected
