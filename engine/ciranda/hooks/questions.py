"""The questions a plugin can answer, or put to the engine: one hook a request type."""

from ciranda.events import InvokeAction, Invoked
from ciranda.hooks.markers import hookspec


@hookspec
def invoke_action(request: InvokeAction) -> Invoked | None:
    """Call an action for somebody who asks by `ctx.ask(InvokeAction(action=..., inputs=...))`.

    Fires once for each question. The engine answers it, through the action's middleware; a plugin
    that comes before it may answer in its place.

    Args:
        request: The action's name and its inputs.

    Returns:
        What the action gave. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def invoke_action(request):
            if request.action == "clock.now":
                return Invoked(output=0)
        ```
    """
