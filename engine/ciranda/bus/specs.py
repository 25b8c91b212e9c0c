"""Which hook belongs to which type: read from the annotations of hook specs."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any, get_origin

import pluggy

from ciranda.errors import PluginError
from ciranda.events import Event, Request

__all__ = ["message_hooks"]


def message_hooks(manager: pluggy.PluginManager, module: object) -> dict[type, str]:
    """Return the hooks that `module` specifies for event and request types.

    Raises:
        PluginError: A spec has other parameters than one message, or none at all is found.
    """
    if not isinstance(module, ModuleType):
        raise PluginError(f"hook specs are in a module; {module!r} is none")
    found: dict[type, str] = {}
    for name, function in vars(module).items():
        if manager.parse_hookspec_opts(module, name) is None:
            continue
        kind = _message_type(function, f"{module.__name__}.{name}")
        if kind in found:
            raise PluginError(
                f"hook spec '{module.__name__}.{name}': {kind.__name__} already belongs to "
                f"'{found[kind]}'; a type has one hook"
            )
        found[kind] = name
    if not found:
        raise PluginError(
            f"'{module.__name__}' specifies no hook: mark a function of it with @hookspec"
        )
    return found


def _message_type(function: Any, place: str) -> type:
    try:
        annotations = inspect.get_annotations(function, eval_str=True)
    except NameError as error:
        raise PluginError(
            f"hook spec '{place}': the annotation cannot be read: {error}; "
            "import the type outside of `if TYPE_CHECKING:`"
        ) from None
    annotations.pop("return", None)
    if len(annotations) == 1:
        (annotation,) = annotations.values()
        kind: Any = get_origin(annotation)  # Judge of Judge[str]
        kind = annotation if kind is None else kind
        if isinstance(kind, type) and issubclass(kind, (Event, Request)):
            return kind
    raise PluginError(
        f"hook spec '{place}' needs one parameter annotated with an Event or Request class"
    )
