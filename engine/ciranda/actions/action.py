"""A typed function as a step type."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from ciranda.actions.binding import Bind, Finish, make_bind, make_finish
from ciranda.actions.docstring import parse_docstring
from ciranda.actions.resources import Resource
from ciranda.actions.signature import read_signature
from ciranda.errors import ActionError

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")
_KIND: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_EXECUTORS: Final = ("inline", "thread", "process")


class Action(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A step type: a function, what it takes and returns, and what it promises.

    Calling it calls the function, so that tests need nothing else.

    Attributes:
        name: What `uses:` says, such as `data.read`.
        function: The function as written.
        is_async: Whether calling it makes a coroutine.
        input_schema: JSON Schema of the inputs, an object without references.
        output_schema: JSON Schema of the output; `{}` is anything.
        bind: `bind(inputs) -> arguments`: plain data to annotated types. May return `inputs`
            itself, which it never changes. Raises StepError `invalid-input`.
        finish: `finish(result) -> plain data` of its own. Raises StepError `invalid-output`.
        pure: Equal inputs give equal outputs and nothing else happens: `cache:` is allowed.
        version: Enters cache keys in place of the plugin's digest.
        fingerprint: `fingerprint(inputs)` gives what else a cache key depends on.
        executor: Where it runs; None leaves it to the kind of function and the step.
        inline: A sync function that is quick enough for the event loop.
        errors: Its kinds of failure, and whether another attempt can help.
        raises: Exceptions that mean a kind.
        secrets: Names of the secrets it asks `ctx.secret` for.
        breaker_key: Name of the input that chooses the circuit breaker.
        idempotent: Doing it twice is doing it once; failed attempts may be repeated.
        wants_context: Name of the parameter annotated `Context`.
        resources: Parameters annotated with a resource.
        doc: The docstring before its sections.
        parameter_docs: What the docstring says of each input, by its public name.
        returns_doc: What the docstring says of the output.
        plugin: Name of the plugin that brought it; filled by the loader.
    """

    name: str
    function: Callable[..., Any]
    is_async: bool
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    bind: Bind
    finish: Finish
    pure: bool = False
    version: str | None = None
    fingerprint: Callable[..., Any] | None = None
    executor: str | None = None
    inline: bool = False
    errors: Mapping[str, bool] = msgspec.field(default_factory=dict)
    raises: Mapping[type[BaseException], str] = msgspec.field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    breaker_key: str | None = None
    idempotent: bool = False
    wants_context: str | None = None
    resources: Mapping[str, Resource] = msgspec.field(default_factory=dict)
    doc: str = ""
    parameter_docs: Mapping[str, str] = msgspec.field(default_factory=dict)
    returns_doc: str = ""
    plugin: str = ""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as written."""
        return self.function(*args, **kwargs)


def action(  # noqa: PLR0913  (each word is one promise of an author; all have defaults)
    name: str,
    *,
    pure: bool = False,
    version: str | None = None,
    fingerprint: Callable[..., Any] | None = None,
    executor: str | None = None,
    inline: bool = False,
    errors: Mapping[str, bool] | None = None,
    raises: Mapping[type[BaseException], str] | None = None,
    secrets: Iterable[str] = (),
    breaker_key: str | None = None,
    idempotent: bool = False,
) -> Callable[[Callable[..., Any]], Action]:
    """Make a step type of a function; see `Action` for what the words mean.

    Raises:
        ActionError: The name, an option or the signature cannot work.
    """
    if callable(name):
        raise ActionError('An action has a name: write @action("weather.forecast").')
    if not _NAME.fullmatch(name):
        raise ActionError(
            f'"{name}" cannot name an action; write a namespace and a word: "weather.forecast".'
        )
    kinds, mapped = _promised(name, errors, raises, secrets, fingerprint)
    if executor is not None and executor not in _EXECUTORS:
        known = ", ".join(_EXECUTORS)
        raise ActionError(f'Action "{name}" has the executor "{executor}"; use one of {known}.')

    def mark(function: Callable[..., Any]) -> Action:
        _check_kind_of_function(name, function, executor, inline=inline)
        docs = parse_docstring(function.__doc__)
        signature = read_signature(name, function, docs)
        inputs = signature.input_schema()
        if breaker_key is not None and breaker_key not in inputs["properties"]:
            raise ActionError(f'Action "{name}" has no input "{breaker_key}" for `breaker_key`.')
        return Action(
            name=name,
            function=function,
            is_async=inspect.iscoroutinefunction(function),
            input_schema=inputs,
            output_schema=signature.output_schema,
            bind=make_bind(name, signature),
            finish=make_finish(name, signature.returns),
            pure=pure,
            version=version,
            fingerprint=fingerprint,
            executor=executor,
            inline=inline,
            errors=kinds,
            raises=mapped,
            secrets=tuple(secrets),
            breaker_key=breaker_key,
            idempotent=idempotent,
            wants_context=signature.wants_context,
            resources=signature.resources,
            doc=docs.text,
            parameter_docs={item.public: item.doc for item in signature.parameters if item.doc},
            returns_doc=docs.returns,
        )

    return mark


def _promised(
    name: str, errors: object, raises: object, secrets: object, fingerprint: object
) -> tuple[dict[str, bool], dict[type[BaseException], str]]:
    """Check the promises that have a shape of their own; return the kinds and exceptions."""
    kinds = {} if errors is None else errors
    if not isinstance(kinds, Mapping) or not all(isinstance(on, bool) for on in kinds.values()):
        raise ActionError(
            f'Action "{name}": `errors` says for each kind whether another attempt can help; '
            f'write {{"{name.partition(".")[0]}.gone": False}}.'
        )
    mapped = {} if raises is None else raises
    if not isinstance(mapped, Mapping) or not all(
        isinstance(one, type) and issubclass(one, BaseException) for one in mapped
    ):
        raise ActionError(
            f'Action "{name}": `raises` gives a kind to each exception; '
            'write {ConnectionError: "unavailable"}.'
        )
    for kind in (*kinds, *mapped.values()):
        if not isinstance(kind, str) or not _KIND.fullmatch(kind):
            raise ActionError(f'Action "{name}" declares the kind "{kind}"; use dotted words.')
    if isinstance(secrets, str):
        raise ActionError(f'Action "{name}": `secrets` is a list; write ["{secrets}"].')
    if fingerprint is not None and not callable(fingerprint):
        raise ActionError(
            f'Action "{name}": `fingerprint` is {fingerprint!r}; give a function of the inputs.'
        )
    return dict(kinds), dict(mapped)


def _check_kind_of_function(
    name: str, function: Callable[..., Any], executor: str | None, *, inline: bool
) -> None:
    if isinstance(function, Action):
        raise ActionError(f'Action "{name}" is already the action "{function.name}".')
    if not inspect.isroutine(function):
        raise ActionError(f'Action "{name}" must be a function.')
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ActionError(f'Action "{name}" cannot be a generator; return a list.')
    if executor == "thread" and inspect.iscoroutinefunction(function):
        raise ActionError(f'Action "{name}" is async and cannot run in a thread.')
    if inline and executor not in (None, "inline"):
        raise ActionError(f'Action "{name}" cannot be inline and run on a {executor} executor.')
