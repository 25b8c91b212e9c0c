"""The layers that steps ask for by name: `with-middleware: {slack.quiet: {hours: 8}}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

from ciranda.errors import ActionError, PluginError
from ciranda.events import Request
from ciranda.hooks import hookimpl
from ciranda.layer import Layer, Modifier, StepPlan

__all__ = ["Asked", "refusal"]


@final
class Asked:
    """A plugin that puts one modifier's layer around the steps that ask for it.

    Args:
        modifier: What a plugin offers.
    """

    def __init__(self, modifier: Modifier) -> None:
        self._modifier: Final = modifier

    @hookimpl
    def middleware(self, target: StepPlan | type[Request[Any]]) -> Layer | None:
        """Call the modifier for a step that asks for it.

        Raises:
            PluginError: What the step writes does not fit.
        """
        modifier = self._modifier
        if not isinstance(target, StepPlan) or modifier.name not in target.options.modifiers:
            return None
        try:
            options = modifier.read(target.options.modifiers[modifier.name])
        except ActionError as error:
            raise PluginError(f"step `{target.id}`: {error}") from None
        return modifier.function(target, options)


def refusal(known: Mapping[str, Modifier], name: str, written: Any) -> tuple[str, str]:
    """Return what is wrong with what a step writes of a plugin's layer, and a hint.

    Both are empty where nothing is. A plugin that offers no modifiers checks names and options
    itself.

    Args:
        known: The modifiers of the plugins in use.
        name: The layer's name.
        written: Its options, as the file has them.
    """
    modifier = known.get(name)
    if modifier is not None:
        try:
            modifier.read(written)
        except ActionError as error:
            return str(error), ""
        return "", ""
    offered = [each for each in known if each.startswith(f"{name.partition('.')[0]}.")]
    if not offered:
        return "", ""
    from ciranda.workflow.nearest import nearest  # only a mistake needs it

    meant = nearest(name, offered)
    listed = f"there is {', '.join(f'`{each}`' for each in offered)}"
    wrong = f"no plugin puts a layer `{name}` around steps"
    return wrong, f"did you mean `{meant}`?" if meant else listed
