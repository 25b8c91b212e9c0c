"""Names of tools: made of the skill and the script, safe everywhere, and no two alike."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final

__all__ = ["names_of"]

Key = tuple[str, str]  # a skill and the path of one of its scripts
_LONGEST: Final = 64  # what the strictest of the common clients takes
_UNSAFE: Final = re.compile(r"[^a-zA-Z0-9_-]+")
_LENGTHS: Final = (8, 16, 32)  # of the hash that tells names apart
_SCRIPTS: Final = "scripts/"


def names_of(scripts: Iterable[Key]) -> dict[Key, str]:
    """Return a name for each script: `report_fill-form` for `scripts/fill-form.py` of `report`.

    Where two would have the same name, or one would be too long, a hash of the skill's name and
    the script's path tells them apart: it depends on no other skill and on no order.
    """
    wanted = dict.fromkeys(scripts)
    plain = {key: _plain(key) for key in wanted}
    for length in _LENGTHS:
        # Whoever collides gets a hash, so that nobody can take the name of somebody else.
        often = Counter(plain.values())
        plain = {
            key: name if often[name] == 1 and len(name) <= _LONGEST else _hashed(key, length)
            for key, name in plain.items()
        }
    return plain


def _plain(key: Key) -> str:
    skill, script = key
    path = os.path.splitext(script.removeprefix(_SCRIPTS))[0]
    return _safe(f"{skill}_{path.replace('/', '_')}")


def _hashed(key: Key, length: int) -> str:
    digest = hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:length]
    return f"{_plain(key)[: _LONGEST - length - 1]}-{digest}"


def _safe(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(each for each in decomposed if not unicodedata.combining(each))
    return _UNSAFE.sub("-", bare)
