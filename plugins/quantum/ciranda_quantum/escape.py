"""Values as text in HTML, by the place where they stand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from ciranda.expressions import Secret
from ciranda.expressions.inline import written

from .error import QuantumError

URLS: Final = frozenset(
    [
        "action", "attributionsrc", "background", "cite", "classid", "codebase", "data", "dynsrc",
        "formaction", "href", "imagesrcset", "longdesc", "lowsrc", "manifest",
        "ping", "poster", "src", "srcset", "usemap",
    ]
)  # fmt: skip
_ANIMATED: Final = frozenset(["by", "from", "to", "values"])
_ANIMATIONS: Final = frozenset(["animate", "set"])
REFUSED: Final = frozenset(["srcdoc"])
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SAFE: Final = frozenset(
    ["cid", "ftp", "geo", "http", "https", "mailto", "sms", "tel", "urn", "webcal"]
)
_IMAGE: Final = re.compile(r"data:image/(?:png|gif|jpe?g|webp|avif|bmp)[;,]", re.IGNORECASE)
_BLANK: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ufeff]+")
_REFRESH: Final = re.compile(r"\s*[\d.]*\s*[;,]?\s*(?:url\s*=)?\s*['\"]?", re.IGNORECASE)
_STYLE: Final = re.compile(
    r"url\s*\(|image-set\s*\(|expression\s*\(|@import|script:|behavior\s*:|-moz-binding|[\\<>{}]|/\*",
    re.IGNORECASE,
)


class Trusted:
    """HTML that the host vouches for; `q:raw` shows it as it is, everything else escapes it."""

    __slots__ = ("html",)

    def __init__(self, html: str) -> None:
        self.html: Final = html

    def __str__(self) -> str:
        return self.html


def _escape(text: str) -> str:
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        .replace('"', "&#34;").replace("'", "&#39;")
    )  # fmt: skip


def _fastest() -> Callable[[str], str]:
    """Return MarkupSafe's escape in C, which gives `str` for `str`; else our own."""
    try:
        from markupsafe._speedups import _escape_inner
    except ImportError:
        return _escape
    found: Callable[[str], str] = _escape_inner
    return found


escape: Final = _fastest()


def text_of_value(value: Any, budget: list[int]) -> str:
    """Return a value as text; null is empty."""
    kind = type(value)
    if kind is str:
        return str(value)
    if value is None:
        return ""
    if kind is int or kind is float or kind is bool:
        return str(value)
    if isinstance(value, Secret):
        message = f"the secret '{value.name}' cannot be written into a page"
        raise QuantumError("security", message)
    return written(value, budget)


def html(value: Any, budget: list[int]) -> str:
    """Return a value escaped for text and attributes."""
    kind = type(value)
    if kind is str:
        return escape(value)
    if kind is int or kind is float:
        return str(value)
    return escape(text_of_value(value, budget))


def url(text: str) -> str:
    """Return an address that starts no script: an unknown scheme is made harmless."""
    plain = _BLANK.sub("", text)
    match = _SCHEME.match(plain)
    if match is None or match[1].lower() in _SAFE or _IMAGE.match(plain):
        return text
    return f"unsafe:{text.strip()}"


def addresses(text: str) -> str:
    """Return the value of `srcset`, in which several addresses stand."""
    return ", ".join(url(each.strip()) for each in text.split(",")) if ":" in text else text


def steps(text: str) -> str:
    """Return the values of an animation, any of which may become an address."""
    return ";".join(map(url, text.split(";"))) if ":" in text else text


def refresh(text: str) -> str:
    """Return the `content` of a `<meta http-equiv="refresh">`: a time, and an address."""
    match = _REFRESH.match(text)
    address = text[match.end() :] if match is not None else text
    return text if url(address) == address else "unsafe"


def style(text: str, own: int = 0) -> str:
    """Return the value of `style="..."`, or nothing when it would load or run something.

    Args:
        text: The whole value.
        own: How much of that the template itself writes out.
    """
    return "" if count_loads(text) > own else text


def count_loads(text: str) -> int:
    """Return how many things a style loads or runs, or could."""
    return len(_STYLE.findall(_BLANK.sub("", text)))


def cleaner(tag: str, name: str, refreshes: bool) -> str:
    """Return the function that looks at an attribute's whole value, or nothing.

    Args:
        tag: The element, in small letters.
        name: The attribute, in small letters.
        refreshes: Whether the element may be a `<meta http-equiv="refresh">`.
    """
    if name == "style":
        return "style"
    if name in {"srcset", "imagesrcset"}:
        return "addresses"
    if name in URLS or name.endswith(":href"):
        return "url"
    if tag in _ANIMATIONS and name in _ANIMATED:
        return "steps"
    return "refresh" if refreshes and name == "content" else ""


def script(value: Any, quoted: bool, budget: list[int]) -> str:
    """Return a value within `onclick="..."`: a literal, or the inside of a quoted text."""
    if quoted or type(value) is str:
        made = json.dumps(text_of_value(value, budget))
        made = made[1:-1] if quoted else made
    elif value is None or isinstance(value, (bool, int, float)):
        made = json.dumps(value)
    else:
        made = json.dumps(text_of_value(value, budget))
    for character in "<>&'/`$\u2028\u2029":  # `${...}` is code within backquotes
        made = made.replace(character, f"\\u{ord(character):04x}")
    return made


def attribute(name: str, value: Any, budget: list[int]) -> str:
    """Return ` name="value"`, or nothing when the value is null."""
    if value is None:
        return ""
    return f' {name}="{html(value, budget)}"'


def safe_attribute(name: str, value: Any, clean: Callable[[str], str], budget: list[int]) -> str:
    """Return ` name="value"` of an address or a style, or nothing when the value is null."""
    if value is None:
        return ""
    return f' {name}="{escape(clean(text_of_value(value, budget)))}"'


def raw(value: Any) -> str:
    """Return HTML that the host vouched for.

    Raises:
        QuantumError: Of kind security, for everything else.
    """
    if value is None:
        return ""
    if isinstance(value, Trusted):
        return value.html
    message = "<q:raw> shows only what the host marked as Trusted; write {value} to escape it"
    raise QuantumError("security", message)
