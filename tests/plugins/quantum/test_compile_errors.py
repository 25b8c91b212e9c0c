import pytest

from ciranda_quantum import QuantumError, compile as compile_template
from ciranda_quantum.build import examine

from .stage import COLUMNS, component, fails

BODIES = [
    ("<q:set value='1'/>", "needs name"),
    ("<q:set name='x'/>", "needs value"),
    ("<q:set name='1x' value='1'/>", "not a name"),
    ("<q:set name='__x' value='1'/>", "not a name"),
    ("<q:set name='a.b' value='1'/>", "not a name"),
    ("<q:set name='x; import os' value='1'/>", "not a name"),
    ("<q:set name='session' value='1'/>", "is a scope"),
    ("<q:set name='x' value='1' operation='explode'/>", "does not exist"),
    ("<q:set name='x' value='1' scope='galaxy'/>", "does not exist"),
    ("<q:set name='x' value='1' type='nmber'/>", "did you mean 'number'"),
    ("<q:set name='x' operation='add'/>", "needs value"),
    ("<q:set name='x' operation='setProperty' value='1'/>", "needs key"),
    ("<q:set name='x' value='1' validate='emial'/>", "did you mean 'email'"),
    ("<q:set name='x' value='1' pattern='['/>", "no pattern"),
    ("<q:set name='x' value='1' range='5'/>", "least..most"),
    ("<q:set name='x' value='1' vaule='1'/>", "did you mean 'value'"),
    ("<q:if><p/></q:if>", "needs condition"),
    ("<q:if condition=''>a</q:if>", "empty"),
    ("<q:if condition='a ='>a</q:if>", "'='"),
    ("<q:if condition='a'>a</q:if><q:else>b</q:else>", "stands within <q:if>"),
    ("<q:if condition='a'>a<q:else/>b</q:if>", "nothing may follow"),
    ("<q:if condition='a'>a<q:else/></q:if>", "is empty"),
    ("<q:if condition='a'>a<q:else>b</q:else><q:elseif condition='c'>d</q:elseif></q:if>", "last"),
    ("<q:loop from='1' to='2'/>", "needs var"),
    ("<q:loop var='i' to='2'/>", "needs from"),
    ("<q:loop type='array' var='i'/>", "needs items"),
    ("<q:loop type='spiral' var='i' items='{x}'/>", "does not exist"),
    ("<q:loop var='i' from='1' to='2' step='0'/>", "cannot be 0"),
    ("<q:loop var='a b' from='1' to='2'/>", "not a name"),
    ("<q:break/>", "within <q:loop>"),
    ("<q:log message='a' level='loud'/>", "does not exist"),
    ("<q:log/>", "needs message"),
    ("<q:try>a</q:try>", "needs <q:catch>"),
    ("<q:catch>a</q:catch>", "stands within <q:try>"),
    ("<q:try>a<q:finally><q:return/></q:finally></q:try>", "cannot stand in <q:finally>"),
    ("<q:function><q:return/></q:function>", "needs name"),
    ("<q:function name='f'>text</q:function>", "holds no text"),
    ("<q:function name='f'><b/></q:function>", "holds no HTML"),
    ("<q:function name='f'/><q:function name='f'/>", "stands twice"),
    ("<q:if condition='a'><q:function name='f'/></q:if>", "stands within <q:component>"),
    ("<q:nope/>", "does not exist"),
    ("<q:lop/>", "did you mean 'loop'"),
    ("<q:scene/>", "left out: games"),
    ("<q:python>import os</q:python>", "left out"),
    ("<x:y/>", "begin with 'q:'"),
    ("<Card/>", "not imported"),
    ("<p>{a +}</p>", "ends too early"),
    ("<p>{a</p>", "never closed"),
    ("<p>{}</p>", "is empty"),
    ("<p>{a b}</p>", "not expected"),
    ("<script><q:set name='x' value='1'/></script>", "holds text only"),
    ("<q:query name='r'>SELECT {x}</q:query>", "holds no {...}"),
    ("<q:query name='r'>SELECT :x</q:query>", "names :x"),
    ("<q:query name='r'></q:query>", "no SQL"),
    ("<q:import component='Card'/><q:import component='Card'/>", "two components"),
    ("<q:raw>a {x}</q:raw>", "one {expression}"),
    ("<q:raw/>", "one {expression}"),
    ("<q:raw><b/></q:raw>", "one {expression}"),
    ("<q:raw value='a{x}'/>", "one {expression}"),
    ("<P_x/>", "not imported"),
    ("<p_x/>", "no HTML element"),
    ("<p \u00e9='1'/>", "no HTML attribute"),
    ("<q:slot name='1 2'/>", "not a name"),
    ("<q:function name='f'><q:slot/></q:function>", "holds no slot"),
    ("<style>a&lt;/style>b</style>", "would end it"),
    ("<q:query name='r'><b/></q:query>", "holds <q:param> only"),
    ("<q:query name='r'>SELECT :a<q:param name='a'/></q:query>", "needs value"),
    ("<q:data name='d'/>", "needs value"),
    ("<q:data name='d'><b/></q:data>", "has no place here"),
    ("<q:data name='d' value='a'><q:transform>x</q:transform></q:data>", "holds no text"),
    ("<q:data name='d' value='a'><q:transform><q:log message='a'/></q:transform></q:data>",
     "transforms nothing"),
    ("<q:data name='d' value='a'><q:transform><q:sort/></q:transform></q:data>", "needs by"),
    ("<q:invoke action='a'>text</q:invoke>", "only <q:param>"),
    ("<q:fetch name='a' url='b' method='STEAL'/>", "does not exist"),
    ("<q:onEvent event='a b'/>", "not a name"),
    ("<p><b></p>", "not well-formed"),
    ("<p a='1' a='2'/>", "not well-formed"),
    ("<p>&nope;</p>", "not well-formed"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "words"), BODIES, ids=[body[:50] for body, _ in BODIES])
