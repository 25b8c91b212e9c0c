import pytest

from ciranda_quantum import QuantumError, compile as compile_template

from .stage import COLUMNS, component, fails, html, run, template

CARD = """<q:param name="title" required="true"/><q:param name="n" type="number" default="1"/>
<div><h2>{title}</h2><q:slot><em>empty</em></q:slot><q:slot name="foot">{n}</q:slot></div>"""
IMPORT = '<q:import component="Card"/>'


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ('<Card title="a"/>', "<h2>a</h2><em>empty</em>1"),
        ('<Card title="a"> </Card>', "<h2>a</h2><em>empty</em>1"),
        ('<Card title="{t}" n="5"><b>{t}</b></Card>', "<h2>T</h2><b>T</b>5"),
        ('<Card title="a"><template slot="foot">!</template></Card>', "<h2>a</h2><em>empty</em>!"),
        ('<Card title="a">x<template slot="foot">!</template>y</Card>', "<h2>a</h2>xy!"),
    ],
)
def test_a_component_shows_what_it_is_given(use, expected):
    assert html(IMPORT + use, {"t": "T"}, Card=CARD) == f"<div>{expected}</div>"


def test_a_component_can_have_another_name():
    body = '<q:import component="Card" as="Box"/><Box title="a"/>'

    assert html(body, Card=CARD) == "<div><h2>a</h2><em>empty</em>1</div>"


def test_properties_keep_their_types():
    inner = '<q:param name="xs"/>{xs.length}{n + 1}'

    assert html('<q:import component="In"/><In xs="{[1, 2]}" n="{5}"/>', In=inner) == "26"


@pytest.mark.parametrize(
    ("use", "kind"),
    [("<Card/>", "arguments"), ('<Card title="a" n="x"/>', "type"), ("<Crad/>", "compile")],
)
def test_properties_are_checked(use, kind):
    assert fails(IMPORT + use, Card=CARD).kind == kind


def test_a_fault_within_a_component_points_into_its_file():
    error = fails('<q:import component="In"/>\n<In/>', In="<p>\n{nope}</p>")

    assert (error.file, error.line, error.column) == ("In.q", 2, 2 if COLUMNS else 1)


def test_a_component_sees_only_its_properties():
    error = fails('<q:import component="In"/><In a="1"/>', {"secret": 1}, In="{a}{secret}")

    assert error.kind == "undefined"


def test_what_is_handed_in_sees_and_changes_the_variables_around_it():
    body = """<q:import component="Twice"/><q:set name="n" value="0"/>
        <q:loop var="i" from="1" to="2"><Twice><q:set name="n" operation="add" value="{i}"/>{i}{n} </Twice>
        </q:loop><q:return value="{n}"/>"""

    made = run(body, Twice="<q:slot/><q:slot/>")

    assert made.value == 6
    assert made.html == "11 12 24 26"


def test_what_one_user_handed_in_is_not_shown_to_the_next():
    made = template('<q:import component="Box"/><Box>{user}</Box>', Box="<q:slot>none</q:slot>")

    assert made.render(user="Ana") == "Ana"
    assert made.render(user="Rui") == "Rui"


def test_a_slot_can_be_handed_on():
    outer = '<q:import component="In"/><In><i><q:slot/></i></In>'

    assert html('<q:import component="Out"/><Out>x</Out>', Out=outer, In="<b><q:slot/></b>") == (
        "<b><i>x</i></b>"
    )


def test_components_within_themselves_are_bounded():
    assert fails('<q:import component="Me"/><Me/>', Me='<q:import component="Me"/><Me/>').kind == (
        "limit"
    )


def test_a_component_may_show_itself_as_long_as_it_ends():
    tree = """<q:import component="Tree"/><q:param name="node"/><li>{node.name}
<q:loop items="{node.children}" var="child"><Tree node="{child}"/></q:loop></li>"""
    data = {"root": {"name": "a", "children": [{"name": "b", "children": []}]}}

    made = html('<q:import component="Tree"/><Tree node="{root}"/>', data, Tree=tree)

    assert made == "<li>a\n<li>b\n</li></li>"


@pytest.mark.parametrize("name", ["../Card", "a/b", "card", "C:x", "__Card", ""])
def test_a_component_is_a_name_and_never_a_path(name):
    assert fails(f'<q:import component="{name}"/>').kind == "compile"


def test_a_component_that_does_not_exist_is_a_fault_of_the_import():
    error = fails('<p/>\n<q:import component="Nope"/>')

    assert error.kind == "compile"
    assert error.line == 2
    assert "Nope" in error.message


def test_components_come_from_a_function_too():
    def load(name):
        if name != "In":
            raise KeyError(name)
        return component("in", "In"), "folder/In.q"

    made = compile_template(component('<q:import component="In"/><In/>'), components=load)

    assert made.render() == "in"
    with pytest.raises(QuantumError, match="no component 'Out'"):
        compile_template(component('<q:import component="Out"/><Out/>'), components=load)


def test_session_is_seen_by_components():
    assert html('<q:import component="In"/><In/>', {"session": {"a": 1}}, In="{session.a}") == "1"
