"""Plain data with `${{ }}` inside, compiled once and evaluated often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Final, final

import msgspec

from ciranda.actions.values import copy_value
from ciranda.expressions import (
    Expression,
    ExpressionError,
    Function,
    Reference,
    Template,
    compile as compile_expression,
    compile_template,
)
from ciranda.expressions.limits import ITERATIONS
from ciranda.expressions.text import inserted
from ciranda.expressions.tree import Text
from ciranda.workflow.plainresult import only_reads, plain_result
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS

__all__ = ["Binding", "BindingError", "Site", "bind", "condition"]

Path = tuple[str | int, ...]
Scope = Mapping[str, Any]
Make = Callable[[Scope], Any]
Functions = Mapping[str, Function]

_ALWAYS_PLAIN: Final = frozenset({NoneType, bool, str, bytes})
_IMMUTABLE: Final = _ALWAYS_PLAIN | {int, float}


class BindingError(ExpressionError):
    """An expression inside a value failed; `path` leads to it from the value's root."""

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        offset: int = -1,
        source: str = "",
        path: Path = (),
    ) -> None:
        super().__init__(kind, message, offset=offset, source=source)
        self.path: Final = path

    @classmethod
    def of(cls, error: ExpressionError, path: Path) -> BindingError:
        """Return `error` with the place where it was written."""
        return cls(error.kind, error.message, offset=error.offset, source=error.source, path=path)


@final
class Site(msgspec.Struct, frozen=True):
    """One expression inside a value.

    Attributes:
        path: Where its text stands, from the root of the value.
        text: The text that holds it.
        single: Whether the text is nothing but this expression, so that its type is kept.
        expression: What is evaluated.
        offset: Where the expression begins in the text.
    """

    path: Path
    text: str
    single: bool
    expression: Expression
    offset: int


@final
class Binding:
    """A value ready to be evaluated; each call returns data of its own.

    Attributes:
        constant: Whether it holds no expression.
        sites: Its expressions, in the order of the value.
        references: What they read.
        calls: Names of the functions they call.
    """

    __slots__ = ("_make", "calls", "constant", "references", "sites")

    def __init__(self, make: Make, sites: tuple[Site, ...]) -> None:
        self._make: Final = make
        self.sites: Final = sites
        self.constant: Final = not sites
        self.references: Final[tuple[Reference, ...]] = tuple(
            dict.fromkeys(each for site in sites for each in site.expression.references)
        )
        self.calls: Final = frozenset(name for site in sites for name, _ in site.expression.calls)

    def __call__(self, scope: Scope) -> Any:
        """Return the value for these names.

        Raises:
            BindingError: An expression failed.
        """
        return self._make(scope)


def bind(value: Any, *, functions: Functions = CONTEXT_FUNCTIONS, texts: bool = False) -> Binding:
    """Compile plain data with `${{ }}` in its texts.

    Args:
        value: As the file holds it; keys of mappings are never evaluated.
        functions: What expressions may call besides the built-in functions, by name.
        texts: A text stays a text even when it is a single `${{ }}`, as environment variables
            do: other values are written as JSON, null is a fault.

    Raises:
        BindingError: A text cannot be compiled.
    """
    sites: list[Site] = []
    make = _Compiler(functions, texts, sites).make(value, ())
    return Binding(make, tuple(sites))


def _constant(value: Any) -> Make:
    def constant(_: Scope) -> Any:
        return value

    return constant


class _Compiler(msgspec.Struct, frozen=True):
    functions: Functions
    texts: bool
    sites: list[Site]

    def make(self, value: Any, path: Path) -> Make:
        if isinstance(value, str):
            return self.text(value, path)
        if isinstance(value, dict):
            return _mapping(
                value, {key: self.make(each, (*path, key)) for key, each in value.items()}
            )
        if isinstance(value, list):
            return _sequence([self.make(each, (*path, at)) for at, each in enumerate(value)])
        return _constant(value)

    def text(self, text: str, path: Path) -> Make:
        if "${{" not in text:
            return _constant(text)
        try:
            template = compile_template(text, functions=self.functions)
        except ExpressionError as error:
            raise BindingError.of(error, path) from None
        if not template.expressions:
            return _constant(template({}))  # `$${{` was all there was
        self.sites.extend(
            Site(path, text, template.single, each, offset)
            for each, offset in zip(template.expressions, template.offsets, strict=True)
        )
        evaluate = _evaluated(template, path)
        return _written(evaluate, text, path) if self.texts and template.single else evaluate


def _evaluated(template: Template, path: Path) -> Make:
    # A single expression is evaluated by itself; the template only knows better where it stands.
    compiled = template.expressions[0] if template.single else template
    reads = template.single and only_reads(template.expressions[0].tree)
    # What the scope holds belongs to the run; a reader gets a copy of its own.
    immutable, own = (_IMMUTABLE, copy_value) if reads else (_ALWAYS_PLAIN, plain_result)

    def evaluate(scope: Scope) -> Any:
        try:
            value = compiled(scope)
            return value if type(value) in immutable else own(value)
        except ExpressionError as error:
            raise BindingError.of(_placed(error, template), path) from error

    return evaluate


def _written(evaluate: Make, text: str, path: Path) -> Make:
    def write(scope: Scope) -> Any:
        value = evaluate(scope)
        if type(value) is str:
            return value
        try:
            return inserted(value, [ITERATIONS])
        except ExpressionError as error:
            raise BindingError.of(error.placed(0, text), path) from error

    return write


def _placed(error: ExpressionError, template: Template) -> ExpressionError:
    """Return the error of a single expression with its place in the whole text."""
    if not template.single:
        return error
    return error.placed(error.offset + template.offsets[0], template.source)


def _mapping(value: dict[str, Any], made: dict[str, Make]) -> Make:
    # Scalars are copied with the frame; only the rest is made anew, in its place.
    frame = {key: each if _fixed(each) else None for key, each in value.items()}
    moving = tuple((key, made[key]) for key, each in value.items() if not _fixed(each))
    if not moving:
        return lambda _: frame.copy()
    if len(value) == 1:
        ((name, only),) = moving
        return lambda scope: {name: only(scope)}

    def mapping(scope: Scope) -> dict[str, Any]:
        out = frame.copy()
        for key, make in moving:
            out[key] = make(scope)
        return out

    return mapping


def _fixed(value: Any) -> bool:
    if isinstance(value, str):
        return "${{" not in value
    return not isinstance(value, dict | list)


def _sequence(made: list[Make]) -> Make:
    makers = tuple(made)
    return lambda scope: [make(scope) for make in makers]


def condition(text: str, *, functions: Functions = CONTEXT_FUNCTIONS) -> Expression:
    """Compile `if` or `when`: an expression, with or without `${{ }}` around it.

    Raises:
        ExpressionError: It mixes text with `${{ }}`, never changes, or is a text.
    """
    expression, offset = _alone(text, functions)
    if isinstance(expression.tree, Text) or expression.constant:
        raise ExpressionError(
            "value",
            "the condition never changes: it must depend on something",
            offset=offset,
            source=text,
        )
    return expression


def _alone(text: str, functions: Functions) -> tuple[Expression, int]:
    if "${{" not in text:
        return compile_expression(text, functions=functions), 0
    template = compile_template(text, functions=functions)
    if template.single:
        return template.expressions[0], template.offsets[0]
    raise ExpressionError(
        "syntax",
        "a condition is one expression: a text around `${{ }}` is always true",
        offset=max(text.find("${{"), 0),
        source=text,
    )
