"""From plain data that fits the schema to the model: the file's own keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

import msgspec

from ciranda.errors import Fault
from ciranda.workflow.model import EnvVar, Input, SecretRef, Trigger, Workflow
from ciranda.workflow.places import Places
from ciranda.workflow.readingstep import Reading
from ciranda.workflow.templates import template_faults

__all__ = ["read_workflow"]

_TEXTS = ("string", "path", "datetime")  # their constants stay as they are written
_HANDLERS: Final = {"on-failure": "error", "on-success": "", "on-cancel": "", "finally": ""}
_INPUT_SCHEMA = ("enum", "items", "properties", "pattern", "minimum", "maximum")


def read_workflow(
    data: dict[str, Any], places: Places, faults: list[Fault], *, source: bytes = b""
) -> Workflow:
    """Return the model of a document that has its shape; what is wrong goes into `faults`."""
    templates = data.get("templates") or {}
    order = data.get("order", "graph")
    faults += template_faults(templates, places)
    reader = Reading(data.get("defaults") or {}, templates, order, places, faults)
    return Workflow(
        name=data.get("name") or PurePath(places.file).stem or "workflow",
        description=data.get("description", ""),
        plugins=tuple(data.get("plugins") or ()),
        inputs={
            name: _input(name, value, places) for name, value in (data.get("inputs") or {}).items()
        },
        env={name: _env(name, value, places) for name, value in (data.get("env") or {}).items()},
        secrets={
            name: _secret(name, value, places)
            for name, value in (data.get("secrets") or {}).items()
        },
        order=order,
        steps=reader.steps(data["steps"], ("steps",)),
        outputs=data.get("outputs") or {},
        handlers={
            name: reader.block(data[name], (name,), binds=binds)
            for name, binds in _HANDLERS.items()
            if name in data
        },
        triggers=_triggers(data, places, faults),
        fail_fast=data.get("fail-fast", False),
        **_limits(data, reader),
        file=places.file,
        source=source,
        document=places.document,
    )


def _triggers(data: Mapping[str, Any], places: Places, faults: list[Fault]) -> tuple[Trigger, ...]:
    if "on" not in data:
        return ()
    from ciranda.workflow.triggers import read_triggers  # few files have any

    return read_triggers(data["on"], places, faults)


def _limits(data: Mapping[str, Any], reader: Reading) -> dict[str, Any]:
    """Return what limits the run as a whole."""
    found: dict[str, Any] = {}
    if "timeout" in data:
        found["timeout"] = reader.seconds("timeout", data["timeout"], ("timeout",))
    for key in ("concurrency", "rate"):
        if key in data:
            found[key] = reader.modifier(key, data[key], ())
    return found


def _input(name: str, value: str | dict[str, Any], places: Places) -> Input:
    if isinstance(value, str):
        return Input(name=name, type=value)
    kind = value.get("type", "string")
    default = value.get("default", msgspec.UNSET)
    if kind in (*_TEXTS, "duration") and isinstance(default, int | float):
        default = places.text(("inputs", name, "default"), default)
    schema = {key: value[key] for key in _INPUT_SCHEMA if key in value}
    if kind in _TEXTS and "enum" in schema:
        schema["enum"] = [
            places.text(("inputs", name, "enum", at), each)
            if isinstance(each, bool | int | float)
            else each
            for at, each in enumerate(schema["enum"])
        ]
    return Input(
        name=name,
        type=kind,
        default=default,
        optional=value.get("optional", False),
        description=value.get("description", ""),
        schema=schema,
    )


def _env(name: str, value: Any, places: Places) -> EnvVar:
    if not isinstance(value, dict):
        return EnvVar(value=places.text(("env", name), value))
    default = value.get("default")
    if default is not None:
        default = places.text(("env", name, "default"), default)
    return EnvVar(source=value["from"], default=default)


def _secret(name: str, value: dict[str, Any], places: Places) -> SecretRef:
    if "command" not in value:
        return SecretRef(**value)
    words = (
        places.text(("secrets", name, "command", at), word)
        for at, word in enumerate(value["command"])
    )
    return SecretRef(command=tuple(words))
