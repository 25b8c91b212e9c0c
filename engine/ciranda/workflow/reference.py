"""What the builder hands out to be put into values: text that reads as `${{ ... }}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, final

__all__ = ["Reference", "StepReference", "written"]


@final
class Reference:
    """A name of the run's scope and the way on from there; `str()` of it is an expression.

    `ref.rows` and `ref["rows"]` are the same; names that begin with `_` need the second form.
    """

    __slots__ = ("_source",)
    __iter__: Final = None  # `[]` would otherwise make it an endless sequence

    def __init__(self, source: str) -> None:
        self._source = source

    def __getitem__(self, key: str | int) -> Reference:
        if isinstance(key, str) and key.isascii() and key.isidentifier() and key[0] != "_":
            return Reference(f"{self._source}.{key}")
        return Reference(f"{self._source}[{json.dumps(key)}]")

    def __getattr__(self, name: str) -> Reference:
        if name.startswith("_"):
            raise AttributeError(f"a reference has no `{name}`: a field is `[{json.dumps(name)}]`")
        return self[name]

    def __str__(self) -> str:
        return f"${{{{ {self._source} }}}}"

    def __repr__(self) -> str:
        return f"Reference({self._source!r})"


@final
class StepReference:
    """A step that was added; its parts can be read by later steps."""

    __slots__ = ("id",)

    def __init__(self, id: str) -> None:  # noqa: A002 - the word of the file
        self.id = id

    @property
    def output(self) -> Reference:
        """What the step gave."""
        return Reference(f"steps.{self.id}.output")

    @property
    def status(self) -> Reference:
        """How the step ended: `succeeded`, `failed`, `skipped` or `cancelled`."""
        return Reference(f"steps.{self.id}.status")

    @property
    def error(self) -> Reference:
        """Why the step failed, or null."""
        return Reference(f"steps.{self.id}.error")

    @property
    def items(self) -> Reference:
        """Status, output and error of each item of a map."""
        return Reference(f"steps.{self.id}.items")

    @property
    def counts(self) -> Reference:
        """How many items of a map ended in which way."""
        return Reference(f"steps.{self.id}.counts")

    def __repr__(self) -> str:
        return f"StepReference({self.id!r})"


def written(value: Any) -> Any:
    """Return plain data with references as the text that a file would hold.

    Raises:
        TypeError: A step itself stands where one of its parts must.
    """
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, StepReference):
        raise TypeError(f"step `{value.id}` is no value: write `{value.id}.output`")
    if isinstance(value, Mapping):
        return {key: written(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [written(each) for each in value]
    return value
