"""Modifiers of a step from plain data that fits the schema: short forms are expanded here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ciranda.workflow.durations import parse_duration
from ciranda.workflow.model import Breaker, Cache, Concurrency, Quota, Rate, Retry

__all__ = ["MAPPED", "expanded", "read_modifier"]

_RETRY_DURATIONS: Final = ("backoff", "cap")
_BREAKER_DURATIONS: Final = ("open", "cap")


def expanded(name: str, value: Any) -> Any:
    """Return the long form of a modifier, so that forms merge key by key; None = switched off."""
    if name == "retry":
        if isinstance(value, int):
            return {"attempts": value}
        return None if value == "none" else value
    if name == "cache" and isinstance(value, bool):
        return {} if value else None
    return value


def read_modifier(name: str, value: Mapping[str, Any]) -> Any:
    """Return the frozen form of a modifier's long form.

    Raises:
        ValueError: A duration is longer than a century; args are the sentence and the key.
    """
    return MAPPED[name](value)


def _retry(value: Mapping[str, Any]) -> Retry:
    known = _capped(_timed(value, _RETRY_DURATIONS), "backoff", Retry().cap)
    for name in ("on", "unless"):
        if name in known:
            known[name] = _kinds(known[name])
    return Retry(**known)


def _cache(value: Mapping[str, Any]) -> Cache:
    return Cache(**_timed(value, ("ttl",)))


def _breaker(value: Mapping[str, Any]) -> Breaker:
    known = _capped(_timed(value, (*_BREAKER_DURATIONS, "slow-after")), "open", Breaker().cap)
    for name in ("failures", "slow"):
        if name in known:
            known[name] = _share(known[name])
    window = known.get("window")
    if isinstance(window, str):
        seconds = _seconds("window", window)
        # The ring has a slot for each second.
        if seconds != int(seconds) or not seconds:
            raise ValueError(f"`window` must be whole seconds, not `{window}`", "window")
        known.update(window=int(seconds), window_seconds=True)
    return Breaker(**known)


def _rate(value: Mapping[str, Any]) -> Rate:
    quotas = {
        name: _quota(name, value[name])
        for name in ("requests", "input-tokens", "output-tokens")
        if name in value
    }
    if not quotas:
        raise ValueError("`rate` limits nothing: write `requests: 50/1m`, or one of tokens", None)
    starts = quotas.get("requests", Quota(0, Rate().per))
    return Rate(
        requests=starts.limit,
        per=starts.per,
        key=value.get("key"),
        input_tokens=quotas.get("input-tokens"),
        output_tokens=quotas.get("output-tokens"),
        cost=dict(value.get("cost", {})),
        shared=value.get("shared", "engine"),
    )


def _quota(name: str, written: str) -> Quota:
    count, _, text = written.partition("/")
    per = _seconds(name, text)
    if not per:
        counted = "starts" if name == "requests" else "what is used"
        raise ValueError(f"`{name}` counts {counted} in a window longer than `0s`", name)
    return Quota(int(count), per)


def _concurrency(value: Mapping[str, Any]) -> Concurrency:
    return Concurrency(**value)


def _capped(known: dict[str, Any], first: str, usual: float) -> dict[str, Any]:
    """Return the options with a longest wait, if none is written, that the first one fits in."""
    return {"cap": max(usual, known.get(first, 0.0)), **known}


def _timed(value: Mapping[str, Any], durations: tuple[str, ...]) -> dict[str, Any]:
    return {
        name.replace("-", "_"): _seconds(name, each) if name in durations else each
        for name, each in value.items()
    }


def _seconds(name: str, text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(str(error), name) from None


def _share(value: str | float) -> float:
    if isinstance(value, str):
        return float(value.removesuffix("%")) / 100
    return float(value)


def _kinds(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


MAPPED: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "retry": _retry,
    "cache": _cache,
    "breaker": _breaker,
    "rate": _rate,
    "concurrency": _concurrency,
}
