"""Cache keys: equal exactly when the same code would get the same values."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

import anyio.to_thread
import msgspec

from ciranda.actions.paths import has_path
from ciranda.expressions.error import ExpressionError
from ciranda.expressions.secret import Secret
from ciranda.expressions.stored import Stored
from ciranda.layer import Call, StepPlan
from ciranda.middleware.contents import default_paths, with_contents
from ciranda.middleware.fingerprint import NoKeyError
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
    """A computed key and what it was made of: inputs, or the value of `key:`, and the rest."""

    text: str
    material: Any
    rest: dict[str, Any]


@final
class Keys:
    """Computes the keys of one step.

    A key covers the action's name, its code, the scope and either the inputs or the value of
    `key:`. Types count: `1`, `1.0`, `True` and `"1"` are four keys. A secret enters as its
    HMAC, an input of type `path` by name and content of the file. Inputs are joined by what
    the action's `fingerprint` returns and, if it takes a context, by the step's environment.
    """

    __slots__ = (
        "_asked",
        "_defaults",
        "_encoder",
        "_fingerprint",
        "_key",
        "_of_run",
        "_plan",
        "_prefix",
        "_schema",
    )

    def __init__(self, plan: StepPlan, options: Cache, shared: Shared) -> None:
        self._plan: Final = plan
        self._of_run: Final = options.scope == "run"
        self._fingerprint: Final = shared.fingerprints.of(plan.action)
        ask = plan.action.fingerprint
        self._asked: Final = 0 if ask is None else len(inspect.signature(ask).parameters)
        self._key: Final = None if options.key is None else shared.bind(options.key)
        schema = plan.action.input_schema
        self._schema: Final = schema if self._key is None and has_path(schema) else None
        self._defaults: Final = {} if self._schema is None else default_paths(plan.action.function)

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
        """Whether files are part of the key, or what the action's `fingerprint` looks at."""
        return self._schema is not None or (
            self._key is None and self._plan.action.fingerprint is not None
        )

    async def key(self, call: Call) -> Key:
        """Return the key of a call.

        Raises:
            NoKeyError: It cannot be computed; nothing may then be looked up or kept.
        """
        material = await self._material(call)
        rest = self._rest(call)
        total = self._prefix.copy()
        try:
            if self._of_run:
                total.update(self._encoder.encode(call.ctx.run.id))
            total.update(self._encoder.encode(material))
            total.update(self._encoder.encode(rest))
        except ExpressionError as error:  # a secret refuses what is not passing it on
            raise NoKeyError(str(error)) from error
        except _UNENCODABLE as error:
            raise NoKeyError(f"its inputs are not plain data: {error}") from error
        return Key(total.hexdigest(), material, rest)

    async def _material(self, call: Call) -> Any:
        if self._key is not None:
            try:
                return self._key(call.scope)
            except ExpressionError as error:
                raise NoKeyError(f"`cache.key` cannot be evaluated: {error}") from error
        material: dict[str, Any] = call.inputs
        if self._schema is not None:
            material = await anyio.to_thread.run_sync(
                with_contents, material, self._schema, self._defaults, call.ctx.run.base
            )
        return material

    def _rest(self, call: Call) -> dict[str, Any]:
        rest: dict[str, Any] = {}
        action = self._plan.action
        if self._key is not None:
            return rest
        if action.fingerprint is not None:
            rest["outside"] = self._outside(call)
        if action.wants_context is not None and call.env:
            # Sealed as a whole: which of the texts came from secrets is not known here.
            rest["env"] = Secret("env", msgspec.json.encode(call.env, order="sorted").decode())
        return rest

    def _outside(self, call: Call) -> Any:
        """Ask the action's own `fingerprint` what its answer depends on besides its inputs."""
        ask = self._plan.action.fingerprint
        assert ask is not None
        given = (call.inputs, call.ctx.run.base)
        try:
            return ask(*given[: self._asked])
        except Exception as error:
            raise NoKeyError(f"the fingerprint of `{self._plan.uses}` failed: {error}") from error

    def parts(self, key: Key) -> bytes:
        """Return what the key was made of, each as a digest, to tell later what changed."""
        material = key.material
        inputs = material if self._key is None else {"key": material}
        parts = {"code": self._fingerprint, "inputs": self._digests(inputs)}
        return self._encoder.encode(parts | self._digests(key.rest))

    def _digests(self, values: Mapping[str, Any]) -> dict[str, str]:
        return {
            name: hashlib.sha256(self._encoder.encode(value)).hexdigest()[:16]
            for name, value in values.items()
        }
