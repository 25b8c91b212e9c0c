"""The validators that have a name."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

_LONGEST: Final = 2048
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)"
    r"{1,20}[A-Za-z]{2,63}"
)
_URL: Final = re.compile(
    r"(?:https?|ftp)://(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|\[[0-9a-fA-F:.]{2,45}\])"
    r"(?::\d{1,5})?(?:[/?#][^\s<>\"]*)?"
)
_PHONE: Final = re.compile(
    r"(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?|\d{2,4}[ .-])?\d{3,5}[ .-]?\d{4}|\+?\d{8,15}"
)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CEP: Final = re.compile(r"\d{5}-?\d{3}")
_CPF: Final = re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}|\d{11}")
_CNPJ: Final = re.compile(r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}|\d{14}")
_CARD: Final = re.compile(r"\d(?:[ -]?\d){12,18}")


def _email(text: str) -> bool:
    return (
        _EMAIL.fullmatch(text) is not None
        and ".." not in text
        and not (text.startswith(".") or ".@" in text)
    )


def _digits(text: str) -> list[int]:
    return [int(each) for each in text if each.isdigit()]


def _check_digit(digits: list[int], weights: list[int]) -> int:
    rest = sum(digit * weight for digit, weight in zip(digits, weights)) % 11
    return 0 if rest < 2 else 11 - rest  # noqa: PLR2004 - 10 and 11 are written 0


def _cpf(text: str) -> bool:
    digits = _digits(text)
    return (
        _CPF.fullmatch(text) is not None
        and len(set(digits)) > 1
        and digits[9] == _check_digit(digits, list(range(10, 1, -1)))
        and digits[10] == _check_digit(digits, list(range(11, 1, -1)))
    )


def _cnpj(text: str) -> bool:
    digits = _digits(text)
    weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]
    return (
        _CNPJ.fullmatch(text) is not None
        and len(set(digits)) > 1
        and digits[12] == _check_digit(digits, weights[1:])
        and digits[13] == _check_digit(digits, weights)
    )


def _card(text: str) -> bool:
    if _CARD.fullmatch(text) is None:
        return False
    total = 0
    for place, digit in enumerate(reversed(_digits(text))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - the sum of its digits
    return total % 10 == 0


def _ipv4(text: str) -> bool:
    try:
        return ipaddress.IPv4Address(text) is not None
    except ValueError:
        return False


def _ipv6(text: str) -> bool:
    try:
        return "%" not in text and ipaddress.IPv6Address(text) is not None
    except ValueError:
        return False


def _fits(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


_CHECKS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "email": _email, "url": _fits(_URL), "phone": _fits(_PHONE), "uuid": _fits(_UUID),
        "creditcard": _card, "ipv4": _ipv4, "ipv6": _ipv6, "cpf": _cpf, "cnpj": _cnpj,
        "cep": _fits(_CEP),
    }
)  # fmt: skip
NAMED: Final = frozenset(_CHECKS)


def fits(name: str, text: str) -> bool:
    """Tell whether a text is what the named validator asks for."""
    return text.isascii() and len(text) <= _LONGEST and _CHECKS[name](text)
