"""How a contradiction was shown, in words: by its method and by what its certificate holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .proof import Step

__all__ = ["told"]

_METHODS: Final = {
    "folding": "by computing what is constant",
    "intervals": "by the ranges that variables are confined to",
    "linear": "by adding up lines, each times a number",
    "z3": "by the solver z3",
}
_PRODUCTS: Final = "by adding up lines and products of lines"
_POWERS: Final = 64  # of primes in a number that is written out
_DIGITS: Final = 9  # of a prime, and of a modulus


def told(step: Step) -> str:
    """Return how a step was shown; nothing in it is trusted to be well-formed."""
    usual = _METHODS.get(step.method, step.method)
    if step.method != "linear":
        return usual
    cases = products = False
    special: dict[str, None] = {}
    moduli: set[int] = set()
    for node in _nodes(step.certificate.get("proof")):
        cases = cases or "cases" in node or "split" in node
        products = products or bool(node.keys() & {"product", "square", "times"})
        if "factors" in node:
            special[_factors(node)] = None
        elif "descent" in node:
            special[f"by dividing a solution by {_number(node.get('divisor'))} without end"] = None
        elif "modulus" in node and (modulus := _number(node["modulus"])) != "a number":
            moduli.add(int(modulus))
    if moduli:
        special[f"by remainders modulo {', '.join(map(str, sorted(moduli)))}"] = None
    if cases:
        special = {"by going through cases": None, **special}
    return " and ".join(special) or (_PRODUCTS if products else usual)


def _nodes(root: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the nodes of a certificate and their steps, in their order."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        yield node
        inner = [node.get("factors")]
        for name in ("steps", "branches"):
            each = node.get(name)
            inner += each if isinstance(each, list | tuple) else []
        waiting += reversed(inner)


def _factors(node: Mapping[str, Any]) -> str:
    branches, primes = node.get("branches"), node.get("primes")
    ways = f"{len(branches)} ways" if isinstance(branches, list | tuple) else "ways"
    return f"by the {ways} to factor {_product(primes)}"


def _product(primes: Any) -> str:
    number, powers = 1, 0
    for prime, power in primes.items() if isinstance(primes, dict) else ():
        base, times = _number(prime), _number(power)
        if "a number" in (base, times) or (powers := powers + int(times)) > _POWERS:
            return "a number"
        number *= int(base) ** int(times)
    return str(number)


def _number(value: Any) -> str:
    text = str(value) if isinstance(value, int | str) else ""
    short = len(text) <= _DIGITS and text.isascii() and text.isdigit()
    return text if short else "a number"
