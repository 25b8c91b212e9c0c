"""The decorator, and what goes wrong while an action runs."""

import inspect
import os
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest

from ciranda.actions import (
    KINDS,
    Action,
    Resource,
    Scope,
    action,
    failure_of,
    kind_matches,
    resource,
)
from ciranda.context import Context
from ciranda.errors import ActionError, InputError, StepError


class Client:
    pass


@resource(scope="engine")
@asynccontextmanager
async def client(settings):
    yield settings


@action("weather.forecast", pure=True, version="2", executor="inline", idempotent=True)
async def forecast(city: str, http: Annotated[Client, client], ctx: Context) -> str:
    """Forecast."""
    return city


def test_an_action_is_its_function_when_called():
    @action("t.add")
    def add(a: int, b: int = 2) -> int:
        return a + b

    assert add(1) == 3
    assert add(1, b=1) == 2
    assert isinstance(add, Action)
    assert not add.is_async


def test_context_and_resources_are_not_inputs():
    assert list(forecast.input_schema["properties"]) == ["city"]
    assert forecast.wants_context == "ctx"
    assert forecast.resources == {"http": client}
    assert forecast.is_async
    coroutine = forecast("x", http=Client(), ctx=None)
    assert inspect.iscoroutine(coroutine)
    coroutine.close()


def test_a_context_is_recognised_when_it_is_imported_for_type_checkers_only():
    names: dict[str, Any] = {"action": action}
    source = (
        "from __future__ import annotations\n"
        "def needs(x: int, ctx: Context): ...\n"
        "def may(x: int, c: Context | None = None): ...\n"
    )
    exec(compile(source, "m", "exec"), names)

    assert action("t.x")(names["needs"]).wants_context == "ctx"
    assert action("t.x")(names["may"]).wants_context == "c"
    assert list(action("t.x")(names["may"]).input_schema["properties"]) == ["x"]


def test_a_resource_is_opened_with_what_it_takes():
    assert isinstance(client, Resource)
    assert (client.name, client.scope) == ("client", Scope.ENGINE)
    assert hasattr(client.open(ctx=1, settings=2), "__aenter__")


def test_mistakes_of_a_resource_are_one_sentence():
    with pytest.raises(ActionError, match='cannot have the scope "step2"; use one of engine, run'):
        resource(scope="step2")

    @asynccontextmanager
    async def odd(other):
        yield other

    with pytest.raises(ActionError, match=r'"odd".*cannot have the parameter "other"'):
        resource()(odd)

    async def bare():
        yield 1

    with pytest.raises(ActionError, match='"bare" must be marked with @asynccontextmanager below'):
        resource()(bare)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"name": "a b"}, '^"a b" cannot name an action'),
        ({"name": "nodot"}, '^"nodot" cannot name an action; write a namespace and a word: "weath'),
        ({"executor": "gpu"}, 'has the executor "gpu"; use one of inline, thread, process'),
        ({"errors": {"a b": True}}, 'declares the kind "a b"'),
        ({"raises": {ValueError: ""}}, 'declares the kind ""'),
        ({"name": len}, r'has a name: write @action\("weather.forecast"\)'),
        ({"errors": ["gone"]}, r'`errors` says for each kind .*; write {"t.gone": False}'),
        ({"errors": {"gone": "no"}}, "`errors` says for each kind whether another attempt can"),
        ({"raises": {int: "gone"}}, "`raises` gives a kind to each exception; write {Connection"),
        ({"raises": {ValueError: 3}}, 'declares the kind "3"'),
        ({"secrets": "TOKEN"}, r'`secrets` is a list; write \["TOKEN"\]'),
        ({"fingerprint": "x"}, "`fingerprint` is 'x'; give a function of the inputs"),
        ({"breaker_key": "host"}, 'has no input "host" for `breaker_key`'),
        ({"inline": True, "executor": "process"}, "cannot be inline and run on a process"),
    ],
)
def test_mistakes_of_the_decorator_are_one_sentence(options, sentence):
    def function(x: int): ...

    with pytest.raises(ActionError, match=sentence):
        action(**{"name": "t.x", **options})(function)


