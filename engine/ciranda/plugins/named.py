"""What plugins offer by name in a dict: is each of them what it should be?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from ciranda.errors import PluginError
from ciranda.workflow.loader import OWN, Loader

__all__ = ["executors_of", "exporters_of", "loaders_of"]

_SUFFIX: Final = re.compile(r"\.[a-z0-9_+-]+")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")


def executors_of(plugin: str, answers: Iterable[Any]) -> dict[str, Any]:
    """Return the executors that a plugin offers.

    Raises:
        PluginError: One has no `core`.
    """

    def check(name: Any, one: Any) -> str:
        if callable(getattr(one, "core", None)):
            return ""
        return f"the executor '{name}' is {type(one).__name__}, which has no method `core(action)`"

    return _joined(plugin, "executors", answers, check)


def loaders_of(plugin: str, answers: Iterable[Any]) -> dict[str, Loader]:
    """Return the loaders that a plugin offers.

    Raises:
        PluginError: A key is no suffix, or one of YAML; a value is no `Loader`.
    """

    def check(suffix: Any, one: Any) -> str:
        if not isinstance(suffix, str) or not _SUFFIX.fullmatch(suffix):
            return f"{suffix!r} is no suffix of files: write it as `.md`, in small letters"
        if suffix in OWN:
            return f"it offers a loader of '{suffix}' files, which ciranda reads itself"
        if not isinstance(one, Loader) or not callable(one.read):
            return (
                f"the loader of '{suffix}' is {type(one).__name__}; write "
                "Loader(read), of ciranda.workflow.loader, with a function"
            )
        return ""

    found = _joined(plugin, "loaders", answers, check)
    return {suffix: msgspec.structs.replace(one, plugin=plugin) for suffix, one in found.items()}


def exporters_of(plugin: str, answers: Iterable[Any]) -> dict[str, Any]:
    """Return the exporters that a plugin offers.

    Raises:
        PluginError: A name has no dot, or a value is no `SpanExporter`.
    """

    def check(name: Any, one: Any) -> str:
        from opentelemetry.sdk.trace.export import SpanExporter  # only where there is one

        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return f"{name!r} is no name of an exporter: write it as `{plugin.lower()}.file`"
        if not isinstance(one, SpanExporter):
            return (
                f"the exporter '{name}' is {type(one).__name__}, which is no SpanExporter of "
                "opentelemetry.sdk.trace.export"
            )
        return ""

    return _joined(plugin, "exporters", answers, check)


def _joined(
    plugin: str, hook: str, answers: Iterable[Any], check: Callable[[Any, Any], str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for answer in answers:
        if not isinstance(answer, dict):
            raise PluginError(
                f"plugin '{plugin}': the hook '{hook}' returned {type(answer).__name__}; "
                "return a dict"
            )
        for name, one in answer.items():
            if wrong := check(name, one):
                raise PluginError(f"plugin '{plugin}': {wrong}")
        found |= answer
    return found
