"""What succeeded under an idempotency key is not done again."""

from pathlib import Path
from typing import Any, Final

import anyio
import pytest

from ciranda import hookimpl
from ciranda.actions import Action, action
from ciranda.context import Context
from ciranda.errors import StepError
from ciranda.events import StepLogged
from ciranda.runs.outcome import RunResult
from ciranda.store import Durability
from ciranda.store.books import Books
from ciranda.store.successes import KEPT, Successes
from ciranda.testing import Harness, harness, virtual_backend

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return virtual_backend(str(request.param))


class Shop:
    """Charges orders and counts how often."""

    def __init__(self) -> None:
        self.charged: list[Any] = []

    @hookimpl
    def actions(self) -> list[Action]:
        @action("shop.charge")
        async def charge(amount: Any, say: str = "", ctx: Context | None = None) -> Any:
            """Charge an order."""
            assert ctx is not None
            self.charged.append(amount)
            await anyio.sleep(0.01)
            if amount == "broken":
                raise StepError("unavailable", "the shop is closed")
            return {"number": len(self.charged), "say": say}

        @action("shop.refund")
        async def refund(amount: int) -> int:
            """Give it back."""
            self.charged.append(-amount)
            return amount

        return [charge, refund]


FLOW: Final = """
ciranda: 1
inputs: {order: {default: a7}, amount: {default: 20}}
steps:
  pay:
    uses: shop.charge
    with: {amount: "${{ inputs.amount }}"}
    idempotency-key: "pay-${{ inputs.order }}"
outputs: {number: "${{ steps.pay.output.number }}"}
"""


def error(result: RunResult, step: str = "pay") -> dict[str, Any]:
    found: dict[str, Any] = result.steps[step]["error"]
    return found


async def test_a_later_run_is_given_what_was_done_under_the_key() -> None:
    shop = Shop()
    async with harness([shop]) as h:
        first, second = await h.run(FLOW), await h.run(FLOW)
        other = await h.run(FLOW, {"order": "a8"})
        told = [each.text for each in h.events(StepLogged, second.run_id)]

    assert [run.outputs["number"] for run in (first, second, other)] == [1, 1, 2]
    assert shop.charged == ["20", "20"]
    assert told == ["done before under the same idempotency key"]


async def test_a_later_process_is_given_it_too_until_thirty_days_have_passed(
    tmp_path: Path,
) -> None:
    shop = Shop()
    numbers = []
    for _ in range(2):
        async with harness([shop], store="disk", folder=tmp_path) as h:
            numbers.append((await h.run(FLOW)).outputs["number"])
            await h.clock.advance(KEPT)
            numbers.append((await h.run(FLOW)).outputs["number"])

    assert numbers == [1, 2, 2, 3]


async def test_the_same_key_with_other_inputs_is_a_conflict_and_of_another_action_is_not() -> None:
    shop = Shop()
    refund = FLOW.replace("shop.charge", "shop.refund").replace('"${{ inputs.amount }}"', "5")
    async with harness([shop]) as h:
        await h.run(FLOW)
        other = await h.run(FLOW, {"amount": "21"})
        refunded = await h.run(refund.partition("outputs")[0])

    assert other.status == "failed"
    assert error(other)["kind"] == "conflict"
    assert "the idempotency key `pay-a7` stands for a call" in error(other)["message"]
    assert refunded.ok
    assert shop.charged == ["20", -5]


async def test_a_failure_is_not_remembered_and_is_tried_again_without_further_words() -> None:
    shop = Shop()
    retry = FLOW.replace("    idempotency-key", "    retry: {backoff: 1ms}\n    idempotency-key")
    async with harness([shop]) as h:
        failed = await h.run(retry, {"amount": "broken"})

    assert error(failed)["kind"] == "unavailable"
    assert shop.charged == ["broken"] * 3


async def test_of_several_at_once_one_does_it_and_the_others_get_copies_or_a_conflict() -> None:
    shop = Shop()
    flow = """
ciranda: 1
steps:
  pay:
    map: [1, 1, 2, 1]
    on-item-failure: keep
    uses: shop.charge
    with: {amount: "${{ item }}"}
    idempotency-key: pay
"""
    async with harness([shop]) as h:
        result = await h.run(flow)

    items = list(result.steps["pay"]["items"])
    assert [one["status"] for one in items] == ["succeeded", "succeeded", "failed", "succeeded"]
    assert [one["output"] and one["output"]["number"] for one in items] == [1, 1, None, 1]
    assert items[2]["error"]["kind"] == "conflict"
    assert shop.charged == [1]


