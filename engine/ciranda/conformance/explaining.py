"""Whether what a plugin offers is explained where its users look it up."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from ciranda.actions.docstring import parse_docstring
from ciranda.conformance.examined import Examined, place_of
from ciranda.conformance.finding import Finding
from ciranda.layer import Modifier
from ciranda.settings import Settings, setting_docs
from ciranda.trigger import TriggerKind

__all__ = ["action_rules", "other_rules"]


def action_rules(one: Examined) -> Iterator[Finding]:
    """Yield actions that are not explained, or do not say their types."""
    if not one.actions:
        for rule in ("action-docs", "action-types"):
            yield Finding.skip(rule, "it has no actions")
    for name, action in one.actions.items():
        place = place_of(action.function)
        if not action.doc:
            yield Finding.fail("action-docs", f"`{name}` has no docstring", place)
        for each, schema in action.input_schema.get("properties", {}).items():
            if each not in action.parameter_docs and not schema.get("description"):
                bare = f"the input `{each}` of `{name}` has no line under `Args:`"
                yield Finding.fail("action-docs", bare, place)
        signature = inspect.signature(action.function)
        for parameter in signature.parameters.values():
            if parameter.annotation is parameter.empty:
                bare = f"the input `{parameter.name}` of `{name}` has no annotation"
                yield Finding.fail("action-types", bare, place)
        if signature.return_annotation is signature.empty:
            yield Finding.fail("action-types", f"`{name}` does not say what it returns", place)


def other_rules(one: Examined) -> Iterator[Finding]:
    """Yield settings, functions, hooks, layers and triggers that are not explained."""
    yield from _settings(one)
    yield from _functions(one)
    yield from _hookspecs(one)
    yield from _modifiers(one)
    yield from _triggers(one)


def _settings(one: Examined) -> Iterator[Finding]:
    kinds = [kind for kind in one.answers("settings") if issubclass(kind, Settings)]
    if not kinds:
        yield Finding.skip("settings-docs", "it has no settings")
    for kind in kinds:
        for name, doc in setting_docs(kind).items():
            if not doc:
                bare = f"`{name}` of [{kind.SECTION}] has no line under `Attributes:`"
                yield Finding.fail("settings-docs", bare, place_of(kind))


def _functions(one: Examined) -> Iterator[Finding]:
    functions = one.plugins.functions if one.plugins else {}
    if not functions:
        yield Finding.skip("function-docs", "it has no functions for expressions")
    for name, function in functions.items():
        if not function.doc:
            bare = f"`{name}` has no `doc=`"
            yield Finding.fail("function-docs", bare, place_of(function.call))


def _hookspecs(one: Examined) -> Iterator[Finding]:
    specs = [
        function
        for module in one.answers("hookspecs")
        for function in vars(module).values()
        if hasattr(function, "ciranda_spec")
    ]
    if not specs:
        yield Finding.skip("hookspec-docs", "it adds no hooks")
    for function in specs:
        if not inspect.getdoc(function):
            bare = f"the hook `{function.__name__}` has no docstring"
            yield Finding.fail("hookspec-docs", bare, place_of(function))


def _modifiers(one: Examined) -> Iterator[Finding]:
    modifiers: list[Any] = one.answers("modifiers")
    if not modifiers:
        yield Finding.skip("modifier-docs", "it has no layers that steps ask for")
    for modifier in modifiers:
        yield from _with_options("modifier-docs", modifier)


def _triggers(one: Examined) -> Iterator[Finding]:
    kinds = one.plugins.triggers if one.plugins else {}
    if not kinds:
        yield Finding.skip("trigger-docs", "it listens to nothing")
    for kind in kinds.values():
        yield from _with_options("trigger-docs", kind)


def _with_options(rule: str, offered: Modifier | TriggerKind) -> Iterator[Finding]:
    place = place_of(offered.function)
    if not offered.doc:
        yield Finding.fail(rule, f"`{offered.name}` has no docstring", place)
    explained = parse_docstring(inspect.getdoc(offered.options)).parameters
    for name in offered.schema.get("properties", {}):
        if name not in explained:
            bare = f"the option `{name}` of `{offered.name}` has no line under `Attributes:`"
            yield Finding.fail(rule, bare, place)