def test_an_async_function_cannot_run_in_a_thread():
    async def function(): ...

    with pytest.raises(ActionError, match=r'"t.x" is async and cannot run in a thread'):
        action("t.x", executor="thread")(function)


def test_only_functions_that_return_once_can_be_actions():
    def generator():
        yield 1

    async def stream():
        yield 1

    functions: list[tuple[Any, str]] = [
        (generator, "cannot be a generator; return a list"),
        (stream, "cannot be a generator"),
        (int, "must be a function"),
        (forecast, 'already the action "weather.forecast"'),
    ]
    for function, sentence in functions:
        with pytest.raises(ActionError, match=sentence):
            action("t.x")(function)


@action(
    "t.fails",
    errors={"t.busy": True, "t": False, "unavailable": True},
    raises={LookupError: "t.missing", KeyError: "t.missing.key"},
)
def fails(error=None) -> None:
    if error is not None:
        raise error


def caught(error) -> BaseException:
    try:
        fails(error)
    except BaseException as raised:
        return raised
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        (StepError("t.busy", "m"), "t.busy", True),
        (StepError("t.busy.now", "m"), "t.busy.now", True),
        (StepError("t.other", "m"), "t.other", False),
        (StepError("t.busy", "m", retryable=False), "t.busy", False),
        (StepError("else", "m"), "else", None),
        (IndexError("m"), "t.missing", False),
        (KeyError("m"), "t.missing.key", False),
        (TimeoutError("m"), "timeout", None),
        (ConnectionResetError("m"), "unavailable", True),
        (MemoryError(), "memory", None),
        (InputError("m"), "invalid-input", None),
        (ValueError("m"), "crash", None),
    ],
)
def test_each_exception_has_a_kind(error, kind, retryable):
    failure = failure_of(caught(error), fails)

    assert (failure.kind, failure.retryable) == (kind, retryable)


def test_a_crash_keeps_the_type_the_place_and_the_traceback_of_the_author():
    error = caught(ValueError("bad number"))
    error.add_note("in plugin t")
    start = error.__traceback__

    failure = failure_of(error, fails)

    assert failure.message.startswith("ValueError: bad number (")
    assert failure.detail["type"] == "ValueError"
    assert "test_action.py:" in failure.detail["at"]
    assert "raise error" in failure.traceback
    assert "in plugin t" in failure.traceback
    assert "in caught" not in failure.traceback
    assert error.__traceback__ is start


def test_what_an_author_declares_keeps_its_detail_and_needs_no_traceback():
    error = StepError("t.x", "Slow down.", retry_after=2.5, detail={"n": 1})

    failure = failure_of(error)

    assert (failure.message, failure.detail, failure.retry_after) == ("Slow down.", {"n": 1}, 2.5)
    assert failure.traceback == ""


def test_a_declared_failure_shows_what_caused_it():
    def raising():
        try:
            os.stat("/nowhere/at/all")
        except OSError as error:
            raise StepError("t.x", "No.") from error

    with pytest.raises(StepError) as raised:
        raising()

    assert "FileNotFoundError" in failure_of(raised.value).traceback


def test_a_group_counts_as_what_is_in_it():
    alone = ExceptionGroup("g", [ExceptionGroup("h", [StepError("t.x", "m")])])
    alike = ExceptionGroup("g", [StepError("t.x", "m"), StepError("t.x", "n")])
    mixed = ExceptionGroup("g", [StepError("t.x", "m"), ValueError("v")])

    assert failure_of(alone).kind == "t.x"
    assert (failure_of(alike).kind, failure_of(alike).message) == ("t.x", "m (and 1 more)")
    assert failure_of(mixed).kind == "crash"
    assert "ValueError: v" in failure_of(mixed).traceback


def test_a_long_traceback_keeps_its_end():
    failure = failure_of(caught(ValueError("x" * 50_000 + "the end")), fails)

    assert len(failure.traceback) < 17_000
    assert failure.traceback.endswith("the end\n")


def test_kinds_are_looked_up_by_their_longest_prefix():
    table = {"http": True, "http.404": False}

    assert kind_matches("http.404", table) is False
    assert kind_matches("http.500", table) is True
    assert kind_matches("httpx", table) is None
    assert list(KINDS) == sorted(KINDS)
