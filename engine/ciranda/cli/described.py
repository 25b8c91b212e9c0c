"""What a plugin offers, as plain data made of its docstrings."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ciranda.errors import PluginError

if TYPE_CHECKING:
    from ciranda.actions import Action
    from ciranda.conformance.examined import Examined
    from ciranda.conformance.subject import Subject

__all__ = ["described"]


def described(what: str) -> tuple[dict[str, Any], dict[str, Action]]:
    """Return what a plugin offers, and its actions.

    Args:
        what: An installed plugin, the folder of a package, or one file.

    Raises:
        PluginError: There is none, or it cannot be loaded.
    """
    from ciranda.conformance.examined import examined
    from ciranda.conformance.loading import furnished, loaded
    from ciranda.conformance.subject import find_subject, opened

    subject = find_subject(what)
    try:
        with opened(subject) as module:
            one, problems = loaded(furnished(examined(subject, module)))
            if problems:
                raise PluginError(problems[0].message)
            return _told(one), dict(one.actions)
    except ImportError as error:
        raise PluginError(f"plugin '{subject.name}' cannot be imported: {error}") from error


def _told(one: Examined) -> dict[str, Any]:
    subject = one.subject
    return {
        "name": subject.name,
        "distribution": subject.distribution,
        "version": subject.version,
        "doc": inspect.getdoc(one.module) or "",
        "settings": list(_settings(one)),
        "actions": sorted(one.actions),
        "layers": [
            {"name": each.name, "doc": each.doc, "options": list(_options(each))}
            for each in one.answers("modifiers")
        ],
        "triggers": [
            {"name": name, "doc": each.doc, "options": list(_options(each))}
            for name, each in sorted(one.plugins.triggers.items() if one.plugins else ())
        ],
        "functions": [
            {"name": name, "doc": each.doc}
            for name, each in sorted(one.plugins.functions.items() if one.plugins else ())
        ],
        "executors": sorted(one.plugins.executors if one.plugins else ()),
        "loaders": [
            {"name": suffix, "doc": inspect.getdoc(each.read) or ""}
            for suffix, each in sorted(one.plugins.loaders.items() if one.plugins else ())
        ],
        "exporters": [
            {"name": name, "doc": inspect.getdoc(type(each)) or ""}
            for name, each in sorted(one.plugins.exporters.items() if one.plugins else ())
        ],
        "adds": list(_added(one)),
        "hooks": list(_hooks(one)),
        "commands": list(_commands(subject)),
    }


def _settings(one: Examined) -> Iterator[dict[str, Any]]:
    from ciranda.settings import setting_docs

    for kind in one.answers("settings"):
        docs = setting_docs(kind)
        for field in msgspec.structs.fields(kind):
            default = None if field.default is msgspec.NODEFAULT else field.default
            if field.default_factory is not msgspec.NODEFAULT:
                default = field.default_factory()
            name = f"{kind.SECTION}__{field.encode_name}".upper().replace("-", "_")
            yield {
                "section": kind.SECTION,
                "key": field.encode_name,
                "type": _type_name(field.type),
                "required": field.required,
                "default": msgspec.to_builtins(default, enc_hook=str),
                "environment": f"CIRANDA_{name}",
                "doc": docs[field.encode_name],
            }


def _options(modifier: Any) -> Iterator[dict[str, Any]]:
    required = modifier.schema.get("required", ())
    for name, schema in modifier.schema.get("properties", {}).items():
        yield {
            "name": name,
            "required": name in required,
            "schema": schema,
            "doc": modifier.option_docs.get(name, schema.get("description", "")),
        }


def _added(one: Examined) -> Iterator[dict[str, Any]]:
    """Yield the hooks that a plugin adds for types of its own."""
    for module in one.answers("hookspecs"):
        for name, function in vars(module).items():
            if hasattr(function, "ciranda_spec"):
                (message,) = list(inspect.signature(function).parameters.values())[:1]
                kind = getattr(message.annotation, "__name__", str(message.annotation))
                yield {"name": name, "message": kind, "doc": inspect.getdoc(function) or ""}


def _hooks(one: Examined) -> Iterator[dict[str, Any]]:
    """Yield the hooks that a plugin implements, and its observers."""
    from ciranda.hooks.markers import MARK

    for name in sorted(dir(one.plugin)):
        function = inspect.getattr_static(one.plugin, name)
        mark = getattr(function, MARK, None)
        if hasattr(function, "ciranda_impl") or mark is not None:
            heard = [kind.__name__ for kind in mark.types] if mark is not None else []
            yield {"name": name, "hears": heard, "doc": inspect.getdoc(function) or ""}


def _commands(subject: Subject) -> Iterator[dict[str, Any]]:
    if not subject.command:
        return
    module, _, attribute = subject.command.partition(":")
    command = getattr(importlib.import_module(module), attribute or "command")
    yield {"name": f"ciranda {subject.name}", "doc": (command.help or "").strip()}
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=subject.name)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                told = (inner.help or "").strip()
                yield {"name": f"ciranda {subject.name} {name}", "doc": told}


def _type_name(kind: Any) -> str:
    """Return an annotation as a person reads it."""
    args = getattr(kind, "__metadata__", None)
    if args is not None:
        return _type_name(kind.__origin__)
    if isinstance(kind, type) and not getattr(kind, "__args__", None):
        return kind.__name__
    return str(kind).replace("typing.", "").replace("ciranda.expressions.secret.", "")
