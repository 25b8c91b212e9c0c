"""Validators as attributes of `q:set` and `q:param`, checked when the template is compiled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from .checks import NAMED
from .nodes import Rules
from .pattern import PatternError, compile_pattern
from .reader import Element

if TYPE_CHECKING:
    from .build import Builder

_NUMERAL: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")


def bound(text: str) -> Any:
    """Return a bound as a number where it is one, else as text (dates compare as text)."""
    text = text.strip()
    if _NUMERAL.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def rules_of(builder: Builder, element: Element) -> Rules:
    """Return the validators of an element.

    Raises:
        QuantumError: For a validator that does not exist or cannot be read.
    """
    found: list[tuple[Any, ...]] = []
    given = element.attributes
    named = given.get("validate")
    if named is not None:
        if named.startswith("^"):
            found.append(("pattern", _pattern(builder, element, "validate")))
        else:
            builder.word(element, "validate", NAMED, "")
            found.append(("validate", named))
    if "pattern" in given:
        found.append(("pattern", _pattern(builder, element, "pattern")))
    if "range" in given:
        low, dots, high = given["range"].partition("..")
        if not dots or not low.strip() or not high.strip():
            builder.fail('range is written "least..most"', builder.place(element, "range"))
        found.append(("range", bound(low), bound(high)))
    if "enum" in given:
        found.append(("enum", *(each.strip() for each in given["enum"].split(","))))
    found += [(name, bound(given[name])) for name in ("min", "max") if name in given]
    for name in ("minlength", "maxlength"):
        if name in given:
            if not given[name].isdecimal():
                builder.fail(f"{name} is a whole number", builder.place(element, name))
            found.append((name, int(given[name])))
    return tuple(found)


def _pattern(builder: Builder, element: Element, attribute: str) -> str:
    pattern = element.attributes[attribute]
    try:
        compile_pattern(pattern)
    except PatternError as fault:
        builder.fail(f"{attribute}: {fault}", builder.place(element, attribute))
    return pattern
