"""Compiled templates: linked with the components they use, run as often as one likes."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

from ciranda.expressions import ExpressionError
from ciranda.expressions.inline import RAISED, checked_result

from . import limits as bounds
from .error import QuantumError
from .explain import MARK, explain
from .limits import Limits
from .memo import Memo
from .namespace import NAMESPACE
from .plain import as_data
from .reader import Source
from .run import Entry, Host, Out, Run

if TYPE_CHECKING:
    from .nodes import Component, Import

# The compiler is imported when something is compiled: templates of the code cache need none.

Loader = Callable[[str], tuple[str, str]]
"""Name of a component to its text and file; raises KeyError when there is none."""

_PREFIX: Final = len("v_")
_NOBODY: Final = Host()


@dataclass(frozen=True)
class Unit:
    """One compiled file, not yet linked."""

    source: Source
    imports: tuple[Import, ...]
    code: CodeType
    params: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What one run gave.

    Args:
        html: The page.
        value: Of `q:return`, as plain data; a list when it stood in a loop.
        variables: What was handed in, and what the template set, as plain data.
        logs: The lines of `q:log`.
    """

    html: str
    value: Any
    variables: dict[str, Any]
    logs: tuple[Entry, ...] = ()


class Template:
    """A compiled template; it is immutable and safe to share between threads."""

    def __init__(
        self, unit: Unit, functions: Mapping[str, Callable[..., Any]], limits: Limits, host: Host
    ) -> None:
        self.name: Final = unit.source.file
        self.unit: Final = unit
        self.components: Final = tuple(functions)
        self.sources: Final[tuple[Source, ...]] = tuple(
            function.__globals__[MARK] for function in functions.values()
        )
        self._component: Final = functions[""]
        self._limits: Final = limits
        self._host: Final = host
        self._memo: Final = Memo()

    def run(self, data: Mapping[str, Any] | None = None, *, host: Host | None = None) -> Result:
        """Run the template once.

        Args:
            data: Variables by name. Under `session`, `application` and `request` stand maps that
                the template reads and sets; everything else stays as it is.
            host: What the run may use, instead of what the template was compiled with.

        Raises:
            QuantumError: With kind, sentence and place.
        """
        html, value, found, run = self._run(dict(data or {}), host or self._host)
        variables = dict(data or {})
        for name, each in found.items():
            if name.startswith("v_"):
                kept = each is variables.get(name[_PREFIX:])
                variables[name[_PREFIX:]] = each if kept else as_data(each)
        for name in ("session", "application", "request"):
            scope = getattr(run, name)
            if scope:
                variables[name] = scope
        return Result(html, as_data(value), variables, tuple(run.logs))

    def render(self, **data: Any) -> str:
        """Run the template once and return its HTML.

        Raises:
            QuantumError: With kind, sentence and place.
        """
        return self._run(data, self._host)[0]

    def _run(self, data: dict[str, Any], host: Host) -> tuple[str, Any, dict[str, Any], Run]:
        run = Run(self._limits, host, self._memo, data)
        out = Out(self._limits.output)
        try:
            value, found = self._component(run, out, data, {})
            html = out.take().strip()
            if type(value) in {list, dict, tuple, set}:
                checked_result(value)
        except (QuantumError, ExpressionError, *RAISED) as error:
            made = explain(error)
            if not made.file:  # the whole page or value is too large: no place is to blame
                made = made.placed(self.name, 1, 1, self.unit.source.line(1))
            if made is error:
                raise
            raise made.with_traceback(error.__traceback__) from None
        return html, value, found, run


def compile_unit(text: str, file: str) -> Unit:
    """Compile one file.

    Raises:
        QuantumError: For the first thing wrong with it.
    """
    from .build import build

    return unit_of(build(text, file))


def unit_of(component: Component) -> Unit:
    """Return the compiled form of a checked tree.

    Raises:
        QuantumError: For an expression that calls what does not exist.
    """
    from .emit import emit

    source: Source = component.source
    module = emit(component)
    try:
        whole = builtins.compile(module, source.file, "exec", dont_inherit=True, optimize=1)
    except (RecursionError, MemoryError, SystemError):
        message = "the template is nested too deeply"
        raise source.error("limit", message, component.at) from None
    code = next(each for each in whole.co_consts if isinstance(each, CodeType))
    params = tuple(param.name for param in component.params)
    return Unit(source, component.imports, code, params)


def link(unit: Unit, find: Callable[[str], Unit]) -> dict[str, Callable[..., Any]]:
    """Return the functions of a template and of every component that it reaches, by name.

    Raises:
        QuantumError: For a component that does not exist, at its `q:import`.
    """
    made: dict[str, dict[str, Any]] = {}
    functions: dict[str, Callable[..., Any]] = {}
    units = {"": unit}
    waiting = [""]
    while waiting:
        name = waiting.pop()
        if name in functions:
            continue
        here = units[name]
        space = {**NAMESPACE, MARK: here.source}
        made[name] = space
        functions[name] = FunctionType(here.code, space, name or "template")
        for each in here.imports:
            if each.component not in units:
                if len(units) > bounds.LINKS:
                    message = f"a template reaches {bounds.LINKS} components at most"
                    raise here.source.error("limit", message, each.at)
                try:
                    units[each.component] = find(each.component)
                except KeyError:
                    message = f"there is no component '{each.component}'"
                    raise here.source.error("compile", message, each.at) from None
                waiting.append(each.component)
    for name, space in made.items():
        for each in units[name].imports:
            space[f"k_{each.alias}"] = functions[each.component]
    return functions


def compile(  # noqa: A001 - the word that `re` uses
    text: str,
    *,
    name: str = "<template>",
    components: Mapping[str, str] | Loader | None = None,
    limits: Limits | None = None,
    host: Host | None = None,
) -> Template:
    """Compile a template.

    Args:
        text: The file's text.
        name: What errors and tracebacks call it.
        components: Texts of the components it may import, by name, or a function that gives text
            and file of one.
        limits: Bounds of a run.
        host: What runs may use.

    Raises:
        QuantumError: For the first thing wrong with it or with a component.
    """

    def find(component: str) -> Unit:
        if components is None:
            raise KeyError(component)
        if callable(components):
            found, file = components(component)
            return compile_unit(found, file)
        return compile_unit(components[component], f"{component}.q")

    unit = compile_unit(text, name)
    return Template(unit, link(unit, find), limits or Limits(), host or _NOBODY)
