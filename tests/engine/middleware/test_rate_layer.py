"""What the rate layer makes of a step's words: costs, real use, pauses, the machine."""

import stat
import time
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from tests.engine.middleware.stage import Stage, plan, wrapped
from tests.engine.middleware.virtual import virtual_time

from ciranda.errors import StepError
from ciranda.expressions.secret import Secret
from ciranda.layer import Call
from ciranda.middleware.limits import Limiters
from ciranda.middleware.shared import Shared
from ciranda.workflow.model import Quota, Rate

pytestmark = [pytest.mark.anyio, virtual_time]

TOKENS = Rate(50, 60.0, input_tokens=Quota(1000, 60.0), output_tokens=Quota(100, 60.0))


class Spending(Stage):
    """A stage whose steps may say what they have used."""

    def used(self, ctx, cost):
        pass


async def never(_):
    raise AssertionError("it was called")


def rate(**cost) -> Rate:
    return Rate(
        50,
        60.0,
        input_tokens=TOKENS.input_tokens,
        output_tokens=TOKENS.output_tokens,
        cost={name.replace("_", "-"): each for name, each in cost.items()},
    )


def fill(shared: Shared, of: Rate, name: str = "demo:step") -> tuple[float, ...]:
    return shared.limiters.limiter(name, of).fill()


async def test_what_a_step_says_that_it_used_takes_the_place_of_its_estimate():
    shared, stage = Shared(), Spending()
    estimated = rate(input_tokens=600, output_tokens=50)

    async def core(call: Call) -> str:
        call.ctx.used(input_tokens=200.4)
        call.ctx.used(input_tokens=50, usd=1)
        return "done"

    inner = wrapped(plan(rate=estimated), shared, core)
    began = anyio.current_time()
    for _ in range(2):
        assert await inner(stage.call()) == "done"

    assert anyio.current_time() == began  # by their estimates, the second would have to wait
    assert fill(shared, estimated) == (2 / 50, 502 / 1000, 1.0)


async def test_an_attempt_that_says_nothing_and_one_that_fails_keep_their_estimate():
    shared, stage = Shared(), Spending()
    estimated = rate(input_tokens=300)

    async def core(call: Call) -> None:
        if call.path == "b":
            call.ctx.used(output_tokens=7)
            raise StepError("unavailable", "no")
        if call.path == "c":
            call.ctx.used(input_tokens=0, requests=3)

    inner = wrapped(plan(rate=estimated), shared, core)
    await inner(stage.call(path="a"))
    with pytest.raises(StepError, match=r"^no$"):
        await inner(stage.call(path="b"))
    await inner(stage.call(path="c"))

    assert fill(shared, estimated) == (5 / 50, 600 / 1000, 7 / 100)


async def test_costs_may_be_expressions_of_each_call():
    shared, stage = Shared(), Spending()
    priced = rate(input_tokens="${{ inputs.size * 1.5 }}", requests=2)

    async def core(call: Call) -> None:
        pass

    inner = wrapped(plan(rate=priced), shared, core)
    await inner(stage.call(scope={"inputs": {"size": 101}}))

    assert fill(shared, priced) == (2 / 50, 152 / 1000, 0.0)
    with pytest.raises(StepError, match="never fit a limit of 1000") as caught:
        await inner(stage.call(scope={"inputs": {"size": 1000}}))
    assert (
        caught.value.message == "a call that costs 1500 input-tokens can never fit a limit of 1000"
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (-1, "`rate.cost.input-tokens` must be a number from 0, not -1"),
        (True, "`rate.cost.input-tokens` must be a number from 0, not True"),
        ("x", "`rate.cost.input-tokens` must be a number from 0, not 'x'"),
        (float("nan"), "`rate.cost.input-tokens` must be a number from 0, not nan"),
    ],
)
async def test_a_cost_that_is_no_amount_is_an_invalid_input(size, text):
    inner = wrapped(plan(rate=rate(input_tokens="${{ inputs.size }}")), Shared(), never)

    with pytest.raises(StepError) as caught:
        await inner(Stage().call(scope={"inputs": {"size": size}}))

    assert (caught.value.kind, caught.value.message) == ("invalid-input", text)


async def test_a_cost_that_cannot_be_evaluated_names_its_key():
    inner = wrapped(plan(rate=rate(input_tokens="${{ inputs.size / 0 }}")), Shared(), never)

    with pytest.raises(StepError, match=r"^`rate\.cost\.input-tokens` cannot be evaluated: "):
        await inner(Stage().call(scope={"inputs": {"size": 1}}))


