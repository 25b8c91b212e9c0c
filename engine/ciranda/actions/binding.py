"""Functions made once for each action: inputs in, output out."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import msgspec

from ciranda.actions.signature import Signature, accepted
from ciranda.actions.types import converter_of
from ciranda.actions.values import NotPlainError, plain
from ciranda.errors import StepError

Bind = Callable[[dict[str, Any]], dict[str, Any]]
Finish = Callable[[Any], Any]


def make_bind(action: str, signature: Signature) -> Bind:
    """Return `bind(inputs) -> arguments`.

    It returns `inputs` itself when nothing needs conversion, and never changes it.
    """
    by_name = {parameter.public: parameter for parameter in signature.parameters}
    accepts = {
        name: parameter.accepts if parameter.name == name else frozenset[type]()
        for name, parameter in by_name.items()
    }
    converters = {name: converter_of(item.annotation) for name, item in by_name.items()}
    required = frozenset(name for name, parameter in by_name.items() if parameter.required)
    rest = signature.rest
    rest_converter = converter_of(rest.annotation) if rest is not None else None

    def bind(inputs: dict[str, Any]) -> dict[str, Any]:
        if not inputs.keys() >= required:
            refuse_names(inputs)
        for name, value in inputs.items():
            fitting = accepts.get(name, _NOTHING)
            if fitting is not None and type(value) not in fitting:
                return convert_all(inputs)
        return inputs

    def refuse_names(inputs: dict[str, Any]) -> None:
        if rest is None and not inputs.keys() <= by_name.keys():
            raise _unknown(action, inputs.keys() - by_name.keys(), list(by_name))
        if not inputs.keys() >= required:
            raise _missing(action, required - inputs.keys())

    def convert_all(inputs: dict[str, Any]) -> dict[str, Any]:
        refuse_names(inputs)
        out: dict[str, Any] = {}
        for name, value in inputs.items():
            parameter = by_name.get(name, rest)
            if parameter is None or parameter.accepts is None or type(value) in parameter.accepts:
                converted = value
            else:
                try:
                    converted = converters.get(name, rest_converter or _same)(value)
                except msgspec.ValidationError as error:
                    raise _misfit(action, name, error) from None
            out[name if parameter is None or parameter is rest else parameter.name] = converted
        return out

    return bind


_NOTHING: frozenset[type] = frozenset()


def _same(value: Any) -> Any:
    return value


def make_finish(action: str, returns: Any) -> Finish:
    """Return `finish(result) -> plain data`, checked against the return annotation."""
    fitting = accepted(returns)
    if fitting is None:
        return _finish_anything
    convert = converter_of(returns)

    def finish(result: Any) -> Any:
        try:
            value = plain(result)
        except NotPlainError as error:
            raise _not_plain(error) from None
        if type(value) not in fitting:
            try:
                convert(value)
            except msgspec.ValidationError as error:
                problem, place = _taken_apart(error)
                raise StepError(
                    "invalid-output",
                    f"output{place} does not fit what {action} declares: {problem}.",
                    retryable=False,
                ) from None
        return value

    return finish


def _finish_anything(result: Any) -> Any:
    try:
        return plain(result)
    except NotPlainError as error:
        raise _not_plain(error) from None


def _not_plain(error: NotPlainError) -> StepError:
    return StepError("invalid-output", f"{error.sentence('output')}.", retryable=False)


def _taken_apart(error: msgspec.ValidationError) -> tuple[str, str]:
    """Split msgspec's text into what is wrong and the place below the root."""
    problem, _, place = " ".join(str(error).split()).partition(" - at `$[0]")
    return problem[:1].lower() + problem[1:].replace("`", ""), place.rstrip("`")


def _invalid(message: str, detail: dict[str, Any]) -> StepError:
    return StepError("invalid-input", message, retryable=False, detail=detail)


def _misfit(action: str, name: str, error: msgspec.ValidationError) -> StepError:
    problem, place = _taken_apart(error)
    return _invalid(f'Input "{name}{place}" of {action}: {problem}.', {"input": name})


def _missing(action: str, names: frozenset[str]) -> StepError:
    first = min(names)
    return _invalid(f'Input "{first}" of {action} is required.', {"input": first})


def _unknown(action: str, names: set[str], known: list[str]) -> StepError:
    first = min(names)
    near = difflib.get_close_matches(first, known, n=1)
    hint = f'; did you mean "{near[0]}"' if near else ""
    return _invalid(f'{action} has no input "{first}"{hint}.', {"input": first})
