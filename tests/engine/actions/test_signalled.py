"""Signals are told from `raise KeyboardInterrupt` in somebody's code."""

import asyncio
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import NoReturn

import pytest
import trio

from ciranda.actions import signalled


def raises() -> NoReturn:
    raise KeyboardInterrupt


def raises_again() -> None:
    try:
        raises()
    except KeyboardInterrupt:  # noqa: TRY203  (tracebacks show where it was raised first)
        raise


def interrupts() -> None:
    signal.raise_signal(signal.SIGINT)


def interrupts_and_tidies() -> None:
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:  # noqa: TRY203  (tracebacks show where it was raised first)
        raise


async def run(function: Callable[[], None]) -> bool:
    try:
        function()
    except BaseException as error:
        return signalled(error)
    raise AssertionError("nothing was raised")


def caught(function: Callable[[], object]) -> bool:
    try:
        function()
    except BaseException as error:
        return signalled(error)
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    "function", [raises, raises_again, lambda: sys.exit(3), lambda: 1 / 0, sys.exit]
)
def test_what_code_raises_is_no_signal(function: Callable[[], None]) -> None:
    assert not caught(function)
    assert not asyncio.run(run(function))
    assert not trio.run(run, function)


@pytest.mark.parametrize("function", [interrupts, interrupts_and_tidies])
def test_what_a_signal_raises_is_one(function: Callable[[], None]) -> None:
    assert caught(function)
    assert trio.run(run, function)


@pytest.mark.parametrize("function", [raises, interrupts])
def test_groups_are_as_what_is_in_them(function: Callable[[], None]) -> None:
    def grouped() -> None:
        try:
            function()
        except KeyboardInterrupt as error:
            raise BaseExceptionGroup("together", [error]) from None

    assert caught(grouped) is (function is interrupts)


@pytest.mark.parametrize("wrap", [lambda handler: handler, partial])
def test_a_handler_that_raises_is_a_signal(wrap: Callable[..., Callable[..., NoReturn]]) -> None:
    def left(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, wrap(left))
    try:
        assert caught(lambda: signal.raise_signal(signal.SIGTERM))
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_end_of_a_coroutine_is_not_held_back() -> None:
    assert signalled(GeneratorExit())


def test_what_never_was_raised_comes_from_nowhere() -> None:
    assert not signalled(KeyboardInterrupt())