def test_what_is_wrong_is_told_before_anything_runs(body, words):
    with pytest.raises(QuantumError) as caught:
        compile_template(component(f"<q:log message='ran'/>\n{body}"), name="page.q")

    error = caught.value
    assert error.kind == "compile"
    assert words in error.message
    assert error.line >= 2
    assert error.column > 0
    assert error.source
    assert "^" in error.picture()


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("", "compile", "no element"),
        ("<p/>", "compile", "is a <q:component>"),
        ("<q:application/>", "compile", "not part of the language"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><q:component/>', "compile", "DOCTYPE"),
        ("<!DOCTYPE html><q:component/>", "compile", "DOCTYPE"),
        ("<?php x ?><q:component/>", "compile", "instruction"),
        ("<q:component>" + "<b>" * 70 + "</b>" * 70 + "</q:component>", "limit", "deeper"),
        ("<q:component><b " + " ".join(f"a{n}='1'" for n in range(70)) + "/></q:component>", "limit",
         "attributes"),
        ("<q:component>" + "<b/>" * 50_001 + "</q:component>", "limit", "elements"),
        ("<q:component>" + " " * (4 * 1024 * 1024) + "</q:component>", "limit", "characters"),
        ("<q:component>{" + "(" * 5000 + "}</q:component>", "limit", "brackets"),
        ("<q:component>{" + "-" * 9000 + "1}</q:component>", "limit", "characters"),
        ("<q:component>\x00</q:component>", "compile", "XML"),
        ("<q:component>\ud800</q:component>", "compile", "half a character"),
    ],
)  # fmt: skip
def test_a_file_is_bounded_and_declares_nothing(text, kind, words):
    with pytest.raises(QuantumError) as caught:
        compile_template(text)

    assert caught.value.kind == kind
    assert words in caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        '<q:query name="q">\n  SELECT n\n  FROM x WHERE y = @:z</q:query>',
        '<q:query name="q">SELECT n FROM x WHERE y = @{z}</q:query>',
        '<q:query name="q">SELECT :a<q:param name="a" value="1"/>, @:z</q:query>',
        '<q:set\n  name="@1x" value="1"/>',
        '<q:set name="x" value="&lt;&amp;{a @b}"/>',
        '<p title="x&#10;  {a @b}"/>',
        '<p title="x\r\n  {a @b}"/>',
        "<p>\U0001f389{a @b}</p>",
        '<q:loop var="i" from="1" to="2" step="@0"/>',
        '<q:import component="@../x"/>',
        '<q:set name="x" value="1" pattern="@["/>',
        '<q:set name="x" type="array" value="[{a}, {b @c}]"/>',
        "<q:if condition='a'>x@<q:else/>y</q:if>",
    ],
)
def test_what_is_wrong_is_told_where_it_stands(body):
    before = component(body).partition("@")[0]

    error = fails(body.replace("@", ""))

    assert error.kind == "compile"
    assert error.line == before.count("\n") + 1
    assert error.column == len(before) - before.rfind("\n")
    assert error.picture().endswith("^")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<Card 1a='x'/>", "not well-formed"),
        ("<Card a-b='x'/>", "no property's name"),
        ("<Card __a='x'/>", "no property's name"),
        ("<Card><template slot='1 2'/></Card>", "not a name"),
        ("<Card><template slot='a'/><template slot='a'/></Card>", "filled twice"),
        ("<Card><q:return/></Card>", "handed to a component"),
        ("<q:function name='f'><Card/></q:function>", "holds no component"),
        ("<Crad/>", "did you mean 'Card'"),
    ],
)
def test_what_is_wrong_with_the_use_of_a_component_is_told(body, words):
    error = fails(f'<q:import component="Card"/>{body}', Card="<q:slot/>")

    assert error.kind == "compile"
    assert words in error.message


