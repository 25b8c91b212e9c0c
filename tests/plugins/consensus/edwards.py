"""Ed25519 by its definition, slow and lenient, to make signatures that only some would accept.

The twelve are of the kinds of "Taming the many EdDSAs" (Chalkias, Garillot and Nikolaenko, 2020,
section 5), made anew: on each of them some library in use says yes and another says no.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha512
from typing import NamedTuple

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int]
ZERO: Point = (0, 1)


def _sum(one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, ...]:
    """Add points in extended coordinates; the law is complete, it doubles as well."""
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * D * one[3] * two[3] % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _flat(point: tuple[int, ...]) -> Point:
    over = pow(point[2], -1, P)
    return point[0] * over % P, point[1] * over % P


def _full(point: Point) -> tuple[int, ...]:
    return (*point, 1, point[0] * point[1] % P)


def add(one: Point, two: Point) -> Point:
    return _flat(_sum(_full(one), _full(two)))


def times(factor: int, point: Point) -> Point:
    found, power = _full(ZERO), _full(point)
    while factor:
        if factor & 1:
            found = _sum(found, power)
        power, factor = _sum(power, power), factor >> 1
    return _flat(found)


def lift(y: int, sign: int) -> Point | None:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return (x if x & 1 == sign else -x % P), y % P


def pack(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def unpack(data: bytes) -> Point | None:
    """Return a point from its bytes, canonical or not."""
    number = int.from_bytes(data, "little")
    return lift((number & (1 << 255) - 1) % P, number >> 255)


BASE = lift(4 * pow(5, -1, P) % P, 0)


def torsion() -> Point:
    """Return a point of order eight."""
    y = 2
    while True:
        point = lift(y, 0)
        if point is not None and times(4, times(L, point)) != ZERO:
            return times(L, point)
        y += 1


def challenge(r: bytes, a: bytes, message: bytes) -> int:
    return int.from_bytes(sha512(r + a + message).digest(), "little") % L


def accepts(public: bytes, message: bytes, signature: bytes, *, cofactor: int) -> bool:
    """Say whether the equation holds, times the cofactor (8) or as it is (1), whatever the form."""
    a, r = unpack(public), unpack(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or BASE is None:
        return False
    h = challenge(signature[:32], public, message)
    right = add(r, times(h, a))
    return times(cofactor * s, BASE) == times(cofactor, right)


class Vector(NamedTuple):
    """A signature; whether the equation holds without and with the cofactor; the verdict."""

    kind: str
    public: bytes
    message: bytes
    signature: bytes
    plain: bool
    cofactored: bool
    accepted: bool = False


def _made(
    kind: str,
    a: Point | bytes,
    secret: int,
    r: Point | bytes,
    nonce: int,
    *,
    plain: bool,
    more: int = 0,
    accepted: bool = False,
) -> Vector:
    """Find a message for which the small parts of the points cancel out, or do not."""
    public = a if isinstance(a, bytes) else pack(a)
    start = r if isinstance(r, bytes) else pack(r)
    for number in range(1000):
        message = b"message %d" % number
        s = (nonce + challenge(start, public, message) * secret) % L + more
        found = Vector(kind, public, message, start + s.to_bytes(32, "little"), plain, True)
        if accepts(public, message, found.signature, cofactor=1) is plain:
            return found._replace(accepted=accepted)
    raise AssertionError(kind)


def vectors() -> Iterator[Vector]:
    """Yield the twelve."""
    assert BASE is not None
    small, secret, nonce = torsion(), 0x1234567 * 2**200 + 5, 0x7654321 * 2**190 + 7
    a, r = times(secret, BASE), times(nonce, BASE)
    mixed_a, mixed_r = add(a, small), add(r, small)
    # The identity and the point of order two, each written with a y that is not below the prime.
    odd_one, odd_zero = (P + 1).to_bytes(32, "little"), (1 | 1 << 255).to_bytes(32, "little")
    yield _made("small A, small R", small, 0, times(3, small), 0, plain=True)
    yield _made("small A, mixed R", small, 0, mixed_r, nonce, plain=True)
    yield _made("mixed A, small R", mixed_a, secret, small, 0, plain=True)
    yield _made("mixed A, mixed R", mixed_a, secret, mixed_r, nonce, plain=True, accepted=True)
    yield _made("mixed A, mixed R, left over", mixed_a, secret, mixed_r, nonce, plain=False)
    yield _made("mixed A, R without, left over", mixed_a, secret, r, nonce, plain=False)
    yield _made("S + L", a, secret, r, nonce, plain=True, more=L)
    yield _made("S far above L", a, secret, r, nonce, plain=True, more=8 * L)
    yield _made("R not canonical", a, secret, odd_one, 0, plain=True)
    yield _made("R not canonical, sign of zero", a, secret, odd_zero, 0, plain=True)
    yield _made("A not canonical", odd_one, 0, r, nonce, plain=True)
    yield _made("A not canonical, sign of zero", odd_zero, 0, r, nonce, plain=True)
