"""Integers that do not fit the machine width that the code declares for them."""

from __future__ import annotations

import ast
import re
from typing import Final

from .report import Subject
from .shape import keyword

__all__ = ["check_widths", "fits"]

_SIZED: Final = re.compile(
    r"(?:ctypes|numpy)\.(?:c_)?(?P<unsigned>u)?(?P<kind>int8|int16|int32|int64|byte|short|longlong|int|long)"
)  # fmt: skip
_BITS: Final = {
    "int8": 8, "byte": 8, "int16": 16, "short": 16, "int32": 32, "int": 32,
    "int64": 64, "longlong": 64, "long": 64,
}  # fmt: skip
_STRUCT: Final = {
    "b": (8, True), "B": (8, False), "h": (16, True), "H": (16, False), "i": (32, True),
    "I": (32, False), "l": (32, True), "L": (32, False), "q": (64, True), "Q": (64, False),
}  # fmt: skip
_FIELD: Final = re.compile(r"(\d{0,4})([a-zA-Z?])")
_FIELDS: Final = 256


def fits(value: int, bits: int, *, signed: bool = True) -> bool:
    """Say whether an integer has a place in so many bits."""
    if not signed:
        return 0 <= value < 1 << bits
    return -(1 << (bits - 1)) <= value < 1 << (bits - 1)


def check_widths(subject: Subject) -> None:
    """Look for constants beyond the width of what holds them, and sums that must leave it."""
    for call in subject.program.of(ast.Call):
        for name in subject.resolver.names(call.func):
            if name in ("struct.pack", "struct.Struct().pack"):
                _packed(subject, call)
            elif name == "array.array":
                _array(subject, call)
            elif name == "numpy.array":
                _numpy(subject, call)
            else:
                _sized(subject, call, name)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "to_bytes":
            _to_bytes(subject, call, call.func.value)
    for made in subject.program.of(ast.BinOp):
        _operated(subject, made)
    if subject.int_bits is not None:
        _declared(subject, subject.int_bits)


def _width(name: str) -> tuple[int, bool] | None:
    found = _SIZED.fullmatch(name)
    if found is None:
        return None
    return _BITS[found["kind"]], not found["unsigned"]


def _check(subject: Subject, node: ast.expr, width: tuple[int, bool]) -> None:
    value = subject.folding.value(node)
    if isinstance(value, int) and not isinstance(value, bool):
        bits, signed = width
        if not fits(value, bits, signed=signed):
            kind = "signed" if signed else "unsigned"
            subject.hit("integer-overflow", node, f"{value:.40g} is beyond {bits} {kind} bits")


def _sized(subject: Subject, call: ast.Call, name: str) -> None:
    width = _width(name)
    if width is not None and len(call.args) == 1:
        if name.startswith("ctypes.") and subject.folding.value(call.args[0]) == -1:
            return  # the usual way to write "all bits"
        _check(subject, call.args[0], width)


def _packed(subject: Subject, call: ast.Call) -> None:
    layout = call.args[0] if call.args else None
    values = call.args[1:]
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call):
        made = call.func.value.args
        layout, values = (made[0] if made else None), call.args
    text = subject.folding.value(layout) if layout is not None else None
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    if not isinstance(text, str):
        return
    kinds: list[str] = []
    for count, kind in _FIELD.findall(text.lstrip("@=<>!")[:_FIELDS]):
        if kind != "x":
            kinds += [kind] * (1 if kind in "sp" else min(int(count or 1), _FIELDS))
    for kind, value in zip(kinds, values, strict=False):
        if kind in "lL" and not text.startswith(("=", "<", ">", "!")):
            continue  # as wide as the machine says
        if kind in _STRUCT and not isinstance(value, ast.Starred):
            _check(subject, value, _STRUCT[kind])


def _array(subject: Subject, call: ast.Call) -> None:
    if len(call.args) > 1 and isinstance(call.args[1], (ast.List, ast.Tuple)):
        kind = subject.folding.text(call.args[0])
        if kind in _STRUCT and kind not in "lL":
            for each in call.args[1].elts:
                _check(subject, each, _STRUCT[kind])


def _numpy(subject: Subject, call: ast.Call) -> None:
    kind = keyword(call, "dtype") or (call.args[1] if len(call.args) > 1 else None)
    if kind is None or not call.args or not isinstance(call.args[0], (ast.List, ast.Tuple)):
        return
    text = subject.folding.text(kind)
    names = [f"numpy.{text}"] if text else subject.resolver.names(kind)
    for width in filter(None, map(_width, names)):
        for each in call.args[0].elts:
            _check(subject, each, width)


def _to_bytes(subject: Subject, call: ast.Call, value: ast.expr) -> None:
    size = call.args[0] if call.args else keyword(call, "length")
    count = subject.folding.value(size) if size is not None else None
    signed = keyword(call, "signed")
    is_signed = signed is not None and subject.folding.truth(signed) is True
    if isinstance(count, int) and 0 < count < _FIELDS:
        _check(subject, value, (count * 8, is_signed))


def _operated(subject: Subject, node: ast.BinOp) -> None:
    """Look at `np.int32(2147483647) + 1`: constants, one of them sized."""
    if not isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.LShift, ast.Pow)):
        return
    left, right = _constant(subject, node.left), _constant(subject, node.right)
    if left is None or right is None:
        return
    width = left[1] or right[1]
    if width is None:
        return
    whole = ast.copy_location(
        ast.BinOp(left=ast.Constant(left[0]), op=node.op, right=ast.Constant(right[0])), node
    )
    _check(subject, whole, width)


def _constant(subject: Subject, node: ast.expr) -> tuple[int, tuple[int, bool] | None] | None:
    value = subject.folding.value(node)
    if isinstance(value, int):
        return value, None
    made = node
    if isinstance(made, ast.Attribute) and made.attr == "value":
        made = made.value
    if isinstance(made, ast.Name):
        owner = subject.program.scope(made).owner(made.id)
        only = owner.bindings[made.id] if owner else []
        made = only[0].value or made if len(only) == 1 else made
    if isinstance(made, ast.Call) and len(made.args) == 1:
        value = subject.folding.value(made.args[0])
        for name in subject.resolver.names(made.func):
            width = _width(name)
            if width is not None and isinstance(value, int):
                return value, width
    return None


def _declared(subject: Subject, bits: int) -> None:
    for node in subject.program.of(ast.Constant):
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            lowest = isinstance(subject.program.parents.get(node), ast.UnaryOp)
            if not fits(-node.value if lowest else node.value, bits):
                subject.hit("integer-overflow", node, f"a literal is beyond {bits} bits")
    for made in subject.program.of(ast.BinOp):
        value = subject.folding.value(made)
        if isinstance(value, int) and not isinstance(value, bool) and not fits(value, bits):
            subject.hit("integer-overflow", made, f"the result is beyond {bits} bits")