def test_all_faults_of_a_file_are_found_at_once():
    body = "<q:set value='1'/>\n<q:nope/>\n<p>{a +}</p>\n<q:if><b/></q:if>"

    _, faults = examine(component(body), "page.q")

    assert [fault.line for fault in faults] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "body",
    [
        "<p>\n  {@nope}</p>",
        '<p title="a &amp; {@nope}"/>',
        '<p title="{@nope}"/>',
        '<p\n  title="{1 +\n  @nope}"/>',
        '<p class="\u00e9" title="{@nope}"/>',
        "<p>a &lt; b {@nope}</p>",
        '<q:if condition="a &lt; @nope">x</q:if>',
        '<q:set name="x" value="{[1]@[5]}"/>',
        '@<q:set name="x" type="number" value="z"/>',
        "<p>{a}\r\n{@nope}</p>",
        "<p>{a @/ 0}</p>",
        "<p>{a}{b.c@.d}</p>".replace("@.", ".@"),
    ],
)
def test_an_error_of_a_run_has_its_place(body):
    before = component(body).partition("@")[0]

    error = fails(body.replace("@", ""), {"a": 1, "b": {"c": {}}})

    assert error.line == before.count("\n") + 1
    assert error.column == (len(before) - before.rfind("\n") if COLUMNS else 1)


def test_a_traceback_goes_through_the_file():
    import traceback

    from .stage import template

    with pytest.raises(QuantumError) as caught:
        template("<p>\n{a / 0}</p>").run({"a": 1})

    frames = traceback.extract_tb(caught.value.__traceback__)
    assert ("page.q", 2) in [(frame.filename, frame.lineno) for frame in frames]


def test_names_that_could_be_meant_are_told():
    error = fails('<q:set name="total" value="1"/>{totl}')

    assert error.message == "unknown name 'totl'; did you mean 'total'?"
