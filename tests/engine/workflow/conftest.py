"""Actions that workflow tests name; none of them ever runs."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import pytest

from ciranda.actions import Action, Arg, action
from ciranda.std.program import run


class Written(TypedDict):
    path: str
    count: int


class Payment(TypedDict):
    id: str
    amount: float


class Verdict(TypedDict):
    verdict: str
    proof: dict[str, Any]


@action("data.read")
async def read(path: Path, *, style: str = "csv") -> list[Payment]:
    """Read rows."""
    raise AssertionError


@action("data.write", errors={"data.full": True})
async def write(path: Path, value: Any, *, style: str = "json") -> Written:
    """Write a value."""
    raise AssertionError


@action("math.add", pure=True)
def add(x: int, y: int = 0) -> int:
    """Add two numbers.

    Args:
        x: The first.
        y: The second.
    """
    return x + y


@action("text.say")
def say(text: str, *, times: int = 1, tags: list[str] = []) -> str:
    """Say it."""
    return text * times


@action("text.maybe")
def maybe(style: Literal["csv", "json"] | None = None, size: int | str | None = None) -> str:
    """Say it in a style."""
    raise AssertionError


@action("text.paint")
async def paint(colour: Literal["red", "green"], layers: Annotated[int, Arg(minimum=1)] = 1) -> str:
    """Paint."""
    raise AssertionError


@action("any.thing")
def thing(value: Any) -> Any:
    """Give back whatever it is."""
    return value


@action("any.named")
def named(**values: Any) -> dict[str, Any]:
    """Give back everything."""
    return values


@action("experts.verify")
async def verify(intent: Payment) -> Verdict:
    """Judge a payment."""
    raise AssertionError


@action("consensus.commit")
async def commit(entries: list[dict[str, Any]], validators: int) -> dict[str, Any]:
    """Agree on entries."""
    raise AssertionError


@action("quantum.render")
async def render(template: Path, data: dict[str, Any], to: Path | None = None) -> Written:
    """Render a page."""
    raise AssertionError


@pytest.fixture(scope="session")
def actions() -> dict[str, Action]:
    @action("nested.hidden")
    def hidden() -> None:
        """Stand where no other process can find it."""

    known = (
        read, write, add, say, maybe, paint, thing, named, verify, commit, render, hidden, run,
    )  # fmt: skip
    return {each.name: each for each in known}
