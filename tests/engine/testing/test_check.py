"""`check_action` passes what keeps its promises and names what does not."""

import itertools
import re
from typing import Any

import anyio
import pytest

from ciranda.actions import Action, action
from ciranda.context import Context
from ciranda.errors import StepError
from ciranda.testing import check_action


@action("shop.price", pure=True)
async def price(article: str, *, vat: float = 0.2, ctx: Context) -> float:
    """Say what an article costs.

    Args:
        article: Its name.
        vat: The tax.
    """
    await anyio.sleep(0.01)
    return len(article) * (1 + vat)


@action("shop.block", executor="process")
def block(size: int) -> list[int]:
    """Count.

    Args:
        size: How far.
    """
    return list(range(size))


def test_actions_that_keep_their_promises_pass() -> None:
    check_action(price, {"article": "bread"})
    check_action(block, {"size": 3})


def problems(tried: Action, inputs: dict[str, Any] | None = None, **options: Any) -> str:
    with pytest.raises(AssertionError) as found:
        check_action(tried, inputs, backends=["asyncio"], **options)
    return str(found.value)


def test_an_action_nobody_could_look_up_is_named() -> None:
    @action("t.mute")
    async def mute(v: int) -> int:
        return v

    said = problems(mute, {"v": 1})

    assert "t.mute: it has no docstring: `ciranda actions` would show nothing of it" in said
    assert "t.mute: its input `v` has no line under `Args:` in the docstring" in said


def test_inputs_that_do_not_fit_are_named() -> None:
    assert "the inputs that it should succeed with do not fit" in problems(price, {"article": 3})


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_that_fails_is_named_with_its_loop(backend: str) -> None:
    @action("t.sad")
    async def sad() -> None:
        """Fail."""
        raise StepError("t.sad", "out of order")

    with pytest.raises(AssertionError, match=f"t.sad: on {backend} it fails: out of order"):
        check_action(sad, backends=[backend])


def test_an_output_of_another_type_than_declared_is_named() -> None:
    @action("t.lies")
    async def lies() -> int:
        """Say a number."""
        return "seven"  # type: ignore[return-value]  # on purpose

    assert "t.lies" in problems(lies)


def test_one_that_is_not_as_pure_as_it_says_is_named() -> None:
    count = itertools.count()

    @action("t.count", pure=True)
    async def counted() -> int:
        """Count."""
        return next(count)

    assert problems(counted) == "t.count: it says `pure` and answers equal inputs differently"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_that_goes_on_when_it_is_cancelled_is_named(backend: str) -> None:
    @action("t.deaf")
    async def deaf() -> int:
        """Hear nothing."""
        try:
            await anyio.sleep(0.2)
        except BaseException:
            return 1
        return 2

    with pytest.raises(AssertionError, match=f"t.deaf: on {backend} it goes on when it is"):
        check_action(deaf, backends=[backend])


def test_one_that_takes_its_time_when_it_is_cancelled_is_named() -> None:
    @action("t.slow")
    async def slow() -> None:
        """Tidy up for long."""
        try:
            await anyio.sleep(0.05)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.1)

    said = problems(slow, patience=0.05)

    assert re.search(r"t\.slow: on asyncio it takes 0\.\ds to end when it is cancelled", said)
