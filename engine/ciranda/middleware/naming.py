"""The names under which breakers, limits and groups are shared."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ciranda.errors import StepError
from ciranda.expressions.error import ExpressionError
from ciranda.expressions.secret import Secret
from ciranda.layer import Call

if TYPE_CHECKING:
    from ciranda.middleware.shared import Bind, Shared

__all__ = ["name_by_input", "name_in", "name_of", "sealed"]


def name_of(
    written: Any, option: str, shared: Shared, key: bytes | None = None
) -> Callable[[Call], str]:
    """Return what computes the shared name of a call.

    Args:
        written: The option as in the file; may hold expressions.
        option: How messages call it, such as `breaker.key`.
        shared: Binds expressions, and seals secrets in names, which events show.
        key: Seals secrets in place of the store's key, where others than it read the names.
    """
    named = name_in(written, option, shared.bind, shared.key if key is None else key)

    def name(call: Call) -> str:
        return named(call.scope)

    return name


def name_in(
    written: Any, option: str, bind: Bind, key: bytes
) -> Callable[[Mapping[str, Any]], str]:
    """Return what computes a shared name where these names are known; see `name_of`."""
    value_of = bind(written)

    def name(scope: Mapping[str, Any]) -> str:
        try:
            value = value_of(scope)
        except ExpressionError as error:
            text = f"`{option}` cannot be evaluated: {error}"
            raise StepError("invalid-input", text, retryable=False) from error
        return value if type(value) is str else _text(value, option, key)

    return name


def name_by_input(uses: str, field: str | None, key: bytes) -> Callable[[Call], str]:
    """Return what names a call by its action and, if `field` is given, by that input.

    Of a URL only the host counts: all pages of a site fall ill together.
    """
    if field is None:
        return lambda _: uses

    def name(call: Call) -> str:
        value = call.inputs.get(field)
        if isinstance(value, Secret):
            value = Secret(value.name, _host(value.reveal()))
        elif isinstance(value, str):
            value = _host(value)
        return f"{uses} {_text(value, field, key)}"

    return name


def _host(text: str) -> str:
    """Return scheme and host of a URL without its user, other text as it is."""
    scheme, mark, rest = text.partition("://")
    return scheme + mark + re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]


def _text(value: Any, option: str, key: bytes) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Secret):
        return f"secret:{sealed(key, value).hex()[:16]}"
    try:
        return msgspec.json.encode(value, order="deterministic").decode()
    except (TypeError, ValueError, ExpressionError):
        text = f"`{option}` is or holds a {type(value).__name__}, which cannot name anything"
        raise StepError("invalid-input", text, retryable=False) from None


def sealed(key: bytes, secret: Secret) -> bytes:
    """Return what stands for a secret where the secret itself must not be."""
    return hmac.digest(key, secret.reveal().encode(), hashlib.sha256)
