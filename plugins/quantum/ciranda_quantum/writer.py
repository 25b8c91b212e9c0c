"""Generated statements in order, and the text between them in as few pieces as possible."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, Union

from ciranda.expressions import ExpressionError

from .error import QuantumError, kind_of
from .inliner import Inliner
from .kinds import ANY, TEXT, Kind, is_number
from .nodes import Body, Component, Function
from .pieces import (
    Place,
    are_integers,
    assign,
    call,
    compare,
    constant,
    divides,
    does,
    load,
    method,
    spot,
    when,
)
from .reader import Source
from .scope import Scope, escaping
from .survey import Names
from .values import Code, Value

Made = TypeVar("Made")


@dataclass(frozen=True)
class Dynamic:
    """A piece of output that is computed: text, or a number that the text formats itself."""

    code: ast.expr
    number: bool


@dataclass(frozen=True)
class Opened:
    """What stands around the current statement: an element, a loop, or what is tried."""

    kind: str
    name: str = ""
    out: str = ""  # of what is tried: the buffer around it


Part = Union[str, Dynamic]


class Writer:
    """Writes one component; `statements` is the block that is being written."""

    def __init__(
        self,
        component: Component,
        names: Names,
        inner: dict[str, Names],
        writers: Mapping[type, Callable[[Writer, Any], None]],
    ) -> None:
        self.component = component
        self.writers = writers
        self.source: Source = component.source
        self.inner = inner
        self.functions: dict[str, Function] = {each.name: each for each in component.functions}
        self.scope = Scope(names)
        self.statements: list[ast.stmt] = []
        self.parts: list[Part] = []
        self.open: list[Opened] = []
        self.out = "c_out"
        self.count = 0
        self.at: Place = component.at
        self.returning = "component"
        self.function: Function | None = None
        self.deferred: list[tuple[str, Place]] = []

    # Statements

    def add(self, *statements: ast.stmt) -> None:
        """Add statements after the text that stands before them."""
        self.flush()
        self.statements.extend(statements)

    def fresh(self, prefix: str) -> str:
        """Return a local that nothing else uses."""
        self.count += 1
        return f"{prefix}{self.count}"

    def block(self, write: Callable[[], None]) -> list[ast.stmt]:
        """Return the statements that are written meanwhile."""
        self.flush()
        outer, self.statements = self.statements, []
        write()
        self.flush()
        made, self.statements = self.statements, outer
        return made

    def body(self, body: Body) -> None:
        """Write statements in document order."""
        for node in body:
            before, self.at = self.at, node.at
            self.writers[type(node)](self, node)
            self.at = before

    # Output

    def text(self, text: str) -> None:
        """Put out text as it is."""
        if self.parts and isinstance(self.parts[-1], str):
            self.parts[-1] += text
        elif text:
            self.parts.append(text)

    def put(self, code: ast.expr, *, number: bool = False) -> None:
        """Put out what code gives: a text, or a number."""
        self.parts.append(Dynamic(code, number))

    def flush(self) -> None:
        """Write the pending text as one statement."""
        parts, self.parts = self.parts, []
        if not parts:
            return
        self.statements.append(
            does(call(self.append_name(), [joined(parts, self.at)], self.at), self.at)
        )

    def append_name(self) -> str:
        """Return the local that adds to the current buffer."""
        return f"{self.out}_w"

    def leave(self, kind: str) -> None:
        """Close what is open up to the innermost loop, or all of it; nothing stays unbalanced."""
        out = self.out
        for each in reversed(self.open):
            if each.kind == kind:
                break
            if each.kind == "tag":
                self.text(f"</{each.name}>")
            elif each.kind == "try":
                self.flush()
                taken = method(self.out, "take", [], self.at)
                self.statements.append(does(call(f"{each.out}_w", [taken], self.at), self.at))
                self.out = each.out
        self.flush()
        self.out = out

    # Expressions

    def expression(self, code: Code, *, kept: bool = False) -> tuple[ast.expr, Kind]:
        """Return the code of an expression, and its kind; `kept` when its value is stored."""
        self.share(code, whole=kept)
        inliner = Inliner(code, self.scope, self.functions)
        return self.guarded(code, lambda: (inliner.visit(code.tree), inliner.kind(code.tree)))

    def unchecked(self, code: Code) -> ast.expr:
        """Return the code of a sum whose size is checked after the loop."""
        inliner = Inliner(code, self.scope, self.functions)
        return self.guarded(code, lambda: inliner.unchecked(code.tree))

    def guarded(self, code: Code, write: Callable[[], Made]) -> Made:
        """Give the faults of an expression their place."""
        try:
            return write()
        except ExpressionError as fault:
            place = code.place(max(fault.offset, 0))
            raise self.source.error(kind_of(fault.kind), fault.message, place) from None
        except QuantumError as fault:
            if fault.file:
                raise
            place = (fault.line, fault.column)
            raise self.source.error(fault.kind, fault.message, place) from None

    def share(self, code: Code, *, whole: bool) -> None:
        """Note that an expression hands on lists or objects: they are no longer one's own."""
        if not self.scope.names.changed:
            return
        for name in sorted(escaping(code, whole=whole)):
            if self.scope.tracked(name):
                self.shared(name)

    def shared(self, name: str) -> None:
        """Write that a variable's list or object is no longer its own alone."""
        flag = self.scope.binds(f"o_{self.scope.variable(name)}")
        self.add(assign(flag, constant(0, self.at), self.at))

    def string(self, value: Value) -> ast.expr:
        """Return the code of a value as text."""
        literal = value.literal
        if literal is not None:
            return constant(literal, self.at)
        parts: list[Part] = []
        for part in value.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            code, kind = self.expression(part)
            if is_number(kind):
                parts.append(Dynamic(code, True))
            else:
                parts.append(Dynamic(self.paid("text", [code]), False))
        return self.paid("short", [joined(parts, self.at)])

    def paid(self, name: str, arguments: list[ast.expr]) -> ast.expr:
        """Write a call of the runtime that pays from the budget."""
        return call(f"c_{name}", [*arguments, load("c_budget", self.at)], self.at)

    def escaped(self, code: ast.expr, kind: Kind) -> Dynamic:
        """Return a value as a piece of HTML."""
        if is_number(kind):
            return Dynamic(code, True)
        if kind == TEXT:
            return Dynamic(call("c_escape", [code], self.at), False)
        if isinstance(code, ast.IfExp) and isinstance(code.body, (ast.BinOp, ast.IfExp)):
            if are_integers(code.test) and not divides(code.body):
                code.body = call("c_str", [code.body], self.at)
                code.orelse = self.paid("html", [code.orelse])
                return Dynamic(code, False)
            return Dynamic(self._perhaps_number(code), False)
        if not isinstance(code, ast.Name):
            return Dynamic(self.paid("html", [code]), False)
        at = (code.lineno, code.col_offset)  # of the name, not of what holds it
        again = load(code.id, at)
        is_text = compare(call("c_type", [again], at), ast.Is(), load("c_str", at), at)
        choice = ast.IfExp(
            test=is_text,
            body=call("c_escape", [code], self.at),
            orelse=self.paid("html", [again]),
            **spot(self.at),
        )
        return Dynamic(choice, False)

    def _perhaps_number(self, code: ast.expr) -> ast.expr:
        """Write arithmetic as text; an integer needs no escaping."""
        held, at = self.fresh("t_n"), self.at
        first = ast.NamedExpr(
            target=ast.Name(id=held, ctx=ast.Store(), **spot(at)), value=code, **spot(at)
        )
        test = compare(call("c_type", [first], at), ast.Is(), load("c_int", at), at)
        number = call("c_str", [load(held, at)], at)
        other = self.paid("html", [load(held, at)])
        return ast.IfExp(test=test, body=number, orelse=other, **spot(at))

    def value(self, value: Value | None, *, kept: bool = True) -> tuple[ast.expr, Kind]:
        """Return the code of a value that keeps its type when it is one expression."""
        if value is None:
            return constant(None, self.at), ANY
        if value.single is not None:
            return self.expression(value.single, kept=kept)
        return self.string(value), TEXT

    def full(self, most: int) -> ast.stmt:
        """Write the check of the output's size that every turn of a loop makes."""
        size = call("c_len", [load(self.out, self.at)], self.at)
        test = compare(size, ast.Gt(), constant(most, self.at), self.at)
        return when(test, [does(method(self.out, "flush", [], self.at), self.at)], self.at)


def joined(parts: list[Part], at: Place) -> ast.expr:
    """Return pieces of text as one."""
    if len(parts) == 1:
        part = parts[0]
        if isinstance(part, str):
            return constant(part, at)
        if not part.number:
            return part.code
    values: list[ast.expr] = [
        constant(part, at)
        if isinstance(part, str)
        else ast.FormattedValue(value=part.code, conversion=-1, format_spec=None, **spot(at))
        for part in parts
    ]
    return ast.JoinedStr(values=values, **spot(at))
