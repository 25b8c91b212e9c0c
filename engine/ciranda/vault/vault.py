"""The secrets of a run: taken out of what is kept or shown, put back where they are used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, AnyStr, Final

import msgspec

from ciranda.errors import InputError
from ciranda.expressions import Secret
from ciranda.vault.forms import RAW, forms_of
from ciranda.vault.references import (
    REFERENCE,
    Derived,
    SecretBytes,
    Unresolved,
    decode_reference,
    missing,
)

_FEWEST: Final = 4  # characters; a shorter text would be found everywhere
_STARS: Final = "***"


class Vault(Mapping[str, str]):
    """Secrets by name.

    Without secrets every method hands back what it is given, at the cost of the call.

    Args:
        secrets: The texts by name.

    Raises:
        InputError: A secret is too short to be told from ordinary text.
    """

    __slots__ = ("_bytes", "_forms", "_owners", "_pattern", "_secrets")

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._secrets: Final = dict(secrets or {})
        self._forms: Final = {name: forms_of(text) for name, text in self._secrets.items()}
        self._owners: Final[dict[str, Secret]] = {}
        for name, text in self._secrets.items():
            if len(text) < _FEWEST:
                raise InputError(
                    f"the secret `{name}` has {len(text)} characters, and one with fewer than "
                    f"{_FEWEST} cannot be kept out of logs: use a longer one"
                )
            for form, written in self._forms[name].items():
                self._owners.setdefault(written, _part(name, written, form))
        for name, text in self._secrets.items():  # a plain text goes before another's form
            self._owners[text] = Secret(name, text)
        # Longest first, so that a secret within a secret does not leave the rest standing.
        longest = sorted(self._owners, key=len, reverse=True)
        self._pattern: Final = re.compile("|".join(map(re.escape, longest)))
        self._bytes: Final = re.compile(
            b"|".join(re.escape(_encoded(written)) for written in longest)
        )

    def __getitem__(self, name: str) -> str:
        return self._secrets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._secrets)

    def __len__(self) -> int:
        return len(self._secrets)

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._secrets)})"

    def opaque(self) -> dict[str, Secret]:
        """Return the secrets as expressions see them, by name."""
        return {name: Secret(name, text) for name, text in self._secrets.items()}

    def mask(self, text: AnyStr) -> AnyStr:
        """Return text, or bytes, with every form of every secret replaced by `***`."""
        if not self._secrets:
            return text
        if isinstance(text, bytes):
            return self._bytes.sub(_STARS.encode(), text)
        return self._pattern.sub(_STARS, text)

    def conceal(self, value: Any) -> Any:
        """Return plain data with each secret inside a text made opaque.

        What holds no secret is returned itself. Keys of dicts cannot be opaque: they are masked.
        """
        if not self._secrets or not self._occurs(value):
            return value
        return self._walk(value, self._cut, self._cut_bytes, self.mask)

    def reveal(self, value: Any) -> Any:
        """Return plain data with every opaque text as it really is; the opposite of `conceal`.

        Raises:
            StepError: Kind `secret`: one of them is not declared any more.
        """
        return self._walk(value, None, None, None) if self._secrets else value

    def mask_all(self, value: Any) -> Any:
        """Return plain data for people: every form of every secret, opaque or not, as `***`."""
        if not self._secrets:
            return value
        return self._starred(self.reveal(value))

    def _starred(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, bytes):
            return self.mask(value)
        if isinstance(value, dict):
            return {self.mask(name): self._starred(each) for name, each in value.items()}
        return [self._starred(each) for each in value] if isinstance(value, list) else value

    def ext_hook(self, code: int, data: memoryview) -> Any:
        """Decode what `encode_reference` wrote: the `ext_hook` of whoever reads values."""
        if code != REFERENCE:
            return msgspec.msgpack.Ext(code, bytes(data))
        as_bytes, parts = decode_reference(bytes(data))
        held = [part if isinstance(part, str) else self._found(*part) for part in parts]
        if not as_bytes and len(held) == 1 and isinstance(held[0], Secret):
            return held[0]
        return (SecretBytes if as_bytes else Secret).join(held)

    def _found(self, name: str, form: str) -> Secret:
        written = self._forms.get(name, {}).get(form)
        return Unresolved(name, form) if written is None else _part(name, written, form)

    def _occurs(self, value: Any) -> bool:
        """Say whether there is anything to conceal, by one pass over one string of bytes."""
        if type(value) is str:
            return self._pattern.search(value) is not None
        try:
            packed = _PACKER.encode(value)
        except UnicodeEncodeError:  # not for a log, but this is not the place to say so
            return True
        return self._bytes.search(packed) is not None

    def _cut(self, text: str) -> str | Secret:
        parts = self._parts(text)
        if len(parts) == 1:
            return parts[0]
        return Secret.join(parts)

    def _cut_bytes(self, data: bytes) -> bytes | Secret:
        if self._bytes.search(data) is None:
            return data
        return SecretBytes.join(self._parts(data.decode("utf-8", "surrogateescape")))

    def _parts(self, text: str) -> list[str | Secret]:
        parts: list[str | Secret] = []
        end = 0
        for found in self._pattern.finditer(text):
            if found.start() > end:
                parts.append(text[end : found.start()])
            parts.append(self._owners[found[0]])
            end = found.end()
        if end < len(text) or not parts:
            parts.append(text[end:])
        return parts

    def _walk(
        self,
        value: Any,
        text: Callable[[str], Any] | None,
        data: Callable[[bytes], Any] | None,
        key: Callable[[str], str] | None,
    ) -> Any:
        """Rebuild plain data; without functions, secrets are revealed and the rest is kept."""
        kind = type(value)
        if kind is str:
            return text(value) if text is not None else value
        if kind is bytes:
            return data(value) if data is not None else value
        if kind is dict:
            return {
                (key(name) if key is not None else name): self._walk(item, text, data, key)
                for name, item in value.items()
            }
        if kind is list:
            return [self._walk(item, text, data, key) for item in value]
        return self._text_of(value) if text is None and isinstance(value, Secret) else value

    def _text_of(self, secret: Secret) -> str | bytes:
        for part in secret.parts:
            if isinstance(part, Unresolved):
                raise missing(part.name)
        text = secret.reveal()
        return _encoded(text) if isinstance(secret, SecretBytes) else text


def _part(name: str, written: str, form: str) -> Secret:
    return Secret(name, written) if form == RAW else Derived(name, written, form)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _nothing(_: Any) -> None:
    """Stand in for what is opaque already."""


_PACKER: Final = msgspec.msgpack.Encoder(enc_hook=_nothing)
