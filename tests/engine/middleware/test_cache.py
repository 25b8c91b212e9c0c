"""The cache around steps: when the body runs, and what every caller gets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from tests.engine.middleware.stage import Stage, double, plan, wrapped

from ciranda.actions import Action, action
from ciranda.errors import StepError, StoreError
from ciranda.events import CacheHit
from ciranda.layer import Call
from ciranda.middleware.answers import Answers
from ciranda.middleware.shared import Shared
from ciranda.store import Cached, SqliteLog
from ciranda.workflow.model import Cache

pytestmark = pytest.mark.anyio

USUAL = Cache()


class Kitchen:
    """A cached step whose body counts how often it works."""

    def __init__(
        self, cache: Cache = USUAL, *, shared: Shared | None = None, uses: Action = double
    ) -> None:
        self.stage = Stage()
        self.shared = shared or Shared()
        self.worked = 0
        self.error: BaseException | None = None
        self.answer: Callable[[Call], Any] = lambda call: [call.inputs, self.worked]
        self.inner = wrapped(plan(uses, cache=cache), self.shared, self.core)

    async def core(self, call: Call):
        self.worked += 1
        await anyio.lowlevel.checkpoint()
        if self.error is not None:
            raise self.error
        return self.answer(call)

    async def ask(self, inputs=None, **options):
        return await self.inner(self.stage.call(inputs, **options))


async def test_equal_inputs_are_answered_without_running_the_step_again():
    kitchen = Kitchen()

    first = await kitchen.ask({"n": 1, "m": [2]})
    call = kitchen.stage.call({"m": [2], "n": 1})
    second = await kitchen.inner(call)

    assert first == second == [{"n": 1, "m": [2]}, 1]
    assert await kitchen.ask({"n": 2, "m": [2]}) == [{"n": 2, "m": [2]}, 2]
    assert kitchen.stage.names() == ["CacheMissed", "CacheHit", "CacheMissed"]
    hit = kitchen.stage.events[1]
    assert isinstance(hit, CacheHit)
    assert call.notes == {"cached": True, "cache_key": hit.key}


async def test_null_is_an_answer_like_any_other():
    kitchen = Kitchen()
    kitchen.answer = lambda call: None

    assert [await kitchen.ask(), await kitchen.ask()] == [None, None]
    assert kitchen.worked == 1


async def test_changing_an_answer_never_changes_the_next():
    kitchen = Kitchen()

    for _ in range(3):
        answer = await kitchen.ask({"n": 1})
        assert answer == [{"n": 1}, 1]
        answer[0]["n"] = "changed"
        answer.append("more")

    assert await kitchen.ask({"n": 1}) == [{"n": 1}, 1]


async def test_failures_are_never_kept():
    kitchen = Kitchen()
    kitchen.error = StepError("unavailable", "ill")
    for _ in range(2):
        with pytest.raises(StepError, match="ill"):
            await kitchen.ask()
    kitchen.error = None

    assert await kitchen.ask() == [{}, 3]
    assert await kitchen.ask() == [{}, 3]


async def test_a_thousand_callers_of_a_cold_key_run_the_body_once_and_share_nothing():
    kitchen = Kitchen()
    answers: list[Any] = []

    async def caller() -> None:
        answer = await kitchen.ask({"n": 1})
        answers.append(answer)
        assert answer == [{"n": 1}, 1]
        answer[0]["n"] = "changed"

    async with anyio.create_task_group() as group:
        for _ in range(1000):
            group.start_soon(caller)

    assert (kitchen.worked, len(answers)) == (1, 1000)
    assert sorted(set(kitchen.stage.names())) == ["CacheHit", "CacheMissed"]
    assert kitchen.stage.names().count("CacheMissed") == 1


async def test_refresh_works_again_and_replaces_what_is_kept():
    shared = Shared()
    usual, fresh = Kitchen(shared=shared), Kitchen(Cache(refresh=True), shared=shared)
    await usual.ask()
    fresh.answer = lambda call: "fresh"

    assert await fresh.ask() == "fresh"
    assert await usual.ask() == "fresh"


async def test_answers_of_scope_run_stay_in_their_run():
    kitchen = Kitchen(Cache(scope="run"))

    assert await kitchen.ask(run="one") == [{}, 1]
    assert await kitchen.ask(run="two") == [{}, 2]
    assert await kitchen.ask(run="one") == [{}, 1]


async def test_a_key_of_ones_own_decides_alone():
    kitchen = Kitchen(Cache(key="${{ inputs.id }}"))

    assert await kitchen.ask({"n": 1}, scope={"inputs": {"id": 7}}) == [{"n": 1}, 1]
    assert await kitchen.ask({"n": 2}, scope={"inputs": {"id": 7}}) == [{"n": 1}, 1]
    assert await kitchen.ask({"n": 2}, scope={"inputs": {"id": "7"}}) == [{"n": 2}, 2]


async def test_a_key_that_cannot_be_computed_means_no_caching_and_says_why():
    kitchen = Kitchen(Cache(key="${{ inputs.nope }}"))

    assert await kitchen.ask(scope={"inputs": {}}) == [{}, 1]
    call = kitchen.stage.call(scope={"inputs": {}})
    assert await kitchen.inner(call) == [{}, 2]

    assert call.notes["uncached"].startswith("`cache.key` cannot be evaluated: ")
    assert kitchen.stage.lines == [("not cached", {"reason": call.notes["uncached"]})] * 2
    assert "cached" not in call.notes
    assert kitchen.stage.events == []


async def test_an_action_whose_code_cannot_be_told_is_not_cached():
    secret_state = object()

    @action("demo.nested", pure=True)
    def nested() -> bool:
        return secret_state is None

    kitchen = Kitchen(uses=nested)

    assert [await kitchen.ask(), await kitchen.ask()] == [[{}, 1], [{}, 2]]
    _, fields = kitchen.stage.lines[0]
    assert fields["reason"] == (
        "`demo.nested` is a nested function that captures more than plain data; give it a version"
    )


async def test_a_result_that_is_not_plain_is_given_once_and_not_kept():
    kitchen = Kitchen()
    kitchen.answer = lambda call: 2**70

    assert [await kitchen.ask(), await kitchen.ask()] == [2**70] * 2
    assert kitchen.worked == 2


async def test_a_cancelled_leader_hands_over_and_nobody_else_is_cancelled():
    kitchen = Kitchen()
    gate, answers = anyio.Event(), []

    async def core(call: Call) -> int:
        kitchen.worked += 1
        await gate.wait()
        return kitchen.worked

    kitchen.inner = wrapped(plan(cache=Cache()), kitchen.shared, core)

    async def caller(scope: anyio.CancelScope) -> None:
        with scope:
            answers.append(await kitchen.ask())

    leader = anyio.CancelScope()
    async with anyio.create_task_group() as group:
        group.start_soon(caller, leader)
        await anyio.wait_all_tasks_blocked()
        for _ in range(10):
            group.start_soon(caller, anyio.CancelScope())
        await anyio.wait_all_tasks_blocked()
        leader.cancel()
        await anyio.wait_all_tasks_blocked()
        gate.set()

    assert answers == [2] * 10


async def test_a_later_process_finds_the_answers_in_the_store(tmp_path):
    key = b"k" * 32
    for worked in (1, 0):
        log = SqliteLog(tmp_path)
        kitchen = Kitchen(shared=Shared(key=key, answers=Answers(log)))
        assert await kitchen.ask({"n": 1}) == [{"n": 1}, 1]
        assert kitchen.worked == worked
        label = log.cache_last("demo:step")
        log.close()

    assert label is not None
    assert b"inputs" in label.parts


async def test_a_result_that_holds_a_secret_never_reaches_the_store(tmp_path):
    log = SqliteLog(tmp_path)
    kitchen = Kitchen(shared=Shared(answers=Answers(log)))
    kitchen.answer = lambda call: {"é": [3, "Bearer hunter2"]}

    assert await kitchen.ask() == await kitchen.ask() == {"é": [3, "Bearer hunter2"]}
    found = log.cache_last("demo:step")
    log.close()

    assert (kitchen.worked, found) == (1, None)
    assert kitchen.stage.lines == [
        ("cached in memory only", {"reason": "its result holds a secret"})
    ]


@action("demo.read", pure=True, version="1")
def read(path: Path) -> str:
    return path.read_text()


async def test_a_result_is_not_kept_when_its_fingerprint_changed_while_the_step_ran():
    editions = iter(["old", "new"])

    @action("demo.look", version="1", fingerprint=lambda: next(editions))
    def look() -> str:
        return ""

    kitchen = Kitchen(uses=look)
    call = kitchen.stage.call({})

    await kitchen.inner(call)

    assert call.notes["uncached"] == "a file that it reads changed while it ran"


async def test_a_result_is_not_kept_when_a_file_changed_while_the_step_ran(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("1")
    kitchen = Kitchen(uses=read)

    def answer(call: Call) -> int:
        file.write_text(str(kitchen.worked + 1))
        return kitchen.worked

    kitchen.answer = answer
    call = kitchen.stage.call({"path": str(file)})

    assert await kitchen.inner(call) == 1
    assert call.notes["uncached"] == "a file that it reads changed while it ran"
    file.write_text("1")
    assert await kitchen.ask({"path": str(file)}) == 2


class BrokenShelf:
    def cache_get(self, key: str) -> Cached | None:
        raise StoreError("the disk is on fire")

    def cache_put(self, key, payload, expires=None, label="", parts=b"") -> None:
        raise StoreError("the disk is on fire")


async def test_a_store_that_fails_costs_time_and_never_the_step():
    kitchen = Kitchen(shared=Shared(answers=Answers(BrokenShelf())))

    assert await kitchen.ask() == [{}, 1]
    assert await kitchen.ask() == [{}, 1]

    assert [text for text, _ in kitchen.stage.lines] == [
        "the cache cannot be read",
        "the cache cannot be written",
    ]
