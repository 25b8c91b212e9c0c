"""A slow and obvious interpreter of templates, to compare compiled ones with.

It walks the checked tree and keeps every variable in a dict; nothing is inferred, merged or
changed in place. It knows the part of the language that the generated templates use.
"""

import copy
import html

from ciranda.expressions import ExpressionError, Function, compile as compile_expression
from ciranda_quantum.convert import convert
from ciranda_quantum.error import QuantumError, kind_of
from ciranda_quantum.literals import as_structure, returned, untyped
from ciranda_quantum.nodes import (
    Choice,
    EachLoop,
    Leave,
    RangeLoop,
    Return,
    Set,
    Tag,
    Throw,
    Try,
    WhileLoop,
    Words,
    bodies,
)
from ciranda_quantum.operations import operate

STARTS = {
    "append": [], "prepend": [], "remove": [], "reverse": [], "unique": [], "clear": [],
    "setProperty": {}, "merge": {}, "deleteProperty": {}, "toggle": False,
}  # fmt: skip


class ReturnError(Exception):
    def __init__(self, value):
        self.value = value


class LeaveError(Exception):
    def __init__(self, word):
        self.word = word


class Interpreter:
    def __init__(self, component, data):
        self.functions = {}
        for function in component.functions:
            self.functions[function.name] = Function(
                function.name, self.caller(function), 0, len(function.params)
            )
        self.variables = dict(data)
        self.layers = []
        self.out = []
        self.results = []
        self.component = component
        self.loops = 0
        self.inside = False
        self.failure = None

    def run(self):
        value = self.results
        try:
            self.body(self.component.body)
        except ReturnError as end:
            value = end.value
            return "".join(self.out).strip(), value, self.variables
        listed = returns_in_loops(self.component.body, within=False)
        return "".join(self.out).strip(), self.results if listed else None, self.variables

    def caller(self, function):
        def call(*arguments):
            kept = self.variables, self.layers, self.loops, self.inside, self.out
            params = [param.name for param in function.params]
            self.variables = {**kept[0], **dict(zip(params, arguments, strict=False))}
            self.layers, self.loops, self.inside, self.out = [], 0, True, []
            try:
                self.body(function.body)
            except ReturnError as end:
                return copy.deepcopy(end.value)
            except (QuantumError, ExpressionError) as error:
                self.failure = error
                raise
            finally:
                self.variables, self.layers, self.loops, self.inside, self.out = kept
            return None

        return call

    def evaluate(self, code):
        scope = {**self.variables}
        for layer in self.layers:
            scope.update(layer)
        self.failure = None
        try:
            made = compile_expression(code.source, dialect=code.dialect, functions=self.functions)
            return copy.deepcopy(made(scope))
        except ExpressionError as error:
            if self.failure is not None:
                failure, self.failure = self.failure, None
                raise failure from error
            raise QuantumError(kind_of(error.kind), error.message) from error

    def text(self, value):
        return "" if value is None else str(value)

    def value(self, value):
        if value is None:
            return None
        if value.single is not None:
            return self.evaluate(value.single)
        return "".join(
            part if isinstance(part, str) else self.text(self.evaluate(part))
            for part in value.parts
        )

    def typed(self, value, kind, name):
        literal = value.literal if value is not None else None
        made = self.value(value)
        if literal is not None and not kind:
            return untyped(literal)
        return convert(made, kind, name, [1_000_000])

    def body(self, body):
        for node in body:
            getattr(self, type(node).__name__.lower())(node)

    def words(self, node: Words):
        for part in node.value.parts:
            text = part if isinstance(part, str) else self.text(self.evaluate(part))
            self.out.append(escape(text))

    def tag(self, node: Tag):
        self.out.append(f"<{node.name}")
        for name, value in node.attributes:
            made = self.value(value)
            if made is not None:
                self.out.append(f' {name}="{escape(self.text(made))}"')
        self.out.append(">")
        try:
            self.body(node.body)
        except (ReturnError, LeaveError):
            self.out.append(f"</{node.name}>")
            raise
        self.out.append(f"</{node.name}>")

    def set(self, node: Set):
        name, operation = node.name, node.operation
        held = next((layer for layer in reversed(self.layers) if name in layer), self.variables)
        if operation == "assign":
            held[name] = self.typed(node.value, node.type, name)
            return
        if operation in {"increment", "decrement", "add", "subtract", "multiply"}:
            current = held.get(name, 0)
            other = 1 if node.value is None else self.typed(node.value, "", name)
            for each in (current, other):
                if type(each) not in {int, float}:
                    raise QuantumError("type", "two numbers")
            sign = {"increment": "+", "add": "+", "multiply": "*"}.get(operation, "-")
            made = (
                current + other
                if sign == "+"
                else current - other
                if sign == "-"
                else current * other
            )
            if type(made) is int and made.bit_length() > 4096:
                raise QuantumError("limit", "large")
            held[name] = made
            return
        value = node.value
        if operation == "merge":
            assert value is not None  # the compiler demands it
            literal = value.literal
            made = as_structure(literal) if literal is not None else self.evaluate(value.single)
        else:
            made = self.typed(value, "", name) if value is not None else None
        extra = self.value(node.key if node.key is not None else node.index)
        current = copy.deepcopy(held.get(name, STARTS.get(operation)))
        held[name] = operate(operation, current, False, made, extra, name, [10**6])

    def choice(self, node: Choice):
        for test, body in node.arms:
            if self.evaluate(test):
                self.body(body)
                return
        self.body(node.other)

    def turn(self, layer, body):
        self.layers.append(layer)
        self.loops += 1
        try:
            self.body(body)
        except LeaveError as leave:
            return leave.word != "break"
        finally:
            self.layers.pop()
            self.loops -= 1
        return True

    def rangeloop(self, node: RangeLoop):
        start, stop, step = (
            each if isinstance(each, int) else self.evaluate(each)
            for each in (node.start, node.stop, node.step)
        )
        for each in (start, stop, step):
            if type(each) is not int:
                raise QuantumError("type", "a bound")
        for place, number in enumerate(range(start, stop + (1 if step > 0 else -1), step)):
            if not self.turn(
                {node.var: number, **({node.index: place} if node.index else {})}, node.body
            ):
                return

    def eachloop(self, node: EachLoop):
        items = node.items if isinstance(node.items, tuple) else self.evaluate(node.items)
        if not isinstance(items, (list, tuple, range)):
            raise QuantumError("type", "no list")
        for place, item in enumerate(items):
            if not self.turn(
                {node.var: item, **({node.index: place} if node.index else {})}, node.body
            ):
                return

    def whileloop(self, node: WhileLoop):
        turns = 0
        while self.evaluate(node.test):
            turns += 1
            if turns > 5000:
                raise QuantumError("limit", "turns")
            if not self.turn({}, node.body):
                return

    def leave(self, node: Leave):
        raise LeaveError(node.word)

    def __getattr__(self, name):
        if name == "return":
            return self.give
        if name == "try":
            return self.attempt
        raise AttributeError(name)

    def give(self, node: Return):
        literal = node.value.literal if node.value is not None else None
        made = returned(literal) if literal is not None else self.value(node.value)
        if self.loops and not self.inside:
            self.results.append(made)
            return
        raise ReturnError(made)

    def throw(self, node: Throw):
        raise QuantumError("thrown", self.text(self.value(node.message)), type=node.type)

    def attempt(self, node: Try):
        try:
            for each in node.body:
                outer, self.out = self.out, []
                try:
                    self.body((each,))
                except (ReturnError, LeaveError):
                    outer += self.out
                    raise
                else:
                    outer += self.out
                finally:
                    self.out = outer
        except QuantumError as error:
            if error.kind in {"limit", "security", "compile"} or not node.catches:
                raise
            catch = node.catches[0]
            self.layers.append({catch.var: {"message": error.message, "type": error.type}})
            try:
                self.body(catch.body)
            finally:
                self.layers.pop()
        finally:
            self.body(node.final)


def returns_in_loops(body, *, within):
    return any(
        (within and isinstance(node, Return))
        or any(
            returns_in_loops(
                inner, within=within or isinstance(node, (RangeLoop, EachLoop, WhileLoop))
            )
            for inner in bodies(node)
        )
        for node in body
    )


def escape(text):
    return html.escape(text, quote=True).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
