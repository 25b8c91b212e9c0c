"""The layer of declared outputs: what a step says it gives is there, fits, and files are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ciranda.errors import StepError
from ciranda.expressions.error import ExpressionError
from ciranda.layer import Call, Layer, Next, Place, StepPlan
from ciranda.workflow.fitting import surely_fits
from ciranda.workflow.inputs import confined
from ciranda.workflow.model import Declared
from ciranda.workflow.violation import says, violations

if TYPE_CHECKING:
    from ciranda.middleware.shared import Shared

__all__ = ["layer"]


def layer(plan: StepPlan, shared: Shared) -> Layer | None:
    """Check the outputs that a step declares; None when it declares none.

    A file is kept by its digest in the store and told as `{path, sha256, bytes}`.
    """
    if not plan.options.declares:
        return None
    return Layer(_Declared(plan, shared).call, Place.OUTPUTS, name="outputs")


class _Declared:
    """The layer of one step."""

    __slots__ = ("_declares", "_file", "_files", "_step")

    def __init__(self, plan: StepPlan, shared: Shared) -> None:
        self._step: Final = plan.id
        self._file: Final = plan.file
        self._declares: Final[Mapping[str, Declared]] = plan.options.declares
        self._files: Final[dict[str, Callable[[Mapping[str, Any]], Any]]] = {
            name: shared.bind(each.file)
            for name, each in plan.options.declares.items()
            if each.file is not None
        }

    async def call(self, call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        given = await next(call)
        value = {} if given is None else given
        if not isinstance(value, dict):
            raise _misfit(f"step `{self._step}` declares outputs by name, and gave no mapping")
        found = dict(value)
        for name, declared in self._declares.items():
            if name in self._files:
                found[name] = self._artifact(name, call)
            elif name not in found:
                raise _misfit(f"step `{self._step}` declares the output `{name}`, and gave none")
            else:
                self._check(name, declared, found[name])
        return found

    def _artifact(self, name: str, call: Call) -> dict[str, Any]:
        try:
            path = self._files[name](call.scope)
        except ExpressionError as error:
            text = f"`outputs.{name}` of step `{self._step}` cannot be evaluated: {error.message}"
            raise _misfit(text) from None
        place = str(path)
        if not _is_within(place, call.ctx.dir):
            try:
                place = confined(place, self._file)
            except ValueError as error:
                raise _misfit(f"the output `{name}` of step `{self._step}` {error}") from None
        if not Path(place).is_file():
            raise _misfit(
                f"step `{self._step}` declares the file `{path}` as its output `{name}`, and "
                "there is none"
            )
        return call.ctx.artifact(place)

    def _check(self, name: str, declared: Declared, value: Any) -> None:
        if surely_fits(value, declared.schema):
            return
        from jsonschema_rs import Draft202012Validator  # slow to load

        validator = Draft202012Validator(json.loads(json.dumps(declared.schema)))
        for wrong in violations(validator, value):
            parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in wrong.path)
            where = "".join((name, *parts))
            raise _misfit(f"the output `{where}` of step `{self._step}` {says(wrong)}")


def _is_within(place: str, folder: Path) -> bool:
    """Say whether a path leads into a step's own folder, which may be outside of the project."""
    return Path(place).is_absolute() and Path(place).resolve().is_relative_to(folder.resolve())


def _misfit(message: str) -> StepError:
    return StepError("invalid-output", message)
