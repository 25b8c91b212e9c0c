"""The idempotency layer: what succeeded under a key is not done again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
import msgspec

from ciranda.actions.values import copy_value
from ciranda.errors import StepError, StoreError
from ciranda.expressions.error import ExpressionError
from ciranda.expressions.secret import Secret
from ciranda.expressions.stored import Stored
from ciranda.layer import Call, Layer, Next, Place, StepPlan
from ciranda.middleware.naming import sealed
from ciranda.store.successes import Success

if TYPE_CHECKING:
    from ciranda.middleware.shared import Shared

__all__ = ["layer"]

_SECRET: Final = 1  # msgpack extension type: no plain value encodes as one
_UNENCODABLE: Final = (TypeError, ValueError, OverflowError, RecursionError, ExpressionError)


def layer(plan: StepPlan, shared: Shared) -> Layer | None:
    """Remember what succeeded under a step's `idempotency-key`; None when it has none.

    Whoever comes with the same action, key and inputs is given the same output, also in another
    run; with other inputs the call fails with kind `conflict`. Failures are not remembered.
    """
    if plan.options.idempotency_key is None:
        return None
    return Layer(_Once(plan, shared).call, Place.CACHE, name="idempotency", after=("cache",))


def _listed(value: Any) -> list[Any]:
    if isinstance(value, Stored):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not plain data")


_VALUES: Final = msgspec.msgpack.Encoder(enc_hook=_listed)


class _Once:
    """The layer of one step."""

    __slots__ = ("_encoder", "_seal", "_shared", "_uses")

    def __init__(self, plan: StepPlan, shared: Shared) -> None:
        self._uses: Final = plan.uses
        self._shared: Final = shared
        self._seal: Final = shared.key

        def hook(value: Any) -> Any:
            if isinstance(value, Secret):
                return msgspec.msgpack.Ext(_SECRET, sealed(shared.key, value))
            return _listed(value)

        self._encoder: Final = msgspec.msgpack.Encoder(order="deterministic", enc_hook=hook)

    async def call(self, call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        written = call.ctx.own_key
        if not written:
            raise _unfit("`idempotency-key` is empty")
        # It may hold a secret, and be that of a person: the store need not know it.
        key = sealed(self._seal, Secret(self._uses, f"{self._uses}\0{written}")).hex()
        inputs = self._digest(call)
        if "refresh" not in call.notes:
            found = self._found(key)
            if found is not None:
                return self._again(call, inputs, found)

        async def work() -> tuple[Any, Success]:
            value = await next(call)
            return value, await self._kept(call, key, inputs, value)

        (value, success), mine = await self._shared.once.share(key, work)
        if mine:
            return value
        return self._again(call, inputs, success, copy_value(value))

    def _found(self, key: str) -> Success | None:
        try:
            return self._shared.successes().find(key)
        except StoreError as error:  # before anything was done
            text = f"what was done under its `idempotency-key` cannot be read: {error}"
            raise StepError("unavailable", text) from error

    def _again(self, call: Call, inputs: str, found: Success, value: Any = None) -> Any:
        """Give what was given before."""
        key = call.ctx.mask(call.ctx.own_key)
        if inputs != found.inputs:
            text = (
                f"the idempotency key `{key}` stands for a call of `{self._uses}` with other "
                "inputs: what differs belongs into the key"
            )
            raise StepError("conflict", text, retryable=False)
        call.notes["cached"] = True
        call.ctx.log.info("done before under the same idempotency key", key=key)
        return msgspec.msgpack.decode(found.payload) if found.payload else value

    async def _kept(self, call: Call, key: str, inputs: str, value: Any) -> Success:
        """Remember a result; what cannot be remembered is told."""
        log = call.ctx.log
        try:
            payload = _VALUES.encode(value)
        except _UNENCODABLE as error:
            log.warning("not remembered under its key", reason=f"it is not plain data: {error}")
            return Success(inputs, b"", 0.0)
        # Text lies in the encoding as it is, so that a secret within is found in it.
        text = payload.decode(errors="replace")
        if call.ctx.mask(text) != text:
            log.warning("not remembered under its key", reason="its result holds a secret")
            return Success(inputs, b"", 0.0)
        try:
            await anyio.to_thread.run_sync(self._shared.successes().keep, key, inputs, payload)
        except StoreError as error:
            log.warning("not remembered under its key", reason=str(error))
        return Success(inputs, payload, 0.0)

    def _digest(self, call: Call) -> str:
        try:
            return hashlib.sha256(self._encoder.encode(call.inputs)).hexdigest()
        except _UNENCODABLE as error:
            raise _unfit(f"inputs that are not plain data have no key: {error}") from error


def _unfit(message: str) -> StepError:
    return StepError("invalid-input", message, retryable=False)
