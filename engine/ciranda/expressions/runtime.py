"""The names that generated code may use: its whole world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from . import access, budget, limits, loose, methods, operators, text
from .error import ExpressionError
from .function import WITH_DATA

FILE: Final = "<expression>"  # what traceback frames of generated code are known by


def call_host(function: Callable[..., Any], name: str, *arguments: Any, **named: Any) -> Any:
    """Call a function of the host; what it raises is told by its type only."""
    try:
        return function(*arguments, **named)
    except ExpressionError as fault:  # perhaps of another expression: the place is the call
        raise ExpressionError(fault.kind, fault.message) from fault
    except Exception as error:
        message = f"'{name}' failed: {type(error).__name__}"
        raise ExpressionError("value", message) from error


def context(scope: Mapping[str, Any], name: str) -> Callable[..., Any]:
    """Return a function that came with the scope."""
    function: Callable[..., Any] | None = (scope.get("()") or {}).get(name)
    if function is None:
        raise ExpressionError("undefined", f"the function '{name}' has no meaning here")
    return function


NAMESPACE: Final[dict[str, Any]] = {
    "__builtins__": {},
    "c_type": type,
    "c_int": int,
    "c_float": float,
    "c_dict": dict,
    "c_list": list,
    "c_any": any,
    "c_all": all,
    "c_most": limits.SMALL,
    "c_least": -limits.SMALL,
    "c_iterations": limits.ITERATIONS,
    "c_bounded": budget.bounded,
    "c_key_of": budget.key_of,
    "c_call_host": call_host,
    "c_context": context,
    "c_method": methods.call_method,
    "c_field": text.formatted,
    "c_joined": text.joined,
    "c_loose": loose.compare,
    **{
        f"c_{each.__name__}": each
        for each in (
            access.key, access.lenient, access.item, access.cut, access.each, access.first,
            operators.add, operators.subtract, operators.multiply, operators.divide,
            operators.floor_divide, operators.remainder, operators.power, operators.negative,
            operators.positive, operators.invert, operators.bits, operators.shift_left,
            operators.shift_right, operators.equal, operators.unequal, operators.less,
            operators.less_or_equal, operators.greater, operators.greater_or_equal,
            operators.same, operators.contains, operators.chain, operators.compared,
        )
    },
    **{f"f_{name}": function.call for name, function in WITH_DATA.items()},
}  # fmt: skip
"""Copy it and add to it; generated code finds everything else among its own locals."""
