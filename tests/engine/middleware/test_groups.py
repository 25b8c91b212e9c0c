"""Concurrency groups and their four policies."""

import anyio
import pytest
from tests.engine.middleware.stage import Stage, layers, plan, wrapped
from tests.engine.middleware.virtual import virtual_time

from ciranda.errors import StepError
from ciranda.layer import ABANDONED, Call
from ciranda.middleware.shared import Shared
from ciranda.workflow.model import Concurrency, Rate

pytestmark = [pytest.mark.anyio, virtual_time]


class Crowd:
    """Callers of one group, a second after another, each working for `work` seconds."""

    def __init__(self, options: Concurrency, work: float = 10.0) -> None:
        self.shared, self.stage, self.work = Shared(), Stage(), work
        self.running: set[str] = set()
        self.busiest = 0
        self.fates: dict[str, str] = {}
        self.inner = wrapped(plan(concurrency=options), self.shared, self.core)

    async def core(self, call: Call) -> None:
        self.running.add(call.path)
        self.busiest = max(self.busiest, len(self.running))
        try:
            await anyio.sleep(self.work)
        finally:
            self.running.remove(call.path)

    async def caller(self, path: str) -> None:
        try:
            await self.inner(self.stage.call(path=path, scope={"inputs": {"env": "prod"}}))
            self.fates[path] = "done"
        except StepError as error:
            self.fates[path] = f"{error.kind}: {error.message}"

    async def come(self, paths: str) -> dict[str, str]:
        async with anyio.create_task_group() as group:
            for path in paths:
                group.start_soon(self.caller, path)
                await anyio.sleep(1)
        assert len(self.shared.groups) == 0
        return self.fates


async def test_queue_lets_at_most_max_in_and_everyone_gets_a_turn_in_order():
    crowd = Crowd(Concurrency("deploy-${{ inputs.env }}", 2))

    fates = await crowd.come("abcdefgh")

    assert list(fates.items()) == [(name, "done") for name in "abcdefgh"]
    assert crowd.busiest == 2


async def test_fail_refuses_who_comes_to_a_full_group():
    fates = await Crowd(Concurrency("deploy-${{ inputs.env }}", 1, "fail")).come("ab")

    assert fates == {"a": "done", "b": "conflict: the group `deploy-prod` is full"}


async def test_cancel_new_cancels_who_comes_to_a_full_group():
    fates = await Crowd(Concurrency("deploy", 1, "cancel-new")).come("ab")

    assert fates == {"a": "done", "b": "cancelled: the group `deploy` is full"}


async def test_cancel_old_takes_the_place_of_the_oldest_running_or_waiting():
    crowd = Crowd(Concurrency("deploy", 2, "cancel-old"))

    fates = await crowd.come("abcd")

    lost = "conflict: a newer step of the group `deploy` took its place"
    assert fates == {"a": lost, "b": lost, "c": "done", "d": "done"}
    assert crowd.busiest == 2


async def test_a_holder_that_lost_its_place_is_gone_before_the_next_begins():
    crowd = Crowd(Concurrency("deploy", 1, "cancel-old"))
    order: list[str] = []

    async def core(call: Call) -> None:
        order.append(f"begin {call.path}")
        try:
            await anyio.sleep(10)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(3)
            order.append(f"end {call.path}")

    crowd.inner = wrapped(
        plan(concurrency=Concurrency("deploy", 1, "cancel-old")), crowd.shared, core
    )
    fates = await crowd.come("abc")

    # b waits for a to be gone when c comes, so b never begins.
    assert order == ["begin a", "end a", "begin c", "end c"]
    assert [fates[name].partition(":")[0] for name in "abc"] == ["conflict", "conflict", "done"]


async def test_the_smallest_max_in_a_group_holds():
    crowd = Crowd(Concurrency("deploy", 5))
    narrow = wrapped(plan(concurrency=Concurrency("deploy", 2)), crowd.shared, crowd.core)

    async with anyio.create_task_group() as group:
        group.start_soon(narrow, crowd.stage.call(path="narrow"))
        await anyio.sleep(1)
        for path in "abcd":
            group.start_soon(crowd.caller, path)

    assert crowd.busiest == 2


async def test_a_cancelled_waiter_leaves_the_group_usable():
    crowd = Crowd(Concurrency("deploy", 1))

    async with anyio.create_task_group() as group:
        group.start_soon(crowd.caller, "a")
        await anyio.sleep(1)
        with anyio.move_on_after(1):
            await crowd.caller("cancelled")
        group.start_soon(crowd.caller, "b")

    assert crowd.fates == {"a": "done", "b": "done"}
    assert len(crowd.shared.groups) == 0


async def test_an_error_of_the_step_passes_and_frees_the_place():
    shared, stage = Shared(), Stage()

    async def core(call: Call) -> None:
        raise ValueError("boom")

    inner = wrapped(plan(concurrency=Concurrency("deploy", 1, "fail")), shared, core)
    for _ in range(2):
        with pytest.raises(ValueError, match="boom"):
            await inner(stage.call())


async def test_a_thread_that_a_timeout_gave_up_keeps_its_place_until_it_has_ended():
    shared, stage = Shared(), Stage()
    begun: list[tuple[str, float]] = []
    zero = anyio.current_time()

    async with anyio.create_task_group() as group:

        async def core(call: Call) -> None:
            begun.append((call.path, anyio.current_time() - zero))
            ended = anyio.Event()

            async def thread() -> None:
                await anyio.sleep(10)
                ended.set()

            group.start_soon(thread)
            try:
                await ended.wait()
            except anyio.get_cancelled_exc_class():
                call.notes[ABANDONED] = ended
                raise

        inner = wrapped(plan(timeout=1.0, concurrency=Concurrency("deploy", 1)), shared, core)

        async def caller(path: str) -> None:
            with pytest.raises(StepError, match="no answer within 1s"):
                await inner(stage.call(path=path))

        for path in "ab":
            group.start_soon(caller, path)
            await anyio.lowlevel.checkpoint()

    assert [(path, round(at)) for path, at in begun] == [("a", 0), ("b", 10)]


async def test_the_place_in_the_group_comes_before_the_start_that_the_rate_counts():
    found = layers(plan(concurrency=Concurrency("deploy"), rate=Rate(1, 1.0)), Shared())

    assert [each.name for each in found] == ["concurrency", "rate"]
    assert (found[0].before, found[1].after) == (("rate",), ("concurrency",))


async def test_a_group_that_cannot_be_named_fails_with_a_sentence():
    inner = wrapped(plan(concurrency=Concurrency("${{ inputs.nope }}")), Shared(), None)  # type: ignore[arg-type] # never called

    with pytest.raises(StepError, match=r"^`concurrency.group` cannot be evaluated: ") as caught:
        await inner(Stage().call(scope={"inputs": {}}))

    assert caught.value.kind == "invalid-input"
