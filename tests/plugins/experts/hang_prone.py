"""Fifty intents that keep a solver busy for ever, or nearly: open problems, large products."""

from __future__ import annotations

from itertools import combinations
from typing import Any


def _positive(names: str) -> list[str]:
    return [f"{name} > 0" for name in names]


def _fermat(power: int) -> dict[str, Any]:
    terms = (" * ".join(name * power) for name in "abc")
    first, second, third = terms
    return {"constraints": [*_positive("abc"), f"{first} + {second} == {third}"]}


def _pell(number: int) -> dict[str, Any]:
    return {"constraints": [*_positive("xy"), f"x * x == {number} * y * y + 1"]}


def _cubes(number: int) -> dict[str, Any]:
    return {"constraints": [f"x ** 3 + y ** 3 + z ** 3 == {number}", "x > y > z"]}


def _factors(product: int) -> dict[str, Any]:
    return {"constraints": ["1 < x <= y", f"x * y == {product}"]}


def _machine_factors(product: int) -> dict[str, Any]:
    return {"int_bits": 128, "constraints": ["1 < x <= y", f"x * y == {product}"]}


def _pigeons(count: int) -> dict[str, Any]:
    names = [f"p{number}" for number in range(count)]
    inside = [f"1 <= {name} <= {count - 1}" for name in names]
    return {"constraints": inside + [f"{one} != {two}" for one, two in combinations(names, 2)]}


def _egyptian(number: int) -> dict[str, Any]:
    claim = f"4 * x * y * z == {number} * (x * y + y * z + x * z)"
    return {"constraints": ["x > 1000000", "y > x", "z > y", claim]}


def _collatz(steps: int) -> dict[str, Any]:
    pre = ["n0 > 1"]
    for step in range(steps):
        now = f"n{step}"
        pre.append(f"n{step + 1} == ite({now} % 2 == 0, {now} // 2, 3 * {now} + 1)")
    return {"pre": pre, "post": [f"n{steps} != n0"]}


def _machine_fermat(bits: int) -> dict[str, Any]:
    top = 2 ** (bits // 3 - 2)
    claim = "x * x * x + y * y * y == z * z * z"
    return {"int_bits": bits, "constraints": [f"0 < x < y < z < {top}", claim]}


def _surds(power: int) -> dict[str, Any]:
    return {
        "vars": {"x": "real", "y": "real", "z": "real", "w": "real"},
        "constraints": [
            f"x ** {power} + y ** {power} + z ** {power} + w ** {power} == x * y * z * w + 7",
            f"x ** {power - 1} * y - z * w ** {power - 2} == x + y * z - 3",
            f"x * y ** {power - 1} + z ** {power - 2} * w == x * w - y + 1 / 3",
            "x * x * w + y * y * z + z * z * x == 5",
        ],
    }


def _divisions(number: int) -> dict[str, Any]:
    return {
        "pre": ["x > 1", "y > 1", "z > 1"],
        "post": [f"x * x * y % (z + {number}) + y // x * z != x * y // z + {number * 1009}"],
    }


HANG_PRONE: list[dict[str, Any]] = [
    *map(_fermat, range(3, 9)),
    *map(_pell, (61, 109, 181, 277, 397, 409)),
    *map(_cubes, (33, 42, 74, 114, 390, 627)),
    *map(
        _factors, (999999000001 * 2147483647, 2147483647 * 2147483629, 67280421310721 * 2147483647)
    ),
    *map(
        _machine_factors,
        (2**31 * 2147483629 - 19, 2305843009213693951 * 2147483629, 67280421310721 * 999999000001),
    ),
    *map(_pigeons, (11, 12, 13, 14)),
    *map(_egyptian, (5, 17, 1009, 8689)),
    *map(_collatz, (9, 17, 25, 33)),
    *map(_machine_fermat, (48, 64, 128, 256, 512)),
    *map(_surds, (4, 5, 7, 9, 11)),
    *map(_divisions, (1, 2, 3, 5)),
]
