"""Requests: the first answer, every answer, and the layers around."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from ciranda.bus import Bus
from ciranda.errors import PluginError, UnansweredError
from ciranda.events import Request
from ciranda.hooks import hookimpl
from ciranda.layer import Layer, Place

pytestmark = pytest.mark.anyio

JudgeType = type[Request[str]]


def expert(answer: Any, log: list[Any] | None = None) -> object:
    class Plugin:
        @hookimpl
        async def weigh(self, request: Any) -> Any:
            if log is not None:
                log.append(answer)
            await anyio.lowlevel.checkpoint()
            if isinstance(answer, Exception):
                raise answer
            return answer

    return Plugin()


def plain_expert(answer: Any) -> object:
    class Plugin:
        @hookimpl
        def weigh(self, request: Any) -> Any:
            return answer

    return Plugin()


def ring(
    name: str, log: list[str], place: Place = Place.TRACING, answer: str | None = None, **order: Any
) -> object:
    async def layer(call: Any, inner: Any) -> Any:
        log.append(name)
        if answer is not None:
            return answer
        return await inner(call)

    class Plugin:
        @hookimpl
        def middleware(self, target: Any) -> Layer | None:
            if isinstance(target, type):
                return Layer(layer, place, name=name, **order)
            return None

    return Plugin()


async def test_the_first_answer_that_is_not_none_wins_and_ends_the_asking(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    asked: list[Any] = []
    bus = make_bus(expert("never", asked), expert("yes", asked), plain_expert(None))

    assert await bus.ask(judge_type()) == "yes"
    assert asked == ["yes"]


async def test_an_answer_that_is_false_but_not_none_counts(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    assert await make_bus(expert("late"), plain_expert("")).ask(judge_type()) == ""


async def test_nobody_answering_is_an_error_that_names_who_was_asked(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    with pytest.raises(UnansweredError, match="nobody answers Judge: no plugin in use"):
        await make_bus().ask(judge_type())
    with pytest.raises(UnansweredError, match="nobody answered Judge; asked: p1, p0"):
        await make_bus(expert(None), plain_expert(None)).ask(judge_type())


async def test_a_request_type_without_a_hook_is_an_error_with_the_next_step(
    make_bus: Callable[..., Bus],
) -> None:
    class Strange(Request[int], frozen=True):
        pass

    with pytest.raises(PluginError, match=r"Strange has no hook: list the module .* `hookspecs`"):
        await make_bus().ask(Strange())


async def test_a_failure_keeps_its_type_and_names_the_plugin(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    bus = make_bus(expert("late"), expert(ZeroDivisionError("oh")))

    with pytest.raises(ZeroDivisionError, match="oh") as caught:
        await bus.ask(judge_type())

    assert caught.value.__notes__ == ["in plugin 'p1', hook implementation 'weigh'"]


async def test_layers_stand_by_place_then_by_wish_then_in_plugin_order(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    log: list[str] = []
    bus = make_bus(
        expert("yes"),
        ring("limit", log, Place.LIMIT),
        ring("inner", log, after=("outer",)),
        ring("outer", log),
        ring("cache", log, Place.CACHE),
        ring("first", log, before=("inner", "outer")),
    )

    assert await bus.ask(judge_type()) == "yes"
    assert log == ["first", "outer", "inner", "cache", "limit"]


async def test_a_layer_may_answer_by_itself(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    log: list[str] = []
    bus = make_bus(ring("inside", log), ring("cached", log, answer="kept"))

    assert await bus.ask(judge_type()) == "kept"
    assert log == ["cached"]


async def test_a_plan_is_made_anew_when_a_plugin_comes(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    bus = make_bus(expert("old"))

    before = await bus.ask(judge_type())
    bus.register(expert("new"), "late")
    after = await bus.ask(judge_type())
    bus.unregister("late")

    assert [before, after, await bus.ask(judge_type())] == ["old", "new", "old"]


async def test_gather_asks_all_at_once_and_answers_in_plugin_order(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    together = anyio.Event()

    class Waits:
        @hookimpl
        async def weigh(self, request: Any) -> str:
            await together.wait()
            return "waited"

    class Frees:
        @hookimpl
        async def weigh(self, request: Any) -> str:
            await anyio.lowlevel.checkpoint()
            together.set()
            return "freed"

    bus = make_bus(Frees(), expert(None), plain_expert("plain"), Waits())

    with anyio.fail_after(5):
        assert await bus.gather(judge_type()) == ["waited", "plain", "freed"]


async def test_gather_of_nobody_is_empty(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    assert await make_bus().gather(judge_type()) == []


@pytest.mark.parametrize("make", [expert, None])
async def test_a_failure_in_gather_cancels_the_others_and_names_the_plugin(
    make_bus: Callable[..., Bus], judge_type: JudgeType, make: Callable[..., object] | None
) -> None:
    ended: list[str] = []

    class Hangs:
        @hookimpl
        async def weigh(self, request: Any) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                ended.append("hangs")

    class Raises:
        @hookimpl
        def weigh(self, request: Any) -> None:
            raise OSError("down")

    bus = make_bus(Hangs(), make(OSError("down")) if make else Raises())

    with anyio.fail_after(5), pytest.raises(ExceptionGroup) as caught:
        await bus.gather(judge_type())

    (error,) = caught.value.exceptions
    assert isinstance(error, OSError)
    assert error.__notes__ == ["in plugin 'p1', hook implementation 'weigh'"]
    assert ended in (["hangs"], [])  # cancelled, or never begun


async def test_a_middleware_hook_that_returns_something_else_is_refused(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    class Plugin:
        @hookimpl
        def middleware(self, target: Any) -> Any:
            return "layer"

    with pytest.raises(PluginError, match="'p0': the hook 'middleware' returned str; return a La"):
        make_bus(Plugin()).layers(judge_type)


async def test_a_middleware_hook_that_raises_names_its_plugin(
    make_bus: Callable[..., Bus], judge_type: JudgeType
) -> None:
    class Plugin:
        @hookimpl
        def middleware(self, target: Any) -> Any:
            raise LookupError("x")

    with pytest.raises(
        PluginError, match="'p0': its hook 'middleware' raised LookupError: x"
    ) as caught:
        make_bus(Plugin()).layers(judge_type)

    assert isinstance(caught.value.__cause__, LookupError)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            Layer(Bus.ask, "cache"),  # type: ignore[arg-type]
            "its layer stands at 'cache'; write one of Place.TRACING, Place.C",
        ),
        (
            Layer("noop", Place.CACHE),  # type: ignore[arg-type]
            "its layer calls 'noop', which is no function; write `async",
        ),
    ],
)
async def test_a_layer_that_cannot_stand_anywhere_is_refused(
    make_bus: Callable[..., Bus], judge_type: JudgeType, layer: Layer, message: str
) -> None:
    class Plugin:
        @hookimpl
        def middleware(self, target: Any) -> Any:
            return layer

    with pytest.raises(PluginError, match=message):
        make_bus(Plugin()).layers(judge_type)
