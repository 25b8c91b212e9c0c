"""The ways in which a secret's text shows up inside other text."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus

RAW: Final = "raw"
_SHORTEST: Final = 4  # characters of a form that is looked for; less would hit by chance
_LONG_LINE: Final = 8  # of a secret with several lines, each this long is looked for by itself


def forms_of(secret: str) -> dict[str, str]:
    """Return every form of `secret` by a name that never changes, the text itself first.

    The names go into stored references, from which the form is made again.
    """
    import html  # 2 ms, and most runs have no secret

    data = secret.encode("utf-8", "surrogatepass")
    found = {RAW: secret}
    found |= _base64("b64", base64.b64encode, data)
    found |= _base64("b64url", base64.urlsafe_b64encode, data)
    url, url_path, url_plus = quote(data, safe=""), quote(data, safe="/"), quote_plus(data)
    found |= {
        "url": url,
        "url.path": url_path,
        "url.plus": url_plus,
        "url.lower": _lower_escapes(url),
        "url.path.lower": _lower_escapes(url_path),
        "url.plus.lower": _lower_escapes(url_plus),
        "json": json.dumps(secret)[1:-1],
        "json.utf8": json.dumps(secret, ensure_ascii=False)[1:-1],
        "json.slash": json.dumps(secret)[1:-1].replace("/", "\\/"),
        "repr": repr(secret)[1:-1],
        "repr.bytes": repr(data)[2:-1],
        "repr.twice": repr(repr(secret))[2:-2],
        "hex": data.hex(),
        "hex.upper": data.hex().upper(),
        "html": html.escape(secret),
        "shell": shlex.quote(secret),
    }
    lines = secret.splitlines()
    if len(lines) > 1:
        found |= {
            f"line.{number}": line.strip()
            for number, line in enumerate(lines)
            if len(line.strip()) >= _LONG_LINE
        }
    seen: set[str] = set()
    kept: dict[str, str] = {}
    for name, text in found.items():
        if len(text) >= _SHORTEST and text not in seen:
            seen.add(text)
            kept[name] = text
    return kept


def _base64(name: str, encode: Callable[[bytes], bytes], data: bytes) -> dict[str, str]:
    """Return the encoding by itself, and what is left of it in the middle of more data.

    Inside other data a secret starts at one of three offsets; the characters that it shares
    with its neighbours are left out.
    """
    whole = encode(data).decode()
    out = {name: whole, f"{name}.bare": whole.rstrip("=")}
    for offset in range(3):
        text = encode(b"\0" * offset + data).decode().rstrip("=")
        start = (offset * 8 + 5) // 6
        end = (offset + len(data)) * 8 // 6
        out[f"{name}.{offset}"] = text[start:end]
    return out


def _lower_escapes(text: str) -> str:
    """Write `%2F` as `%2f`."""
    head, *rest = text.split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)
