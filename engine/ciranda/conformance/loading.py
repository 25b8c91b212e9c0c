"""Whether an engine takes a plugin, with settings made up where it demands some."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import msgspec

from ciranda.conformance.examined import Examined
from ciranda.conformance.finding import Finding
from ciranda.errors import PluginError, SettingsError
from ciranda.expressions import Secret
from ciranda.hooks.markers import PROJECT
from ciranda.settings import Settings

__all__ = ["CANARY", "furnished", "loaded"]

CANARY: Final = "canary-7f3a9c51e0"  # begins each made-up secret: nothing else holds this text
_PLAIN: Final[Mapping[Any, Any]] = {str: "sample", int: 1, float: 1.0, bool: False, Path: "sample"}


def furnished(one: Examined) -> Examined:
    """Return the plugin with settings to try it with: samples, and what it demands besides."""
    given = one.subject.samples.get("settings")
    tables = {name: dict(table) for name, table in given.items()} if given else {}
    secrets: list[str] = []
    for kind in _kinds(one.plugin):
        table = tables.setdefault(kind.SECTION, {})
        for item in msgspec.structs.fields(kind):
            if _is_secret(item.type) and item.encode_name in table:
                secrets.append(str(table[item.encode_name]))
            if not item.required or item.encode_name in table:
                continue
            if _is_secret(item.type):
                secrets.append(f"{CANARY}-{item.encode_name}")
                table[item.encode_name] = secrets[-1]
            elif (value := _made_up(item.type)) is not None:
                table[item.encode_name] = value
    return replace(one, tables=tables, canaries=tuple(secrets))


def loaded(one: Examined) -> tuple[Examined, list[Finding]]:
    """Load the plugin by itself; return it with what it offers, or what is wrong."""
    plugins = one.fresh()
    try:
        if one.subject.file is None:
            plugins.load(declared=[one.subject.name])
        else:
            plugins.register(one.plugin, one.subject.name)
            plugins.bus.check_pending()
    except (PluginError, SettingsError) as error:
        hint = ""
        if isinstance(error, SettingsError):
            hint = "; values to try it with go below [tool.ciranda.check.settings] of pyproject"
        return one, [Finding.fail("loads", f"{error}{hint}", one.subject.module)]
    return replace(one, plugins=plugins, actions=dict(plugins.actions)), []


def _kinds(plugin: object) -> list[type[Settings]]:
    function = getattr(plugin, "settings", None)
    if not hasattr(function, f"{PROJECT}_impl"):
        return []
    if not callable(function):
        return []
    try:
        found = function()
    except Exception:
        return []  # loading it says so in its own words
    if isinstance(found, type) and issubclass(found, Settings) and found.SECTION:
        return [found]
    return []


def _is_secret(kind: Any) -> bool:
    return kind is Secret or Secret in get_args(kind)


def _made_up(kind: Any) -> Any:
    """Return a value of a simple type; None where none can be thought of."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin = get_origin(kind)
    if origin is Literal:
        return get_args(kind)[0]
    if origin in (Union, types.UnionType):
        return next((made for each in get_args(kind) if (made := _made_up(each))), None)
    if origin in (list, tuple, set, frozenset) or kind in (list, tuple):
        return []
    if origin is dict or kind is dict:
        return {}
    return None
