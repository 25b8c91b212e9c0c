"""Whether values fit the schemas of a server, which is not to be trusted with our time."""

from __future__ import annotations

from typing import Any, Final, NoReturn

import jsonschema_rs

from ciranda.errors import StepError

__all__ = ["check_arguments", "check_structured"]

_BACKTRACKS: Final = 100_000  # of one pattern
_SHOWN: Final = 3  # faults


def check_arguments(tool: str, schema: dict[str, Any], arguments: dict[str, Any]) -> None:
    """Refuse arguments that a tool does not take.

    Raises:
        StepError: `mcp.arguments`, which names each fault; `mcp.schema`: the schema is none.
    """
    faults = _faults(tool, schema, arguments)
    if faults:
        said = f"The tool `{tool}` cannot take these arguments: {'; '.join(faults)}."
        raise StepError("mcp.arguments", said, retryable=False)


def check_structured(tool: str, schema: dict[str, Any] | None, structured: Any) -> None:
    """Refuse a result that is not what the tool says it returns.

    Raises:
        StepError: `mcp.schema`.
    """
    if schema is None:
        return
    faults = _faults(tool, schema, structured)
    if faults:
        said = f"The tool `{tool}` returned what its schema forbids: {'; '.join(faults)}."
        raise StepError("mcp.schema", said, retryable=False)


def _faults(tool: str, schema: dict[str, Any], value: Any) -> list[str]:
    try:
        validator = jsonschema_rs.validator_for(
            schema,
            retriever=_never,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS),
        )
        if validator.is_valid(value):
            return []
        found = [
            _shown(fault)
            for _, fault in zip(range(_SHOWN), validator.iter_errors(value), strict=False)
        ]
    except (ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise StepError(
            "mcp.schema",
            f"The schema of the tool `{tool}` cannot be used: {reason}.",
            retryable=False,
        ) from None
    return found or ["it does not fit"]


def _shown(fault: jsonschema_rs.ValidationError) -> str:
    place = ".".join(map(str, fault.instance_path))
    return f"{place}: {fault.message[:200]}" if place else fault.message[:200]


def _never(uri: str) -> NoReturn:
    """Fetch nothing: a schema that points elsewhere would make us ask any address."""
    raise ValueError(f"{uri[:100]} is not fetched")
