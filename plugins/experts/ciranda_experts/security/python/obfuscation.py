"""Names and literals that are made to be unreadable."""

from __future__ import annotations

import ast
import binascii
import math
import re
from collections import Counter
from typing import Final

from ..rule import Hit
from .decoding import DECODERS
from .folding import UNKNOWN
from .report import Subject
from .shape import is_literal

__all__ = ["check_obfuscation", "entropy"]

# Measured over CPython's own modules and 30 distributions: see docs of `fitting`. English text
# and identifiers stay below 4.9 bits a character, base64 of compressed data is near 6.
_ENTROPY: Final = 5.2
_LONG: Final = 200  # characters of a literal from which its entropy means something
_NAMES: Final = 3  # unreadable names from which it is no accident
_SHARE: Final = 0.3  # of the names that a program binds
_CHAIN: Final = 4  # chr() calls in one expression
_LAMBDAS: Final = 4  # lambdas within each other
_ESCAPES: Final = 0.8  # share of a literal that is written as \x..
_SAMPLE: Final = 8192  # characters of a literal that are looked at
_CONFUSED: Final = re.compile(
    r"_*(?:[O0oQ]{5,}|[lI1i|]{5,}|[O0]{2,}[O0oQ_]{3,}|_0x[0-9a-f]{3,}|_{6,}\w?|(?:[lI1O0]){8,})_*"
)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\-\s]+={0,2}")
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}){20,}")
_CODE: Final = re.compile(
    r"\b(?:import\s+\w+|exec\s*\(|eval\s*\(|__import__|os\.system|subprocess|socket\.socket|"
    r"def\s+\w+\(|lambda\s*\w*:|powershell|/bin/(?:ba)?sh)"
)
_DANGEROUS: Final = re.compile(
    r"(?:eval|exec|__import__|os|system|popen|subprocess|builtins|compile|__builtins__)"
)
_ENCODED_LEAST: Final = 24  # characters of base64 that can hold a call


def entropy(text: str) -> float:
    """Return bits a character, by how often each occurs."""
    counts = Counter(text)
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in counts.values()) if size else 0.0


def check_obfuscation(subject: Subject) -> None:
    """Look for unreadable names, encoded literals, text put together from characters."""
    _names(subject)
    for node in subject.program.of(ast.Constant):
        if isinstance(node.value, (str, bytes)) and len(node.value) >= _ENCODED_LEAST:
            _literal(subject, node)
    for made in subject.program.of(ast.BinOp, ast.Call, ast.Subscript):
        _put_together(subject, made)
    for each in subject.program.of(ast.Lambda):
        inside = sum(isinstance(node, ast.Lambda) for node in subject.program.ancestors(each))
        if inside + 1 == _LAMBDAS:
            subject.hit("lambda-chain", each, "lambdas within lambdas")


def _names(subject: Subject) -> None:
    bound: dict[str, int] = {}
    for scope in dict.fromkeys(subject.program.scopes.values()):
        for name, bindings in scope.bindings.items():
            bound.setdefault(name, bindings[0].line)
    odd = [name for name in bound if _CONFUSED.fullmatch(name)]
    if len(odd) >= _NAMES and len(odd) >= _SHARE * len(bound):
        what = f"names such as {odd[0]:.30}"
        subject.hits.append(Hit(bound[odd[0]], 1, "obfuscated-names", what))


def _literal(subject: Subject, node: ast.Constant) -> None:
    parent = subject.program.parents.get(node)
    if isinstance(parent, ast.Expr):
        return  # a docstring
    value = node.value
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    text = text[:_SAMPLE]
    decoded = _decoded(text)
    if decoded and _CODE.search(decoded):
        subject.hit("encoded-code", node, "the literal decodes to code")
    elif len(text) >= _LONG and entropy(text) >= _ENTROPY and _BASE64.fullmatch(text):
        subject.hit("encoded-literal", node, "a long literal that nobody can read")
    elif len(text) >= _LONG and _escaped(subject, node):
        subject.hit("encoded-literal", node, "a long literal of escapes")


def _escaped(subject: Subject, node: ast.Constant) -> bool:
    written = subject.page.source(node.lineno, node.col_offset, _LONG)
    return written.count("\\x") * len("\\x00") >= _ESCAPES * _LONG


def _decoded(text: str) -> str:
    """Return what base64 or hexadecimal text says, or "" where it says nothing readable."""
    data = b""
    try:
        if _HEX.fullmatch(text):
            data = binascii.unhexlify(text)
        elif _BASE64.fullmatch(text):
            data = binascii.a2b_base64(text[: len(text) // 4 * 4] + "")
    except (binascii.Error, ValueError):
        return ""
    if data[:2] in (b"x\x9c", b"x\xda", b"\x1f\x8b", b"x\x01", b"x^"):
        try:
            data = DECODERS["decompress"](data)
        except ValueError:
            return "exec("  # compressed and cut off: nothing else is written so
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("ascii", errors="ignore") if data.isascii() else ""


def _put_together(subject: Subject, node: ast.expr) -> None:
    parent = subject.program.parents.get(node)
    if isinstance(parent, (ast.BinOp, ast.Attribute)) or is_literal(node):
        return
    chain = _characters(subject, node)
    value = subject.folding.value(node)
    if chain >= _CHAIN:
        subject.hit("character-chain", node, "text is put together from character codes")
    if value is not UNKNOWN and isinstance(value, str) and _DANGEROUS.fullmatch(value):
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            return  # a choice from a tuple of words
        subject.hit("hidden-name", node, f"puts {value!r:.30} together")
    elif isinstance(value, (str, bytes)) and isinstance(node, ast.Call):
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        decoder = _decoder(node)
        if decoder and _CODE.search(text):
            subject.hit("encoded-code", node, "decodes to code")


def _decoder(node: ast.Call) -> bool:
    func = node.func
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return name in DECODERS and name not in ("str", "tuple", "list", "len")


def _characters(subject: Subject, node: ast.expr) -> int:
    """Count chr() calls in a sum, or characters of `map(chr, ...)` and the like."""
    count = 0
    at = node
    while isinstance(at, ast.BinOp) and isinstance(at.op, ast.Add):
        count += _is_chr(subject, at.right)
        at = at.left
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "join"
    ):
        for each in node.args[:1]:
            if isinstance(each, (ast.List, ast.Tuple)):
                count += sum(_is_chr(subject, part) for part in each.elts)
            elif isinstance(each, (ast.GeneratorExp, ast.ListComp)) and _is_chr(subject, each.elt):
                values = subject.folding.value(each.generators[0].iter)
                count += len(values) if isinstance(values, tuple) else 0
            elif isinstance(each, ast.Call) and "builtins.map" in subject.resolver.names(each.func):
                values = subject.folding.value(each)
                chars = bool(each.args) and "builtins.chr" in subject.resolver.names(each.args[0])
                count += len(values) if isinstance(values, tuple) and chars else 0
    return count + _is_chr(subject, at)


def _is_chr(subject: Subject, node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and "builtins.chr" in subject.resolver.names(node.func)
        and bool(node.args)
    )
