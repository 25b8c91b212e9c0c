import pytest

from ciranda_quantum import Limits, QuantumError
from ciranda_quantum.memo import Memo

from .stage import fails, run, template, value

FACTORIAL = """<q:function name="f"><q:param name="n" type="number" required="true"/>
    <q:if condition="n &lt;= 1"><q:return value="1"/></q:if>
    <q:return value="{n * f(n - 1)}"/></q:function>"""
ADD = """<q:function name="add" returnType="number"><q:param name="a" type="number" required="true"/>
    <q:param name="b" type="number" default="10"/><q:return value="{a + b}"/></q:function>"""


@pytest.mark.parametrize(
    ("call", "expected"),
    [("add(1)", 11), ("add(1, 2)", 3), ("add(1, b=2)", 3), ("add(b='2', a='1')", 3),
     ("add(add(1, 1), 1.5)", 3.5), ("[add(x) for x in [1, 2]]", [11, 12])],
)  # fmt: skip
def test_a_function_takes_arguments_by_place_and_by_name(call, expected):
    assert value(f'{ADD}<q:return value="{{{call}}}"/>') == expected
    assert value(f'<q:return value="{{{call}}}"/>{ADD}') == expected


@pytest.mark.parametrize("call", ["add()", "add(1, 2, 3)", "add(1, c=2)", "add(1, a=2)"])
def test_a_call_that_does_not_fit_is_an_error_of_arguments(call):
    assert fails(f'{ADD}<q:return value="{{{call}}}"/>').kind == "arguments"


def test_arguments_are_converted_and_checked():
    assert fails(f"{ADD}{{add('x')}}").kind == "type"


def test_a_function_may_call_itself():
    assert value(f'{FACTORIAL}<q:return value="{{f(5)}}"/>') == 120


def test_recursion_is_bounded():
    error = fails('<q:function name="f"><q:return value="{f()}"/></q:function>{f()}')

    assert error.kind == "limit"


@pytest.mark.uncounted
def test_calls_are_paid_for():
    functions = "".join(
        f'<q:function name="f{n}"><q:return value="{{f{n + 1}() + f{n + 1}()}}"/></q:function>'
        for n in range(40)
    )

    assert fails(
        f'{functions}<q:function name="f40"><q:return value="1"/></q:function>{{f0()}}'
    ).kind == ("limit")


def test_what_a_function_sets_is_its_own():
    made = run(
        """<q:set name="y" value="outer"/><q:set name="n" value="5"/>
        <q:function name="f"><q:set name="y" value="inner"/>
          <q:set name="n" value="{n + 1}"/><q:return value="{n}"/></q:function>
        <q:return value="{[f(), f()]}"/>"""
    )

    assert made.value == [6, 6]
    assert made.variables["y"] == "outer"
    assert made.variables["n"] == 5


def test_a_function_sets_a_variable_of_the_component_when_told_so():
    made = run(
        """<q:set name="n" value="1"/>
        <q:function name="f"><q:set name="n" scope="component" operation="increment"/>
          <q:set name="l" scope="component" operation="append" value="x"/></q:function>
        {f()}{f()}"""
    )

    assert made.variables["n"] == 3
    assert made.variables["l"] == ["x", "x"]


def test_a_return_ends_a_function_wherever_it_stands():
    body = """<q:function name="f"><q:loop var="i" from="1" to="9">
        <q:if condition="i * i &gt; 10"><q:return value="{i}"/></q:if></q:loop></q:function>
        <q:return value="{f()}"/>"""

    assert value(body) == 4


def test_a_result_is_converted_to_the_return_type():
    body = '<q:function name="f" returnType="string"><q:return value="{5}"/></q:function>{f()}'

    assert value(f'{body}<q:return value="{{f()}}"/>') == "5"


@pytest.mark.parametrize("keep", ['cache="true"', 'memoize="true"', 'cache="60s"'])
def test_a_kept_result_is_not_computed_again(keep):
    body = f"""<q:set name="calls" value="0"/>
        <q:function name="f" {keep}><q:param name="x"/>
          <q:set name="calls" scope="component" operation="increment"/>
          <q:return value="{{x}}!"/></q:function>
        <q:set name="all" value="{{[f(1), f(1), f(2), f('1'), f(true)]}}"/>"""

    made = run(body)

    assert made.variables["all"] == ["1!", "1!", "2!", "1!", "True!"]
    assert made.variables["calls"] == 4


def test_what_one_run_kept_is_not_shown_to_the_next_when_it_depends_on_the_run():
    made = template(
        '<q:function name="f" cache="true"><q:return value="{user}"/></q:function>{f()}{f()}'
    )

    assert made.render(user="Ana") == "AnaAna"
    assert made.render(user="Rui") == "RuiRui"


def test_user_variables_shadow_functions_by_name():
    assert value('<q:return value="{len + max}"/>', {"len": 1, "max": 2}) == 3
    assert value('<q:return value="{class + import}"/>', {"class": 1, "import": 2}) == 3


def test_iterations_are_bounded_as_the_host_says():
    made = template('<q:loop var="i" from="1" to="11">x</q:loop>', limits=Limits(iterations=10))

    with pytest.raises(QuantumError, match="turns") as caught:
        made.run()
    assert caught.value.kind == "limit"


def test_results_are_kept_apart_by_the_types_of_arguments():
    memo = Memo()
    called: list[tuple[object, ...]] = []
    remembered = memo.wrap(lambda *given: called.append(given), "f", -1, [10_000])
    things = [1, 1.0, True, "1", (1,), [1], {1}, {"a": 1}, None, bytearray(b"1")]

    for _ in range(2):
        for each in things:
            remembered(each)

    assert [given for (given,) in called] == things


def test_results_expire_and_the_oldest_are_forgotten():
    now = [0.0]
    memo = Memo(lambda: now[0])
    called: list[int] = []

    def count(number: int) -> int:
        called.append(number)
        return number

    remembered = memo.wrap(count, "f", 60, [1_000_000])
    remembered(1)
    now[0] = 59.0
    remembered(1)
    now[0] = 60.0
    remembered(1)
    for number in range(2, 1100):
        remembered(number)
    remembered(1)

    assert [number for number in called if number == 1] == [1, 1, 1]
