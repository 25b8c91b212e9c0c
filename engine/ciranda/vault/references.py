"""How a log holds a value with secrets in it: by name, never by text."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ciranda.errors import StepError
from ciranda.expressions import Secret
from ciranda.vault.forms import RAW

# A msgpack extension type: no value of a step can encode as one, whatever its text looks like.
REFERENCE: Final = 83
_TEXT: Final = "text"
_BYTES: Final = "bytes"


class Derived(Secret):
    """A secret in another form, such as the base64 of its text."""

    __slots__ = ("form",)

    def __init__(self, name: str, value: str, form: str) -> None:
        super().__init__(name, value)
        self.form: Final = form


class SecretBytes(Secret):
    """Bytes with a secret in them; undecodable bytes stand as surrogate escapes."""

    __slots__ = ()


class Unresolved(Secret):
    """A secret that a log names and nobody declares any more."""

    __slots__ = ("form",)

    def __init__(self, name: str, form: str = RAW) -> None:
        super().__init__(name, "")
        self.form: Final = form

    def reveal(self) -> str:
        """Fail, because there is nothing to reveal."""
        raise missing(self.name)


def missing(name: str) -> StepError:
    """Return the failure of a step that needs a secret that is not there."""
    return StepError(
        "secret",
        f"the secret `{name}` is not declared: add it below `secrets:`",
        retryable=False,
    )


def encode_reference(value: Any) -> msgspec.msgpack.Ext:
    """Encode a secret as a reference: the `enc_hook` of whoever writes values.

    Raises:
        NotImplementedError: It is no secret.
    """
    if not isinstance(value, Secret):
        raise NotImplementedError(f"{type(value).__name__} cannot be stored")
    kind = _BYTES if isinstance(value, SecretBytes) else _TEXT
    parts = [
        part.encode("utf-8", "surrogateescape")
        if isinstance(part, str)
        else [part.name, part.form if isinstance(part, Derived | Unresolved) else RAW]
        for part in value.parts
    ]
    return msgspec.msgpack.Ext(REFERENCE, msgspec.msgpack.encode([kind, parts]))


def decode_reference(data: bytes) -> tuple[bool, list[str | tuple[str, str]]]:
    """Return whether bytes are meant, and the parts: text, or a secret's (name, form)."""
    kind, parts = msgspec.msgpack.decode(data, type=tuple[str, list[bytes | tuple[str, str]]])
    return kind == _BYTES, [
        part.decode("utf-8", "surrogateescape") if isinstance(part, bytes) else part
        for part in parts
    ]


def redacted(value: Any) -> Any:
    """Return plain data with `***` where a secret is, for people to read."""
    if isinstance(value, Secret):
        return "".join(part if isinstance(part, str) else "***" for part in value.parts)
    if isinstance(value, dict):
        return {key: redacted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted(item) for item in value]
    return value