@pytest.mark.parametrize("limited", [Rate(10, 1.0), TOKENS], ids=["requests", "tokens"])
@pytest.mark.parametrize(
    ("kind", "asked", "waited"),
    [
        ("rate_limited", 20.0, 20.0),
        ("rate_limited.hard", 20.0, 20.0),
        ("rate_limited", 1e9, 3600.0),  # what nobody believes
        ("rate_limited", None, 0.0),
        ("unavailable", 20.0, 0.0),
    ],
)
async def test_who_is_told_to_come_back_later_holds_back_all_others(limited, kind, asked, waited):
    shared, stage = Shared(), Stage()

    async def core(call: Call) -> None:
        if call.path == "first":
            raise StepError(kind, "later", retry_after=asked)

    inner = wrapped(plan(rate=limited), shared, core)
    began = anyio.current_time()
    with pytest.raises(StepError, match=r"^later$"):
        await inner(stage.call(path="first"))
    await inner(stage.call(path="second"))

    assert anyio.current_time() - began == pytest.approx(waited, abs=0.01)


async def test_engines_of_one_machine_share_what_they_say_they_share(tmp_path):
    machine = Rate(1, 3600.0, "api", shared="machine")
    first, second = (Shared(limiters=Limiters(folder=tmp_path / "rates")) for _ in range(2))
    done: list[str] = []

    async def core(call: Call) -> None:
        done.append(call.path)

    await wrapped(plan(rate=machine), first, core)(Stage().call(path="a"))
    with anyio.move_on_after(0.5):
        await wrapped(plan(name="other", rate=machine), second, core)(Stage().call(path="b"))

    assert done == ["a"]
    limiter = second.limiters.limiter("api", machine)
    assert limiter.fill() == (1.0,)
    assert limiter.earliest((1,)) - time.monotonic() == pytest.approx(3600, abs=30)
    assert stat.S_IMODE((tmp_path / "rates").stat().st_mode) == 0o700


async def test_a_secret_as_key_is_shared_by_projects_and_is_in_no_name(tmp_path):
    machine = Rate(1, 3600.0, "${{ secrets.KEY }}", shared="machine")
    done: list[str] = []

    async def core(call: Call) -> None:
        done.append(call.path)

    for path in ("a", "b"):  # each project seals with a key of its own
        shared = Shared(limiters=Limiters(folder=tmp_path))
        shared = replace(shared, key=path.encode() * 32)
        scope = {"secrets": {"KEY": Secret("KEY", "hunter2")}}
        with anyio.move_on_after(0.5):
            await wrapped(plan(rate=machine), shared, core)(Stage().call(path=path, scope=scope))

    assert done == ["a"]
    assert len(list(tmp_path.glob("*.rate"))) == 1
    assert all(b"hunter2" not in each.read_bytes() for each in tmp_path.iterdir())


async def test_a_file_that_cannot_be_used_fails_the_step_with_its_sentence(tmp_path):
    (tmp_path / "rates").write_text("")
    shared = Shared(limiters=Limiters(folder=tmp_path / "rates"))
    inner = wrapped(plan(rate=Rate(1, 60.0, shared="machine")), shared, never)

    with pytest.raises(StepError, match=r"^the folder of rate limits, \S+: File exists$") as caught:
        await inner(Stage().call())

    assert (caught.value.kind, caught.value.retryable) == ("unavailable", False)


async def test_what_was_wrong_with_a_file_is_told_once_in_the_steps_log(tmp_path):
    machine = Rate(5, 0.02, shared="machine")
    shared, stage = Shared(limiters=Limiters(folder=tmp_path)), Stage()
    shared.limiters.limiter("demo:step", machine).close()
    damaged(next(tmp_path.glob("*.rate")))

    async def core(call: Call) -> None:
        pass

    inner = wrapped(plan(rate=machine), shared, core)
    for _ in range(2):
        await until(inner, stage)

    assert ["was damaged and is begun anew" in text for text, _ in stage.lines] == [True]


async def until(inner, stage):
    """Await a step; its limiter is on the machine's clock, which virtual time leaves behind."""
    with anyio.fail_after(3600):
        await inner(stage.call())


def damaged(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(8)
        file.write(b"\7")


async def test_use_that_cannot_be_booked_is_told_and_the_step_succeeds(tmp_path):
    machine = Rate(input_tokens=Quota(10, 60.0), cost={"input-tokens": 1}, shared="machine")
    shared, stage = Shared(limiters=Limiters(folder=tmp_path / "rates")), Spending()

    async def core(call: Call) -> str:
        path = next((tmp_path / "rates").glob("*.rate"))
        path.unlink()
        path.mkdir()
        call.ctx.used(input_tokens=5)
        return "done"

    assert await wrapped(plan(rate=machine), shared, core)(stage.call()) == "done"
    assert [text for text, _ in stage.lines] == ["what was used could not be booked"]


async def test_limiters_of_the_machine_that_are_idle_are_closed_when_forgotten(tmp_path):
    limiters = Limiters(most=3, folder=tmp_path)
    for number in range(8):
        limiters.limiter(str(number), Rate(1, 60.0, shared="machine"))

    assert len(limiters) <= 6
