"""Types of a stranger, and the hooks that belong to them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from ciranda.bus import Bus
from ciranda.errors import PluginError
from ciranda.events import Event, Request, RunStarted
from ciranda.hooks import hookimpl, hookspec

pytestmark = pytest.mark.anyio


class Sent(Event, frozen=True, kw_only=True, tag=True):
    text: str


class Send(Request[int], frozen=True, kw_only=True):
    text: str


def specs(**functions: Any) -> ModuleType:
    module = ModuleType("slack_hooks")
    vars(module).update({name: hookspec(one) for name, one in functions.items()})
    return module


async def test_a_stranger_adds_an_event_and_a_request_with_their_hooks() -> None:
    heard: list[str] = []

    class Plugin:
        @hookimpl
        def message_sent(self, event: Sent) -> None:
            heard.append(event.text)

        @hookimpl
        async def send_message(self, request: Send) -> int:
            bus.publish_nowait(Sent(text=request.text))
            return len(request.text)

    def message_sent(event: Sent) -> None: ...
    def send_message(request: Send) -> int | None: ...

    bus = Bus()
    bus.add_hooks(specs(message_sent=message_sent, send_message=send_message))
    bus.register(Plugin(), "slack")

    assert await bus.ask(Send(text="hello")) == 5
    assert heard == ["hello"]


def test_the_annotation_alone_links_type_and_hook() -> None:
    heard: list[Any] = []

    class Plugin:
        @hookimpl
        def whatever(self, it: Any) -> None:
            heard.append(it)

    def whatever(it: Sent) -> None: ...

    bus = Bus()
    bus.add_hooks(specs(whatever=whatever))
    bus.register(Plugin(), "p")
    bus.publish_nowait(Sent(text="x"))

    assert heard == [Sent(text="x")]


def _none(event: Sent) -> None: ...
def _two(event: Sent, more: int) -> None: ...
def _bare(event) -> None: ...
def _int(event: int) -> None: ...
def _unread(event: Missing) -> None: ...  # type: ignore[name-defined] # noqa: F821 # same
def _taken(event: RunStarted) -> None: ...


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({}, "'slack_hooks' specifies no hook: mark a function"),
        ({"x": _two}, "'slack_hooks.x' needs one parameter annotated with an Event or Request"),
        ({"x": _bare}, "'slack_hooks.x' needs one parameter"),
        ({"x": _int}, "'slack_hooks.x' needs one parameter"),
        ({"x": _unread}, "'slack_hooks.x': the annotation cannot be read: .*Missing"),
        ({"x": _taken}, "RunStarted already belongs to the hook 'run_started'"),
        ({"x": _none, "y": _none}, "Sent already belongs to 'x'; a type has one hook"),
        ({"actions": _none}, "there is a hook 'actions' already; choose another name"),
    ],
)
def test_a_spec_that_cannot_work_is_refused(functions: dict[str, Any], message: str) -> None:
    with pytest.raises(PluginError, match=message):
        Bus().add_hooks(specs(**functions))


def test_a_late_spec_that_does_not_fit_an_implementation_names_the_plugin() -> None:
    class Plugin:
        @hookimpl
        def message_sent(self, wrong: Sent) -> None: ...

    bus = Bus()
    bus.register(Plugin(), "early")

    with pytest.raises(PluginError, match=r"'slack_hooks' do not fit plugin 'early': .*wrong"):
        bus.add_hooks(specs(message_sent=_none))
