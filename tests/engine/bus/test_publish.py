"""Facts and the observers that hear them in line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pluggy
import pytest
import structlog
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.bus import Bus, ObserverFailure
from ciranda.bus.report import log_failure
from ciranda.errors import PluginError
from ciranda.events import Event, Request, RunStarted, StepCompleted, StepFailed, StepStarted
from ciranda.hooks import hookimpl, hookspec, observer

pytestmark = pytest.mark.anyio

EVENT = StepCompleted(path="a")


def listener(log: list[Any], mark: Any, **options: Any) -> object:
    class Plugin:
        @hookimpl(**options)
        def step_completed(self, event: StepCompleted) -> None:
            log.append(mark)

    return Plugin()


@settings(max_examples=share(150), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "remove", "publish"]),
            st.integers(0, 5),
            st.sampled_from(["", "tryfirst", "trylast"]),
        ),
        max_size=30,
    )
)
def test_observers_hear_in_the_order_in_which_pluggy_calls(
    moves: list[tuple[str, int, str]],
) -> None:
    heard: list[int] = []
    expected: list[int] = []
    bus, oracle = Bus(), pluggy.PluginManager("ciranda")

    class Spec:
        @hookspec
        def step_completed(self, event: object) -> None: ...

    oracle.add_hookspecs(Spec)
    for move, number, option in moves:
        name = f"p{number}"
        if move == "publish":
            bus.publish_nowait(EVENT)
            oracle.hook.step_completed(event=EVENT)
        elif move == "add" and not oracle.has_plugin(name):
            options: dict[str, Any] = {option: True} if option else {}
            bus.register(listener(heard, number, **options), name)
            oracle.register(listener(expected, number, **options), name)
        elif move == "remove" and oracle.has_plugin(name):
            bus.unregister(name)
            oracle.unregister(name=name)

        assert heard == expected
        assert bus.listens(StepCompleted) is bool(oracle.hook.step_completed.get_hookimpls())


async def test_an_observer_that_raises_is_reported_by_name_and_the_others_hear(
    make_bus: Callable[..., Bus], failures: list[ObserverFailure]
) -> None:
    heard: list[int] = []

    class Broken:
        @hookimpl
        def step_completed(self, event: StepCompleted) -> None:
            raise KeyError("gone")

    bus = make_bus(listener(heard, 0), Broken(), listener(heard, 2))

    await bus.publish(EVENT)

    assert heard == [2, 0]
    assert [(one.plugin, one.observer, one.event) for one in failures] == [
        ("p1", "step_completed", "StepCompleted")
    ]
    assert isinstance(failures[0].error, KeyError)


def test_a_failure_is_logged_with_the_plugin_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    class Broken:
        @hookimpl
        def step_completed(self, event: StepCompleted) -> None:
            raise ValueError("no such channel")

    bus = Bus()
    bus.register(Broken(), "slack")

    bus.publish_nowait(EVENT)

    out, written = capsys.readouterr()
    assert out == ""  # where outputs are
    assert "observer failed" in written
    assert "slack" in written
    assert "no such channel" in written
    assert "locals" not in written  # they may hold secrets


def test_a_failure_names_a_type_of_event_or_none_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    log_failure(ObserverFailure("slack", "tell", "StepFailed", "gone"))
    log_failure(ObserverFailure("slack", "tell", "", "gone"))

    about_one, about_none = capsys.readouterr().err.splitlines()
    assert "event_type=StepFailed" in about_one
    assert "event_type" not in about_none


def test_a_failure_goes_where_the_program_sends_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    class Broken:
        @hookimpl
        def step_completed(self, event: StepCompleted) -> None:
            raise ValueError("no such channel")

    bus = Bus()
    bus.register(Broken(), "slack")
    try:
        with structlog.testing.capture_logs() as logged:
            bus.publish_nowait(EVENT)
    finally:
        structlog.reset_defaults()

    assert [(one["plugin"], one["reason"]) for one in logged] == [("slack", "no such channel")]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("buffered", [False, True])
async def test_an_observer_cannot_end_the_process(
    make_bus: Callable[..., Bus], failures: list[ObserverFailure], buffered: bool
) -> None:
    class Plain:
        @hookimpl
        def step_completed(self, event: StepCompleted) -> None:
            raise SystemExit(3)

    class Buffered:
        @hookimpl
        async def step_completed(self, event: StepCompleted) -> None:
            raise SystemExit(3)

    bus = make_bus(Buffered() if buffered else Plain())
    async with bus.running():
        await bus.publish(EVENT)

    assert [one.reason for one in failures] == ["3"]


def test_an_implementation_may_leave_the_event_out(make_bus: Callable[..., Bus]) -> None:
    heard: list[str] = []

    class Plugin:
        @hookimpl
        def step_completed(self) -> None:
            heard.append("x")

    make_bus(Plugin()).publish_nowait(EVENT)

    assert heard == ["x"]


def test_a_plain_function_marked_observer_hears_several_types_and_those_beneath(
    make_bus: Callable[..., Bus], rung_type: type[Event]
) -> None:
    some: list[str] = []
    every: list[str] = []

    class Plugin:
        @observer(StepFailed, StepStarted)
        def some(self, event: Event) -> None:
            some.append(type(event).__name__)

        @observer(Event)
        def every(self, event: Event) -> None:
            every.append(type(event).__name__)

    bus = make_bus(Plugin())

    for event in (EVENT, StepStarted(path="a"), rung_type()):
        bus.publish_nowait(event)

    assert some == ["StepStarted"]
    assert every == ["StepCompleted", "StepStarted", "Rung"]


def test_a_channel_stays_the_same_when_plugins_come_and_go(make_bus: Callable[..., Bus]) -> None:
    heard: list[int] = []
    bus = make_bus()
    channel = bus.channel(StepCompleted)

    silent = channel.send
    bus.register(listener(heard, 1), "late")
    assert channel.send is not None
    channel.send(EVENT)
    bus.unregister("late")

    assert silent is None
    assert channel.send is None
    assert heard == [1]
    assert bus.publish_nowait(EVENT)


def test_a_circle_of_events_stops_64_deep_and_shows_the_chain(
    make_bus: Callable[..., Bus], failures: list[ObserverFailure]
) -> None:
    depths: list[int] = []

    class Plugin:
        @hookimpl
        def step_started(self, event: StepStarted) -> None:
            depths.append(1)
            bus.publish_nowait(EVENT)

        @hookimpl
        def step_completed(self, event: StepCompleted) -> None:
            depths.append(1)
            bus.publish_nowait(StepStarted(path="a"))

    bus = make_bus(Plugin())

    bus.publish_nowait(EVENT)

    assert len(depths) == 64
    assert len(failures) == 1
    assert isinstance(failures[0].error, PluginError)
    assert "in a circle, 65 deep: StepCompleted -> StepStarted -> " in failures[0].reason


def test_a_function_that_returns_a_coroutine_unannounced_is_reported(
    make_bus: Callable[..., Bus], failures: list[ObserverFailure]
) -> None:
    async def later() -> None: ...

    class Plugin:
        @hookimpl
        def step_completed(self, event: StepCompleted) -> Any:
            return later()

    make_bus(Plugin()).publish_nowait(EVENT)

    assert "returned a coroutine though it is not `async def`" in failures[0].reason


def test_what_an_observer_returns_is_not_looked_at(
    make_bus: Callable[..., Bus], failures: list[ObserverFailure]
) -> None:
    class Plugin:
        @hookimpl
        def step_completed(self, event: StepCompleted) -> int:
            return 7

    make_bus(Plugin()).publish_nowait(EVENT)

    assert failures == []


@pytest.mark.parametrize("option", ["wrapper", "hookwrapper"])
def test_a_pluggy_wrapper_is_refused_with_what_to_do(
    make_bus: Callable[..., Bus], option: str
) -> None:
    class Plugin:
        @hookimpl(**{option: True})  # type: ignore[call-overload] # one word of several
        def step_completed(self, event: StepCompleted) -> Any:
            yield

    with pytest.raises(PluginError, match=r"'p0': 'step_completed' is a pluggy wrapper.*Layer"):
        make_bus(Plugin())


def test_an_unknown_hook_is_named_with_the_nearest_known_one(make_bus: Callable[..., Bus]) -> None:
    class Plugin:
        @hookimpl
        def step_complete(self, event: StepCompleted) -> None: ...

    bus = make_bus(Plugin())

    with pytest.raises(PluginError, match=r"'p0' implements the hook 'step_complete', .*"):
        bus.check_pending()


def test_an_optional_hook_may_be_unknown(make_bus: Callable[..., Bus]) -> None:
    class Plugin:
        @hookimpl(optionalhook=True)
        def some_hook_of_another_plugin(self) -> None: ...

    make_bus(Plugin()).check_pending()


def test_a_wrong_parameter_is_refused_and_leaves_nothing_behind(
    make_bus: Callable[..., Bus],
) -> None:
    class Plugin:
        @hookimpl
        def step_completed(self, evnt: StepCompleted) -> None: ...

    bus = make_bus()

    with pytest.raises(
        PluginError, match=r"plugin 'x': the hook 'step_completed' takes `event`, not `evnt`"
    ):
        bus.register(Plugin(), "x")

    assert not bus.listens(StepCompleted)
    assert not bus.hooks.has_plugin("x")


def test_a_name_or_an_object_is_registered_once(make_bus: Callable[..., Bus]) -> None:
    plugin = listener([], 0)
    bus = make_bus(plugin)

    with pytest.raises(PluginError, match="plugin 'p0' is registered already"):
        bus.register(listener([], 1), "p0")
    with pytest.raises(PluginError, match="plugin 'q' is the same object as the plugin 'p0'"):
        bus.register(plugin, "q")
    with pytest.raises(PluginError, match="plugin 'q' is not registered"):
        bus.unregister("q")


def test_registering_reads_no_property_and_no_lazy_attribute(make_bus: Callable[..., Bus]) -> None:
    class Plugin:
        @property
        def costly(self) -> None:
            raise AssertionError("read")

    make_bus(Plugin())


def test_publish_takes_events_and_ask_takes_requests(
    make_bus: Callable[..., Bus], judge_type: type[Request[str]]
) -> None:
    bus = make_bus()

    with pytest.raises(TypeError, match="Judge is not an Event; ask takes requests"):
        bus.publish_nowait(judge_type())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="RunStarted is not a Request; publish takes events"):
        bus.ask(RunStarted(workflow="w"))  # type: ignore[arg-type]


def test_marks_on_one_function_exclude_each_other(make_bus: Callable[..., Bus]) -> None:
    class Plugin:
        @hookimpl
        @observer(StepCompleted)
        def step_completed(self, event: StepCompleted) -> None: ...

    with pytest.raises(PluginError, match="is marked @observer and @hookimpl"):
        make_bus(Plugin())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"buffer": 0}, "at least 1 event must fit"),
        ({"overflow": "drop"}, r"overflow='drop'\): choose one of drop_oldest, block, fail"),
        ({"drain": "soon"}, "`soon` is not a duration"),
        ({"drain": -1}, "give seconds, 0 or more"),
        ({"drain": float("nan")}, "give seconds, 0 or more"),
    ],
)
def test_an_observer_option_that_cannot_work_is_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(PluginError, match=message):
        observer(StepFailed, **options)


def test_an_observer_names_event_types() -> None:
    with pytest.raises(PluginError, match="names no event type"):
        observer()
    with pytest.raises(PluginError, match=r"@observer\(int\): that is not an event type"):
        observer(int)  # type: ignore[arg-type]


def test_buffer_options_on_a_plain_function_are_refused() -> None:
    with pytest.raises(PluginError, match="'tell' is not async and is called in line"):

        @observer(StepFailed, buffer=1)
        def tell(event: StepFailed) -> None: ...
