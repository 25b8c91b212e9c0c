"""Functions, slots, handlers and loops around each other: generated code always stands."""

import copy
import os
import random

import pytest

from ciranda_quantum import Limits, QuantumError

from .stage import template

COUNT = int(os.environ.get("QUANTUM_SCOPES", "250"))
NAMES = ("a", "b", "l", "o", "i", "x", "row", "e")
EXPRESSIONS = (
    "a", "b", "l", "o", "i", "x", "1", "[a, b]", "l.length", "f(a)", "g()", "session.s", "e", "row",
    "[q for q in l]", "a + i", "i * 2", "len(l)", "name", "(a if b else l)", "[l, f(l)]", "a == 1",
)  # fmt: skip
OPERATIONS = (
    "append", "prepend", "increment", "add", 'setProperty" key="k', "unique", "sort", "clear",
    "toggle", 'removeAt" index="0', "uppercase", "multiply", "merge", "remove",
)  # fmt: skip
BOX = """<q:slot/><i>{p}</i><q:slot name="s"><q:slot/></q:slot>
<q:set name="z" operation="append" value="{p}"/>"""


class Maker:
    """Makes statements; those of functions hold no markup."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, some):
        return self.random.choice(some)

    def value(self):
        return f"{{{self.pick(EXPRESSIONS)}}}"

    def body(self, depth, *, markup=True):
        return "".join(self.statement(depth - 1, markup) for _ in range(self.random.randint(1, 3)))

    def statement(self, depth, markup):
        makers = [self.set, self.set, self.operate, self.operate, self.leave]
        makers += [self.show, self.show] if markup else []
        if depth > 0:
            makers += [self.count, self.each, self.rows, self.attempt, self.choose, self.again]
            makers += [self.use, self.use, self.element, self.data] if markup else []
        return self.pick(makers)(depth, markup)

    def target(self):
        scope = self.pick(["", "", ' scope="component"', ' scope="function"', ' scope="session"'])
        return f'name="{self.pick(NAMES)}"{scope}'

    def set(self, depth, markup):
        return f'<q:set {self.target()} value="{self.value()}"/>'

    def operate(self, depth, markup):
        return (
            f'<q:set {self.target()} operation="{self.pick(OPERATIONS)}" value="{self.value()}"/>'
        )

    def leave(self, depth, markup):
        given = f'<q:return value="{self.value()}"/>'
        return self.pick(
            ["<q:break/>", given, '<q:throw message="x"/>', '<q:dispatchEvent event="ev"/>']
        )

    def show(self, depth, markup):
        return self.value()

    def count(self, depth, markup):
        index = self.pick(["", 'index="n"'])
        inner = self.body(depth, markup=markup)
        return f'<q:loop var="{self.pick("ixa")}" from="1" to="2" {index}>{inner}</q:loop>'

    def each(self, depth, markup):
        inner = self.body(depth, markup=markup)
        return f'<q:loop items="{self.value()}" var="{self.pick("ixl")}">{inner}</q:loop>'

    def rows(self, depth, markup):
        return f'<q:loop query="row" index="k">{self.body(depth, markup=markup)}</q:loop>'

    def attempt(self, depth, markup):
        tried, caught = (self.body(depth, markup=markup) for _ in range(2))
        return f'<q:try>{tried}<q:catch var="e">{caught}</q:catch><q:finally/></q:try>'

    def choose(self, depth, markup):
        then, other = (self.body(depth, markup=markup) for _ in range(2))
        return f'<q:if condition="{self.pick(EXPRESSIONS)}">{then}<q:else>{other}</q:else></q:if>'

    def again(self, depth, markup):
        return f'<q:loop while="a == 1">{self.body(depth, markup=markup)}<q:break/></q:loop>'

    def use(self, depth, markup):
        inner, named = self.body(depth), self.body(depth)
        return f'<Box p="{self.value()}">{inner}<template slot="s">{named}</template></Box>'

    def element(self, depth, markup):
        return f'<div class="{self.value()}">{self.body(depth)}</div>'

    def data(self, depth, markup):
        return f"""<q:data name="{self.pick("lab")}" value="{{t}}"><q:column name="n" type="integer"/>
            <q:transform><q:filter condition="n &gt; i"/></q:transform></q:data>"""

    def page(self):
        handler = self.pick(["", f'<q:onEvent event="ev">{self.body(2)}</q:onEvent>'])
        return f"""<q:import component="Box"/><q:function name="f"><q:param name="x"/>
            {self.body(2, markup=False)}</q:function><q:function name="g" memoize="true">
            {self.body(2, markup=False)}</q:function>{handler}{self.body(3)}"""


@pytest.mark.uncounted
def test_scopes_within_each_other_give_documented_errors_only():
    maker = Maker(7)
    data = {"a": 1, "b": 2, "l": [1, 2], "o": {"k": 1}, "row": [{"name": "N"}], "t": "n\n1\n2\n"}
    seen = set()
    for _ in range(COUNT):
        text, before = maker.page(), copy.deepcopy(data)
        try:
            template(text, Box=BOX, limits=Limits(iterations=3000)).run(data)
        except QuantumError as error:
            seen.add(error.kind)
        else:
            seen.add("ok")
        assert data == before

    assert {"ok", "type", "undefined"} <= seen
