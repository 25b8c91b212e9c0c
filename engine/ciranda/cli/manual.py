"""The explanation of one action, as plain text or Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ciranda.cli.values import cell

if TYPE_CHECKING:
    from ciranda.actions import Action

__all__ = ["manual", "type_text"]

_WIDTH = 88


def manual(action: Action, *, markdown: bool = False) -> Iterator[str]:
    """Yield the lines that explain an action to somebody who writes a workflow."""
    head, item, code = ("## ", "- ", "`") if markdown else ("", "  ", "")
    yield f"{head}{code}{action.name}{code}"
    yield ""
    yield from action.doc.strip().split("\n")
    inputs: Mapping[str, Any] = action.input_schema.get("properties", {})
    if inputs:
        yield from ("", "Inputs:", *([""] if markdown else []))
    required = action.input_schema.get("required", ())
    for name, schema in inputs.items():
        says = action.parameter_docs.get(name, "")
        yield from _entry(item, f"{code}{name}{code}", _about(schema, name in required), says)
    if action.input_schema.get("additionalProperties"):
        yield f"{item}and any other"
    yield from ("", f"Output: {type_text(action.output_schema)}. {action.returns_doc}".rstrip())
    for name, schema in action.output_schema.get("properties", {}).items():
        yield from _entry(item, f"{code}{name}{code}", type_text(schema), "")
    if action.errors:
        yield from ("", "Failures of its own:", *([""] if markdown else []))
    for kind, retryable in action.errors.items():
        yield f"{item}{code}{kind}{code} ({'' if retryable else 'not '}worth another attempt)"
    promises = list(_promises(action))
    if promises:
        yield from ("", f"It is {', '.join(promises)}.")


def type_text(schema: Mapping[str, Any]) -> str:
    """Return a JSON Schema as a person says it: `integer or null`, `list of string`."""
    if "enum" in schema:
        return "one of " + ", ".join(cell(value) for value in schema["enum"])
    if "const" in schema:
        return cell(schema["const"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(dict.fromkeys(type_text(each) for each in schema[word]))
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {type_text(schema.get('items') or {})}"
    return str(schema.get("format", kind))


def _about(schema: Mapping[str, Any], required: bool) -> str:
    text = type_text(schema)
    if required:
        return f"{text}, required"
    default = schema.get("default")
    return text if default is None else f"{text}, default {cell(default)}"


def _entry(item: str, name: str, about: str, says: str) -> Iterator[str]:
    text = f"{item}{name} ({about})"
    if says:
        text += f": {' '.join(says.split())}"
    yield from textwrap.wrap(
        text, _WIDTH, subsequent_indent=" " * (len(item) + 2), break_long_words=False
    )


def _promises(action: Action) -> Iterator[str]:
    if action.pure:
        yield "pure (`cache:` is allowed)"
    if action.idempotent:
        yield "idempotent (failed attempts may be repeated)"
    if action.executor is not None:
        yield f"run on the {action.executor} executor"
