"""Small questions about expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from .program import children
from .report import Subject

__all__ = ["DECODING", "FETCHING", "calls_within", "expressions", "is_literal", "keyword"]

DECODING: Final = frozenset({
    "b64decode", "standard_b64decode", "urlsafe_b64decode", "decodebytes", "a2b_base64",
    "b32decode", "b16decode", "b85decode", "a85decode", "unhexlify", "a2b_hex", "fromhex",
    "decompress", "loads", "decrypt", "chr", "decode",
})  # fmt: skip
FETCHING: Final = (
    "urllib.request.urlopen", "urllib.request.urlretrieve", "urllib.urlopen", "urllib2.urlopen",
    "requests.get", "requests.post", "requests.request", "requests.Session()", "httpx.get",
    "httpx.post", "httpx.Client()", "http.client.HTTPConnection()", "http.client.HTTPSConnection()",
    "socket.socket()", "socket.create_connection()", "aiohttp.ClientSession()",
    "urllib3.PoolManager()", "ftplib.FTP()",
)  # fmt: skip
_STEPS: Final = 200  # expressions that one question looks at


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return a keyword argument, also of `**{"name": ...}` and `**dict(name=...)`, or None."""
    for each in call.keywords:
        if each.arg == name:
            return each.value
        if each.arg is None:
            if isinstance(each.value, ast.Dict):
                for key, value in zip(each.value.keys, each.value.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == name:
                        return value
            elif isinstance(each.value, ast.Call) and _called(each.value) == "dict":
                return keyword(each.value, name)
    return None


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def is_literal(node: ast.expr) -> bool:
    """Say whether a constant is written out, in this place or where its name is bound."""
    return isinstance(node, (ast.Constant, ast.Name))


def expressions(subject: Subject, node: ast.expr) -> Iterator[ast.expr]:
    """Yield an expression, what it holds, and what the names in it are bound to."""
    stack: list[ast.AST] = [node]
    seen: set[ast.AST] = set()
    while stack and len(seen) < _STEPS:
        each = stack.pop()
        if each in seen:
            continue
        seen.add(each)
        if isinstance(each, ast.expr):
            yield each
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
            owner = subject.program.scope(each).owner(each.id)
            for binding in owner.bindings[each.id] if owner else ():
                stack += [made for made in (binding.value, binding.source) if made is not None]
        stack.extend(children(each))


def calls_within(subject: Subject, node: ast.expr) -> list[str]:
    """Return the dotted names of all that an expression calls, names in it followed."""
    found = []
    for each in expressions(subject, node):
        if isinstance(each, ast.Call):
            found += list(subject.resolver.names(each.func))
            if isinstance(each.func, ast.Attribute):
                found.append(f".{each.func.attr}")
    return found
