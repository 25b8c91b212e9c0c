"""Credentials written into code, transport and ciphers that protect nothing."""

from __future__ import annotations

import ast
import re
from typing import Final

from .report import Subject
from .shape import keyword

__all__ = ["check_secrets"]

_NAME: Final = re.compile(
    r"(?:.*_)?(?:password|passwd|pwd|secret|api_?key|auth_?token|access_?token|private_?key|"
    r"secret_?key|token)",
    re.IGNORECASE,
)
_SHORTEST: Final = 6
_LONGEST: Final = 512
_PLACEHOLDER: Final = re.compile(
    r".*(?:example|change.?me|placeholder|your[-_ ]|xxx|\*\*\*|<.*>|\{.*\}|\$|test|dummy|none|todo|"
    r"\s|%s|password|passwd|secret|token|key).*|(.)\1*",
    re.IGNORECASE | re.DOTALL,
)
_WORD: Final = re.compile(r"[a-z_.:/-]+")
_VERIFYING: Final = ("requests.", "httpx.", "urllib3.")


def check_secrets(subject: Subject) -> None:
    """Look at what is assigned or given to names of secrets, and at switched-off checks."""
    for made in subject.program.of(ast.Assign, ast.AnnAssign):
        targets = made.targets if isinstance(made, ast.Assign) else [made.target]
        for target in targets:
            name = getattr(target, "id", getattr(target, "attr", ""))
            if made.value is not None:
                _credential(subject, name, made.value)
    for call in subject.program.of(ast.Call):
        for each in call.keywords:
            _credential(subject, each.arg or "", each.value)
        for name in subject.resolver.names(call.func):
            _unprotected(subject, call, name)
    for table in subject.program.of(ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                _credential(subject, key.value, value)


def _credential(subject: Subject, name: str, node: ast.expr) -> None:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, (str, bytes)):
        return
    value = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
    if not _SHORTEST <= len(value) <= _LONGEST or not _NAME.fullmatch(name):
        return
    # words alone are names of things: a header, a field, a kind of token
    if not _PLACEHOLDER.fullmatch(value) and not _WORD.fullmatch(value):
        subject.hit("literal-credential", node, f"a secret is written after {name:.30}")


def _unprotected(subject: Subject, call: ast.Call, name: str) -> None:
    if name.startswith(_VERIFYING):
        verify = keyword(call, "verify")
        if verify is not None and subject.folding.value(verify) is False:
            subject.hit("unverified-tls", call, "certificates are not checked")
    elif name in ("hashlib.md5", "hashlib.sha1", "hashlib.new"):
        used = keyword(call, "usedforsecurity")
        if used is not None and subject.folding.truth(used) is False:
            return
        kind = subject.folding.text(call.args[0]) if call.args and name.endswith("new") else None
        if not name.endswith("new") or (kind or "").lower() in ("md5", "sha1", "md4"):
            subject.hit("weak-hash", call, "the hash can be forged")
    elif name in ("yaml.load", "yaml.load_all"):
        _yaml(subject, call)
    elif name == "numpy.load":
        allowed = keyword(call, "allow_pickle")
        if allowed is not None and subject.folding.truth(allowed) is True:
            subject.hit("unsafe-deserialization", call, "pickles within are run")
    elif name == "torch.load":
        safe = keyword(call, "weights_only")
        if safe is None or subject.folding.truth(safe) is not True:
            subject.hit("unsafe-deserialization", call, "pickles within are run")


def _yaml(subject: Subject, call: ast.Call) -> None:
    loader = keyword(call, "Loader") or (call.args[1] if len(call.args) > 1 else None)
    if loader is None:
        subject.hit("unsafe-deserialization", call, "yaml.load without a safe loader")
        return
    last = {name.rpartition(".")[2] for name in subject.resolver.names(loader)}
    if last & {"Loader", "UnsafeLoader", "FullLoader", "CLoader"}:
        subject.hit("unsafe-deserialization", call, "this loader makes any object")