async def test_what_holds_a_secret_is_not_remembered_and_no_key_is_kept_in_clear(
    tmp_path: Path,
) -> None:
    shop = Shop()
    flow = """
ciranda: 1
secrets: {TOKEN: {env: TOKEN}}
steps:
  pay:
    uses: shop.charge
    with: {amount: 1, say: "${{ secrets.TOKEN }}"}
    idempotency-key: "pay-${{ secrets.TOKEN }}"
  other:
    uses: shop.charge
    with: {amount: 2}
    idempotency-key: "other-${{ secrets.TOKEN }}"
"""
    environ = {"TOKEN": "correct-horse"}
    async with harness([shop], store="disk", folder=tmp_path, environ=environ) as h:
        for _ in range(2):
            assert (await h.run(flow)).ok
        reasons = [each.fields.get("reason") for each in h.events(StepLogged)]

    assert sorted(shop.charged) == [1, 1, 2]
    assert reasons.count("its result holds a secret") == 2
    kept = b"".join(each.read_bytes() for each in files_of(tmp_path))
    assert kept
    assert b"correct-horse" not in kept
    assert b"other-" not in kept


def files_of(folder: Path) -> list[Path]:
    return list((folder / ".ciranda").glob("keys.db*"))


@pytest.mark.parametrize(
    ("key", "sentence"),
    [('"${{ null }}"', "cannot be evaluated"), ('"${{ inputs.order[:0] }}"', "is empty")],
)
async def test_a_step_without_a_usable_key_does_nothing(key: str, sentence: str) -> None:
    shop = Shop()
    async with harness([shop]) as h:
        result = await h.run(FLOW.replace('"pay-${{ inputs.order }}"', key))

    assert error(result)["kind"] == "invalid-input"
    assert sentence in error(result)["message"]
    assert not shop.charged


async def test_a_program_finds_the_key_in_its_environment() -> None:
    flow = """
ciranda: 1
steps:
  own: {run: [printenv, CIRANDA_IDEMPOTENCY_KEY], idempotency-key: charge-7}
  none: {run: [printenv, CIRANDA_IDEMPOTENCY_KEY], ok-codes: [1]}
"""
    async with harness() as h:
        result = await h.run(flow)

    assert result.steps["own"]["output"]["stdout"] == "charge-7\n"
    assert result.steps["none"]["output"]["stdout"] == ""


async def test_a_store_that_cannot_be_read_lets_nothing_be_done(h: Harness, shop: Shop) -> None:
    path = h.engine.folder / "keys.db"
    path.write_bytes(b"no database " * 100)

    result = await h.run(FLOW)

    assert error(result)["kind"] == "unavailable"
    assert "what was done under its `idempotency-key` cannot be read" in error(result)["message"]
    assert not shop.charged


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def h(shop: Shop) -> Any:
    async with harness([shop], store="disk") as made:
        yield made


@pytest.mark.parametrize("on_disk", [True, False])
def test_the_first_outcome_of_a_key_stays_and_a_damaged_one_is_none(
    tmp_path: Path, on_disk: bool
) -> None:
    books, now = Books(), [1000.0]
    book: Successes = books.successes(
        tmp_path if on_disk else None, Durability.PROCESS, lambda: now[0]
    )
    book.keep("k", "in", b"first")
    book.keep("k", "in", b"second")
    found = book.find("k")
    assert found is not None
    assert (found.inputs, found.payload, found.at) == ("in", b"first", 1000.0)

    now[0] += KEPT
    assert book.find("k") is None
    book.keep("k", "in", b"second")
    found = book.find("k")
    assert found is not None
    assert found.payload == b"second"
    books.close()
    if on_disk:
        data = bytearray((tmp_path / ".ciranda" / "keys.db").read_bytes())
        at = data.rindex(b"second")
        data[at] ^= 1
        (tmp_path / ".ciranda" / "keys.db").write_bytes(data)
        again = Books().successes(tmp_path, Durability.PROCESS, lambda: now[0])
        assert again.find("k") is None
        again.close()
