"""Processes that start processes, files deleted in a loop, secrets put into an address."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from .excess import range_length
from .loops import is_endless
from .report import Subject
from .shape import calls_within, expressions

__all__ = ["check_spreading"]

_FORKING: Final = frozenset({"os.fork", "os.forkpty", "posix.fork"})
_MANY: Final = 1_000  # turns of a loop that forks
_ROOT: Final = re.compile(
    r"(?:/|~|/(?:etc|usr|var|home|boot|bin|lib|root|sbin|opt|srv|dev|sys|proc)|[A-Za-z]:[\\/]*)"
    r"/?(?:\*\*?/?)*(?:\*(?:\.\*)?)?"
)
_DELETING: Final = frozenset({"os.remove", "os.unlink", "os.rmdir", "shutil.rmtree"})
_METHODS: Final = frozenset({"unlink", "rmdir"})
_LISTING: Final = frozenset(
    {"os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob", "pathlib.Path().glob",
     "pathlib.Path().rglob", "pathlib.Path().iterdir"}
)  # fmt: skip
_TEMPORARY: Final = ("tempfile.", "tmp", "temp", "cache", "build", "dist", "__pycache__")
_SENDING: Final = (
    "requests.", "urllib.request.urlopen", "urllib.request.Request", "httpx.",
    "socket.socket().send", "http.client.HTTPSConnection().request",
    "http.client.HTTPConnection().request", "urllib2.urlopen", "urllib.urlopen",
)  # fmt: skip
_PLACED: Final = frozenset({None, "url", "data", "params", "body", "content"})  # not `headers`
_SECRET: Final = re.compile(r".*(?:SECRET|TOKEN|PASS|CREDENTIAL|PRIVATE|_KEY|APIKEY|AWS_).*")
_PLAIN: Final = re.compile(r"http://(?!localhost|127\.|\[::1\])")


def check_spreading(subject: Subject) -> None:
    """Look for forks that loops repeat, for folders emptied, and for secrets sent by their name."""
    for call in subject.program.of(ast.Call):
        names = subject.resolver.names(call.func)
        if _FORKING.intersection(names):
            _forking(subject, call)
        if _DELETING.intersection(names) and call.args:
            _deleting(subject, call, call.args[0])
        elif "builtins.map" in names and len(call.args) == 2:  # noqa: PLR2004  # function and values
            if _DELETING.intersection(subject.resolver.names(call.args[0])):
                _emptied(subject, call, call.args[1])
        elif isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS and not call.args:
            _deleting(subject, call, call.func.value)
        if any(name.startswith(_SENDING) for name in names):
            _sending(subject, call)


def _around(subject: Subject, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield what a node stands in up to its function, each with what of it holds the node."""
    below = node
    for outer in subject.program.ancestors(node):
        if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            return
        yield outer, below
        below = outer


def _forking(subject: Subject, call: ast.Call) -> None:
    ignored = isinstance(subject.program.parents.get(call), ast.Expr)
    for outer, below in _around(subject, call):
        if isinstance(outer, ast.While) and (below is outer.test or ignored):
            subject.hit("fork-bomb", call, "every turn starts another process")
            return
        if isinstance(outer, ast.For) and (ignored or _many(subject, outer.iter)):
            subject.hit("fork-bomb", call, "every turn starts another process")
            return
        if isinstance(outer, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            subject.hit("fork-bomb", call, "one expression starts many processes")
            return


def _many(subject: Subject, node: ast.expr) -> bool:
    turns = range_length(subject, node)
    return (turns is not None and turns >= _MANY) or is_endless(subject, node)


def _deleting(subject: Subject, call: ast.Call, path: ast.expr) -> None:
    """Look at what is deleted for each entry of a folder, whatever it is."""
    used = {each.id for each in expressions(subject, path) if isinstance(each, ast.Name)}
    for outer, _ in _around(subject, call):
        if isinstance(outer, ast.If):
            return  # it chooses
        loops: list[ast.For | ast.comprehension] = []
        if isinstance(outer, ast.For):
            loops.append(outer)
        elif isinstance(outer, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            loops += [part for part in outer.generators if not part.ifs]
        for loop in loops:
            bound = {each.id for each in ast.walk(loop.target) if isinstance(each, ast.Name)}
            if bound & used:
                _emptied(subject, call, loop.iter)
                return


def _emptied(subject: Subject, call: ast.Call, folder: ast.expr) -> None:
    if not _LISTING.intersection(calls_within(subject, folder)):
        return
    listed = [each for each in expressions(subject, folder) if isinstance(each, ast.Constant)]
    texts = [each.value for each in listed if isinstance(each.value, str)]
    if any(_ROOT.fullmatch(each) for each in texts):
        subject.hit("filesystem-destruction", call, "deletes all that a folder of the system holds")
    elif not _temporary(subject, folder, texts):
        subject.hit("folder-emptied", call, "deletes whatever a folder holds")


def _temporary(subject: Subject, folder: ast.expr, texts: list[str]) -> bool:
    """Say whether a folder is one whose content is meant to go, or only some of it is listed."""
    names = [each.id for each in expressions(subject, folder) if isinstance(each, ast.Name)]
    said = [*names, *texts, *calls_within(subject, folder)]
    chosen = any("*" in each and each.strip("*./") for each in texts)
    return chosen or any(sign in each.lower() for each in said for sign in _TEMPORARY)


def _sending(subject: Subject, call: ast.Call) -> None:
    """Look for single secrets of the environment in an address or a body."""
    given = [(None, each) for each in call.args]
    for name, value in [*given, *((each.arg, each.value) for each in call.keywords)]:
        if name not in _PLACED:
            continue
        secret, plain = "", False
        for part in expressions(subject, value):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                plain |= _PLAIN.match(part.value) is not None
            elif isinstance(part, (ast.Subscript, ast.Call)):
                secret = secret or _secret(subject, part)
        if secret:
            rule = "data-exfiltration" if plain else "secret-sent"
            subject.hit(rule, call, f"sends {secret:.40}")
            return


def _secret(subject: Subject, node: ast.Subscript | ast.Call) -> str:
    """Return the variable of the environment that is read, where its name is that of a secret."""
    if isinstance(node, ast.Subscript):
        key: ast.expr | None = node.slice
        read = "os.environ" in subject.resolver.names(node.value)
    else:
        key = node.args[0] if node.args else None
        read = bool({"os.getenv", "os.environ.get"} & {*subject.resolver.names(node.func)})
    name = subject.folding.text(key) if read and key is not None else None
    return name if name is not None and _SECRET.fullmatch(name.upper()) else ""
