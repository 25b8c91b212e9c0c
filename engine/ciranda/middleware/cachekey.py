"""Cache keys: equal exactly when the same code would get the same values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import anyio.to_thread
import msgspec

from ciranda.expressions.error import ExpressionError
from ciranda.expressions.secret import Secret
from ciranda.expressions.stored import Stored
from ciranda.middleware.contents import has_path, with_contents
from ciranda.middleware.fingerprint import NoKeyError
from ciranda.middleware.layer import Call, StepPlan
from ciranda.middleware.naming import sealed
from ciranda.workflow.model import Cache

if TYPE_CHECKING:
    from ciranda.middleware.shared import Shared

__all__ = ["Key", "Keys"]

_FORMAT: Final = "ciranda cache 1"
_SECRET: Final = 1  # msgpack extension types: no plain value encodes as one
_UNENCODABLE: Final = (TypeError, ValueError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Key:
    """A computed key and the encoded inputs or `key:` value behind it."""

    text: str
    material: Any


@final
class Keys:
    """Computes the keys of one step.

    A key covers the action's name, its code, the scope and either the inputs or the value of
    `key:`. Types count: `1`, `1.0`, `True` and `"1"` are four keys. A secret enters as its
    HMAC, an input of type `path` by name and content of the file.
    """

    __slots__ = ("_encoder", "_fingerprint", "_key", "_of_run", "_plan", "_prefix", "_schema")

    def __init__(self, plan: StepPlan, options: Cache, shared: Shared) -> None:
        self._plan: Final = plan
        self._of_run: Final = options.scope == "run"
        self._fingerprint: Final = shared.fingerprints.of(plan.action)
        self._key: Final = None if options.key is None else shared.bind(options.key)
        schema = plan.action.input_schema
        self._schema: Final = schema if self._key is None and has_path(schema) else None

        def hook(value: Any) -> Any:
            if isinstance(value, Secret):
                return msgspec.msgpack.Ext(_SECRET, sealed(shared.key, value))
            if isinstance(value, Stored):
                return list(value)
            raise TypeError(f"{type(value).__name__} is not plain data")

        self._encoder: Final = msgspec.msgpack.Encoder(order="deterministic", enc_hook=hook)
        kind = "inputs" if self._key is None else "key"
        prefix = [_FORMAT, options.scope, plan.uses, self._fingerprint, kind]
        self._prefix: Final = hashlib.sha256(self._encoder.encode(prefix))

    @property
    def reads_files(self) -> bool:
        """Whether contents of files are part of the key."""
        return self._schema is not None

    async def key(self, call: Call) -> Key:
        """Return the key of a call.

        Raises:
            NoKeyError: It cannot be computed; nothing may then be looked up or kept.
        """
        material = await self._material(call)
        total = self._prefix.copy()
        try:
            if self._of_run:
                total.update(self._encoder.encode(call.ctx.run.id))
            total.update(self._encoder.encode(material))
        except ExpressionError as error:  # a secret refuses what is not passing it on
            raise NoKeyError(str(error)) from error
        except _UNENCODABLE as error:
            raise NoKeyError(f"its inputs are not plain data: {error}") from error
        return Key(total.hexdigest(), material)

    async def _material(self, call: Call) -> Any:
        if self._key is not None:
            try:
                return self._key(call.scope)
            except ExpressionError as error:
                raise NoKeyError(f"`cache.key` cannot be evaluated: {error}") from error
        material: dict[str, Any] = call.inputs
        if self._schema is not None:
            material = await anyio.to_thread.run_sync(
                with_contents, material, self._schema, call.ctx.run.base
            )
        if self._plan.action.fingerprint is not None:
            material = {"inputs": material, "outside": self._outside(call.inputs)}
        return material

    def _outside(self, inputs: Mapping[str, Any]) -> Any:
        """Ask the action's own `fingerprint` what its answer depends on besides its inputs."""
        ask = self._plan.action.fingerprint
        try:
            return ask(inputs) if ask is not None else None
        except Exception as error:
            raise NoKeyError(f"the fingerprint of `{self._plan.uses}` failed: {error}") from error

    def parts(self, key: Key) -> bytes:
        """Return what the key was made of, each as a digest, to tell later what changed."""
        material = key.material
        named = material if self._key is None and isinstance(material, dict) else {"key": material}
        digests = {
            name: hashlib.sha256(self._encoder.encode(value)).hexdigest()[:16]
            for name, value in named.items()
        }
        return self._encoder.encode({"code": self._fingerprint, "inputs": digests})
