"""The published mix of intents that the council is timed with, and what each has to come to.

Of 24: twelve small policies, ranges and guards of three to six conditions; eight transfers
between two to four accounts; and two that do not follow or mint money, one product of variables
and one piece of code. No two numbers give the same intent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["KINDS", "PERIOD", "expected", "kind", "mix", "mixture"]

PERIOD: Final = 24


def _range(n: int) -> dict[str, Any]:
    pre = [f"x > {n}", f"x < {n + 100}", "y >= x"]
    return {"pre": pre, "post": [f"y > {n}", f"y + 1 > {n + 1}"]}


def _limit(n: int) -> dict[str, Any]:
    pre = ["amount > 0", f"amount <= {n + 10}", f"balance >= {n + 10}"]
    return {"pre": pre, "post": ["balance - amount >= 0", "balance - amount <= balance"]}


def _roles(n: int) -> dict[str, Any]:
    sorts = {"admin": "bool", "level": "int", "size": "int"}
    pre = ["admin => level >= 3", "admin or size < 10", f"size == {n + 10}"]
    return {"vars": sorts, "pre": pre, "post": ["level >= 3"]}


def _constraints(n: int) -> dict[str, Any]:
    return {"constraints": [f"a + b == {n}", "a - b >= 4", "a >= 0 or b >= 0", "c > a + b"]}


def _chain(n: int) -> dict[str, Any]:
    return {"pre": [f"x > {n}", "y > x", "z >= y"], "post": [f"z > {n}", "x + y < 2 * z"]}


def _quota(n: int) -> dict[str, Any]:
    sorts = {"price": "real", "count": "int", "total": "real"}
    pre = ["0 < price <= 99.5", f"1 <= count <= {n + 1}", "total == price + count"]
    return {"vars": sorts, "pre": pre, "post": [f"total <= {n + 101}", "total > 1"]}


def _transfer(count: int) -> Callable[[int], dict[str, Any]]:
    def transfer(n: int) -> dict[str, Any]:
        accounts = list("abcd"[:count])
        first, *others = accounts
        *between, last = others
        pre = [f"amount > {n}", f"{first} >= amount", *(f"{one} >= 0" for one in others)]
        pre += [f"new_{first} == {first} - amount", f"new_{last} == {last} + amount"]
        pre += [f"new_{one} == {one}" for one in between]
        return {"accounts": accounts, "pre": pre, "post": [f"new_{first} >= 0"]}

    return transfer


def _wrong(n: int) -> dict[str, Any]:
    return {"pre": [f"x > {n}", "y > x"], "post": [f"y > {n + 2}"]}


def _minted(n: int) -> dict[str, Any]:
    pre = [f"amount > {n}", "a >= amount", "b >= 0", "new_a == a - amount"]
    pre.append("new_b == b + amount + 1")
    return {"accounts": ["a", "b"], "pre": pre, "post": ["new_a >= 0"]}


def _code(n: int) -> dict[str, Any]:
    return {"code": f"total = {n}\nfor item in items:\n    total += item\nprint(total)\n"}


def _product(n: int) -> dict[str, Any]:
    return {"pre": [f"x > {n}", "y > x"], "post": ["x * y > 0"]}


_MAKE: Final[Mapping[str, tuple[Callable[[int], dict[str, Any]], str]]] = {
    "range": (_range, "approved"),
    "limit": (_limit, "approved"),
    "roles": (_roles, "approved"),
    "constraints": (_constraints, "approved"),
    "chain": (_chain, "approved"),
    "quota of reals": (_quota, "approved"),
    "transfer of 2": (_transfer(2), "approved"),
    "transfer of 3": (_transfer(3), "approved"),
    "transfer of 4": (_transfer(4), "approved"),
    "does not follow": (_wrong, "rejected"),
    "money from nowhere": (_minted, "rejected"),
    "code": (_code, "approved"),
    "product": (_product, "approved"),
}
_HALF: Final = (
    "range", "limit", "roles", "constraints", "chain", "quota of reals",
    "transfer of 2", "transfer of 3", "transfer of 4", "transfer of 2",
)  # fmt: skip
KINDS: Final = (*_HALF, "does not follow", "code", *_HALF, "money from nowhere", "product")


def kind(number: int) -> str:
    """Return what the intent of a number is called."""
    return KINDS[number % PERIOD]


def mix(number: int) -> dict[str, Any]:
    """Return the intent of a number."""
    return _MAKE[kind(number)][0](number)


def expected(number: int) -> str:
    """Return the verdict that the intent of a number has to get."""
    return _MAKE[kind(number)][1]


def mixture() -> list[str]:
    """Return a line for each kind: its share, how many conditions it has, and its verdict."""
    lines = []
    for name, (make, verdict) in _MAKE.items():
        fields = make(1)
        parts = ("pre", "post", "constraints")
        conditions = sum(len(fields.get(part, ())) for part in parts)
        share = KINDS.count(name) / PERIOD
        lines.append(f"  {name:20} {share:6.1%}  {conditions} conditions, {verdict}")
    return lines
