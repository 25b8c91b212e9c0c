"""Whether a finished task has succeeded: what its plan demands decides, not that it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, final

import jsonschema_rs
import msgspec

from ciranda import StepError
from ciranda.errors import SettingsError
from ciranda.expressions import Expression, ExpressionError, compile as compiled

__all__ = ["Acceptance", "Demands"]


class Demands(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the layer `planner.task` is told of a step.

    Attributes:
        deadline: Seconds from the start of the run after which the task is stopped.
        schema: A JSON Schema that its result fits.
        file: A file that exists afterwards; relative to the plan's folder.
        expression: An expression over `result` that is true.
        exit_code: What its result tells as its `exit_code`; commands are asked themselves.
    """

    deadline: float | None = None
    schema: dict[str, Any] | None = None
    file: str | None = None
    expression: str | None = None
    exit_code: int | None = None

    @classmethod
    def read(cls, step: str, options: Any) -> Demands:
        """Return the options of a step's layer.

        Raises:
            SettingsError: They do not fit.
        """
        try:
            return msgspec.convert(options, cls)
        except msgspec.ValidationError as error:
            raise SettingsError(f"step '{step}': with-middleware planner.task: {error}") from None


@final
class Acceptance:
    """Checks results; made once a step.

    Args:
        task: Whose results.
        demands: What must hold of them.

    Raises:
        SettingsError: The schema or the expression is none.
    """

    def __init__(self, task: str, demands: Demands) -> None:
        self._task: Final = task
        self._file: Final = demands.file
        self._checks: Final[list[Callable[[Any], str]]] = []
        if demands.exit_code is not None:
            self._checks.append(_exit_code(demands.exit_code))
        if demands.schema is not None:
            self._checks.append(_schema(task, demands.schema))
        if demands.expression is not None:
            self._checks.append(_expression(task, demands.expression))

    def __call__(self, result: Any, base: Path) -> None:
        """Refuse what does not count as success.

        Raises:
            StepError: Kind `unsuccessful`, with what was demanded.
        """
        for check in self._checks:
            if why := check(result):
                self._refuse(why)
        if self._file is not None and not (base / self._file).exists():
            self._refuse(f"there is no file `{self._file}`")

    def _refuse(self, why: str) -> None:
        raise StepError("unsuccessful", f"'{self._task}' ended, but {why}", retryable=True)


def _exit_code(code: int) -> Callable[[Any], str]:
    def check(result: Any) -> str:
        if not isinstance(result, Mapping) or "exit_code" not in result:
            return f"its result tells no `exit_code`, which was to be {code}"
        found = result["exit_code"]
        return "" if found == code else f"its `exit_code` is {found}, not {code}"

    return check


def _schema(task: str, schema: Mapping[str, Any]) -> Callable[[Any], str]:
    try:
        validator = jsonschema_rs.validator_for(dict(schema))
    except (jsonschema_rs.ValidationError, ValueError) as error:
        raise SettingsError(f"'{task}': its `success` has no JSON Schema: {error}") from None

    def check(result: Any) -> str:
        first = next(validator.iter_errors(result), None)
        return "" if first is None else f"its result does not fit: {first.message}"

    return check


def _expression(task: str, text: str) -> Callable[[Any], str]:
    try:
        condition: Expression = compiled(text)
    except ExpressionError as error:
        raise SettingsError(f"'{task}': its `success` is no expression: {error.message}") from None

    def check(result: Any) -> str:
        try:
            found = condition({"result": result})
        except ExpressionError as error:
            return f"`{text}` cannot be told: {error.message}"
        return "" if found is True else f"`{text}` is not true"

    return check
