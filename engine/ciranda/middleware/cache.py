"""The cache layer: an answer once given is given again, without running the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ciranda.actions.values import copy_value
from ciranda.errors import StoreError
from ciranda.events import CacheHit, CacheMissed
from ciranda.layer import Call, Layer, Middleware, Next, Place, StepPlan
from ciranda.middleware.answers import Answer
from ciranda.middleware.cachekey import Key, Keys
from ciranda.middleware.fingerprint import NoKeyError
from ciranda.workflow.model import Cache

if TYPE_CHECKING:
    from ciranda.middleware.shared import Shared

__all__ = ["layer"]

_ENCODER = msgspec.msgpack.Encoder()


def layer(plan: StepPlan, shared: Shared) -> Layer | None:
    """Answer from the cache where it can; None when the step has no `cache`.

    Failures are never kept. A key that cannot be computed means that the step runs and nothing
    is kept; the reason is logged and left in the call's notes as `uncached`. An answer from the
    cache leaves `cached` and `cache_key` in the notes; the note `refresh` asks for new work.
    Callers that come while one works on the same key get its answer, or its error.
    """
    options = plan.options.cache
    if options is None:
        return None
    try:
        keys = Keys(plan, options, shared)
    except NoKeyError as error:
        return Layer(_without_key(str(error)), Place.CACHE, name="cache")
    return Layer(_Cached(plan, options, keys, shared).call, Place.CACHE, name="cache")


def _without_key(reason: str) -> Middleware:
    async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        _say_uncached(call, reason)
        return await next(call)

    return call


def _say_uncached(call: Call, reason: str) -> None:
    call.notes["uncached"] = reason
    call.ctx.log.warning("not cached", reason=reason)


class _Cached:
    """The layer of one step."""

    __slots__ = ("_keys", "_label", "_options", "_shared")

    def __init__(self, plan: StepPlan, options: Cache, keys: Keys, shared: Shared) -> None:
        self._keys = keys
        self._label = f"{plan.workflow}:{plan.id}"
        self._options = options
        self._shared = shared

    async def call(self, call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        try:
            key = await self._keys.key(call)
        except NoKeyError as error:
            _say_uncached(call, str(error))
            return await next(call)
        call.notes["cache_key"] = key.text
        if not (self._options.refresh or "refresh" in call.notes):
            found = self._look_up(call, key.text)
            if found is not None:
                return await self._hit(call, key.text, found)

        async def work() -> tuple[Any, bytes | None]:
            await call.ctx.publish(CacheMissed(path=call.path, key=key.text))
            value = await next(call)
            return value, await self._kept(call, key, value)

        (value, payload), mine = await self._shared.flights.share(key.text, work)
        if mine:
            if payload is not None:
                await self._store(call, key, payload)
            return value
        copy = copy_value(value) if payload is None else msgspec.msgpack.decode(payload)
        return await self._hit(call, key.text, Answer(copy, 0.0))

    def _look_up(self, call: Call, key: str) -> Answer | None:
        try:
            return self._shared.answers.get(key, self._options)
        except StoreError as error:
            call.ctx.log.warning("the cache cannot be read", reason=str(error))
            return None

    async def _hit(self, call: Call, key: str, found: Answer) -> Any:
        call.notes["cached"] = True
        await call.ctx.publish(CacheHit(path=call.path, key=key, age=found.age))
        return found.value

    async def _kept(self, call: Call, key: Key, value: Any) -> bytes | None:
        """Keep a result in memory and return it encoded; None when it must not be kept."""
        try:
            payload = _ENCODER.encode(value)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            _say_uncached(call, f"its result is not plain data: {error}")
            return None
        if self._keys.reads_files:
            try:
                same = (await self._keys.key(call)).text == key.text
            except NoKeyError:
                same = False
            if not same:
                _say_uncached(call, "a file that it reads changed while it ran")
                return None
        self._shared.answers.keep(key.text, payload, self._options)
        return payload

    async def _store(self, call: Call, key: Key, payload: bytes) -> None:
        if not self._shared.answers.lasts(self._options):
            return
        # Text lies in the encoding as it is, so that a secret within is found in it.
        text = payload.decode(errors="replace")
        if call.ctx.mask(text) != text:
            call.ctx.log.info("cached in memory only", reason="its result holds a secret")
            return
        try:
            await self._shared.answers.store(
                key.text, payload, self._options, self._label, self._keys.parts(key)
            )
        except StoreError as error:
            call.ctx.log.warning("the cache cannot be written", reason=str(error))
