"""Functions by name: the built-in ones and those that a host adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from . import functions as built_in
from .dialect import Dialect


@dataclass(frozen=True)
class Function:
    """A function that expressions may call.

    Args:
        name: As written in the expression.
        call: Takes evaluated plain data and gives plain data; None means that the host hands it
            in with every evaluation, under `"()"` of the scope: `scope["()"][name]`.
        minimum: Arguments without a name that it needs.
        maximum: Arguments without a name that it takes; None is any number.
        pure: Whether equal arguments always give an equal answer.
        doc: One line for a person.
        named: Arguments that are given by name; None is any.
        returns: JSON Schema of the answer, for the static check.
    """

    name: str
    call: Callable[..., Any] | None = None
    minimum: int = 0
    maximum: int | None = 0
    pure: bool = False
    doc: str = ""
    named: frozenset[str] | None = frozenset()
    returns: Mapping[str, Any] | None = None


_ANY: Final[Mapping[str, Any]] = MappingProxyType({})


def _of(kind: str) -> Mapping[str, Any]:
    return MappingProxyType({"type": kind})


def _built_in(
    call: Callable[..., Any],
    minimum: int,
    maximum: int | None,
    returns: Mapping[str, Any],
    *named: str,
    any_name: bool = False,
) -> Function:
    return Function(
        call.__name__.rstrip("_"),
        call,
        minimum,
        maximum,
        pure=True,
        doc=call.__doc__ or "",
        named=None if any_name else frozenset(named),
        returns=returns,
    )


_SHARED: Final = (
    _built_in(built_in.len_, 1, 1, _of("integer")),
    _built_in(built_in.sum_, 1, 2, _ANY, "start"),
    _built_in(built_in.min_, 1, None, _ANY, "default"),
    _built_in(built_in.max_, 1, None, _ANY, "default"),
    _built_in(built_in.abs_, 1, 1, _of("number")),
    _built_in(built_in.round_, 1, 2, _of("number"), "ndigits"),
    _built_in(built_in.sorted_, 1, 1, _of("array"), "reverse"),
    _built_in(built_in.reversed_, 1, 1, _of("array")),
    _built_in(
        built_in.range_, 1, 3, MappingProxyType({"type": "array", "items": {"type": "integer"}})
    ),
    _built_in(built_in.str_, 0, 1, _of("string")),
    _built_in(built_in.int_, 0, 2, _of("integer"), "base"),
    _built_in(built_in.float_, 0, 1, _of("number")),
    _built_in(built_in.bool_, 0, 1, _of("boolean")),
    _built_in(built_in.list_, 0, 1, _of("array")),
    _built_in(built_in.tuple_, 0, 1, _of("array")),
    _built_in(built_in.dict_, 0, 1, _of("object"), any_name=True),
    _built_in(built_in.set_, 0, 1, _ANY),
    _built_in(built_in.zip_, 0, None, _of("array")),
    _built_in(built_in.enumerate_, 1, 2, _of("array"), "start"),
    _built_in(built_in.any_, 1, 1, _of("boolean")),
    _built_in(built_in.all_, 1, 1, _of("boolean")),
)
_DATA: Final = (
    _built_in(built_in.json_, 1, 1, _of("string")),
    _built_in(built_in.hash_, 1, None, _of("string")),
)
SHARED: Final[Mapping[str, Function]] = MappingProxyType({each.name: each for each in _SHARED})
WITH_DATA: Final[Mapping[str, Function]] = MappingProxyType(
    {each.name: each for each in _SHARED + _DATA}
)


def built_in_functions(dialect: Dialect) -> Mapping[str, Function]:
    """Return the functions that every expression of a dialect may call."""
    return SHARED if dialect.c_operators else WITH_DATA
