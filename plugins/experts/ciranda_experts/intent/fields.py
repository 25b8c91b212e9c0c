"""The fields of an intent apart from its conditions: each is checked and taken over."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NoReturn, TypeVar

import msgspec

from . import limits
from .error import FaultKind, IntentError
from .intent import Ledger, Policy, Source
from .scope import RESERVED
from .tokens import is_name, shown
from .tree import Sort

__all__ = [
    "kind_of",
    "read_accounts",
    "read_budget",
    "read_code",
    "read_id",
    "read_int_bits",
    "read_label",
    "read_ledger",
    "read_policy",
    "read_transaction",
    "read_vars",
    "refuse",
]

_SORTS: Final = {sort.value: sort for sort in Sort}
_SOURCE_FIELDS: Final = frozenset({"text", "language", "name"})
_LARGEST: Final = 1 << 63
# Printable as Python has it, and yet they show nothing, or change a letter by nothing: fillers,
# joiners, blanks of other scripts, variation selectors.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


def refuse(where: str, message: str, kind: FaultKind = FaultKind.MALFORMED) -> NoReturn:
    """Raise the error of a field."""
    raise IntentError(kind, message, where=where)


def kind_of(value: object) -> str:
    """Name the kind of a value as somebody who writes JSON or YAML would."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return f"a {type(value).__name__}"


_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (str, "text"),
    (int, "a number"),
    (float, "a number"),
    (Mapping, "a mapping"),
    (list, "a list"),
    (tuple, "a list"),
)


def read_label(value: object, field: str) -> str:
    """Return a short text that identifies something, on one line."""
    if not isinstance(value, str):
        refuse(field, f"`{field}` must be text, and is {kind_of(value)}: quote it")
    if len(value) > limits.LABEL:
        message = f"`{field}` is longer than {limits.LABEL} characters: shorten it"
        refuse(field, message, FaultKind.LIMIT)
    if not value.isprintable():
        refuse(field, f"`{field}` has a character that cannot be shown: {shown(value)}; remove it")
    return value


def read_id(value: object, field: str) -> str:
    """Return an id; a whole number is one too."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64:  # noqa: PLR2004  (an id of a database)
        return str(value)
    return read_label(value, field)


def read_transaction(value: object, field: str) -> str:
    """Return the id of a transaction, in the one form that all ways to write it have.

    That form is NFKC, without blanks at its ends, and with one blank where there are several:
    what looks the same would otherwise be spent twice. Letters of different scripts, and large
    and small ones, stay different.
    """
    given = read_id(value, field)
    transaction = given
    if not given.isascii():
        hidden = _INVISIBLE.search(given)
        if hidden:
            message = f"`{field}` has <U+{ord(hidden[0]):04X}>, which nobody can see"
            refuse(field, f"{message}: remove it")
        transaction = read_label(unicodedata.normalize("NFKC", given), field)
    transaction = " ".join(transaction.split())
    if not transaction:
        refuse(field, f"`{field}` is empty: write its id, or remove the field")
    return transaction


def read_vars(value: object, field: str) -> dict[str, Sort]:
    """Return the sorts of declared variables."""
    if not isinstance(value, Mapping):
        message = f"`{field}` must be a mapping of names to sorts, and is {kind_of(value)}"
        refuse(field, f"{message}: write `{{x: int}}`")
    if len(value) > limits.VARIABLES:
        message = f"`{field}` declares more than {limits.VARIABLES} variables: split the intent"
        refuse(field, message, FaultKind.LIMIT)
    found: dict[str, Sort] = {}
    for name, sort in value.items():
        _check_name(name, field)
        known = _SORTS.get(sort) if isinstance(sort, str) else None
        if known is None:
            said = f"`{shown(sort)}`" if isinstance(sort, str) else kind_of(sort)
            refuse(
                f"{field}.{shown(name)}",
                f"the sort of `{shown(name)}` is {said}: write int, real or bool",
            )
        found[name] = known
    return found


def _check_name(name: object, field: str) -> None:
    if not isinstance(name, str):
        refuse(field, f"a name in `{field}` is {kind_of(name)}: names are text")
    if not is_name(name):
        message = f"`{shown(name)}` in `{field}` is not a name: use A to Z, a to z, digits and `_`"
        refuse(field, message)
    if name in RESERVED:
        refuse(field, f"`{name}` in `{field}` means something in conditions: choose another name")
    if len(name) > limits.NAME:
        message = f"the name `{shown(name)}` in `{field}` is longer than {limits.NAME:,} characters"
        refuse(field, f"{message}: choose a shorter one", FaultKind.LIMIT)


def read_accounts(value: object, field: str) -> tuple[str, ...]:
    """Return names of accounts, each once."""
    if not isinstance(value, list | tuple):
        refuse(field, f"`{field}` must be a list of names, and is {kind_of(value)}: write `[a, b]`")
    if len(value) > limits.ACCOUNTS:
        message = f"there are more than {limits.ACCOUNTS} accounts: split the intent"
        refuse(field, message, FaultKind.LIMIT)
    for number, name in enumerate(value):
        _check_name(name, field)
        if name in value[:number]:
            refuse(f"{field}[{number}]", f"the account `{shown(name)}` is named twice: remove one")
    return tuple(value)


def read_int_bits(value: object, field: str) -> int:
    """Return the width of machine integers."""
    least, most = limits.INT_BITS
    if not isinstance(value, int) or isinstance(value, bool):
        refuse(field, f"`{field}` must be a whole number such as 64, and is {kind_of(value)}")
    if not least <= value <= most:
        refuse(field, f"`{field}` must be from {least} to {most}: 32 and 64 are usual")
    return value


def read_budget(value: object, field: str) -> float:
    """Return seconds from a budget in milliseconds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        refuse(field, f"`{field}` must be milliseconds such as 500, and is {kind_of(value)}")
    if not 0 < value <= limits.BUDGET_MS:  # nor is NaN
        most = f"{limits.BUDGET_MS:,}"
        refuse(field, f"`{field}` must be above 0 and at most {most} milliseconds")
    return value / 1000


def read_code(value: object, field: str) -> tuple[Source, ...]:
    """Return sources to look at; one that is blank is none."""
    given = value if isinstance(value, list | tuple) else [value]
    if len(given) > limits.SOURCES:
        message = f"`{field}` has more than {limits.SOURCES} sources: split the intent"
        refuse(field, message, FaultKind.LIMIT)
    found: list[Source] = []
    left = limits.CODE
    for number, each in enumerate(given):
        place = f"{field}[{number}]" if given is value else field
        source = _read_source(each, place)
        try:
            left -= len(source.text.encode())
        except UnicodeEncodeError as error:
            wrong = shown(source.text[error.start])
            refuse(place, f"`{place}` has half a character, {wrong}: save it as UTF-8")
        if left < 0:
            message = f"`{field}` has more than {limits.CODE:,} bytes: split the intent"
            refuse(field, message, FaultKind.LIMIT)
        if source.text.strip():
            found.append(source)
    return tuple(found)


def _read_source(value: object, place: str) -> Source:
    if isinstance(value, str):
        return Source(value)
    if not isinstance(value, Mapping):
        refuse(place, f"`{place}` must be text or `{{text: ...}}`, and is {kind_of(value)}")
    for key in value:
        if key not in _SOURCE_FIELDS:
            name = shown(key) if isinstance(key, str) else kind_of(key)
            refuse(place, f"`{place}` has `{name}`: it may have text, language and name")
    text = value.get("text")
    if not isinstance(text, str):
        refuse(f"{place}.text", f"`{place}.text` must be text, and is {kind_of(text)}")
    language = read_label(value.get("language") or "", f"{place}.language")
    return Source(text, language.lower(), read_label(value.get("name") or "", f"{place}.name"))


def read_ledger(value: object, field: str) -> Ledger:
    """Return a ledger; whether it is right is for the expert to say."""
    ledger = _convert(value, field, Ledger)
    if len(ledger.entries) > limits.LEDGER_ENTRIES:
        message = f"`{field}.entries` has more than {limits.LEDGER_ENTRIES}: split the intent"
        refuse(field, message, FaultKind.LIMIT)
    hashes = [ledger.root]
    if not 0 <= ledger.size < _LARGEST:
        refuse(f"{field}.size", f"`{field}.size` must be the number of its leaves")
    for entry in ledger.entries:
        read_label(entry.account, f"{field}.entries.account")
        if not 0 <= entry.index < _LARGEST:
            refuse(field, f"an index in `{field}` must be the number of a leaf, from 0")
        if entry.balance.bit_length() > limits.BALANCE_BITS:
            refuse(field, f"a balance in `{field}` is too large", FaultKind.LIMIT)
        if len(entry.proof) > limits.LEDGER_PROOF:
            message = f"a proof in `{field}` has more than {limits.LEDGER_PROOF} hashes"
            refuse(field, message, FaultKind.LIMIT)
        hashes.extend(entry.proof)
    if any(len(each) > limits.HASH or not each.isprintable() for each in hashes):
        refuse(field, f"a hash in `{field}` is no hash: write at most {limits.HASH} hex digits")
    return ledger


def read_policy(value: object, field: str) -> Policy:
    """Return what a request asks for."""
    policy = _convert(value, field, Policy)
    if policy.threshold is not None and not 0 <= policy.threshold <= 1:
        refuse(f"{field}.threshold", f"`{field}.threshold` must be from 0 to 1")
    if policy.budget_ms is not None:
        read_budget(policy.budget_ms, f"{field}.budget_ms")
    if len(policy.experts) > limits.POLICY_EXPERTS:
        message = f"`{field}.experts` has more than {limits.POLICY_EXPERTS} names"
        refuse(f"{field}.experts", message, FaultKind.LIMIT)
    for name in policy.experts:
        read_label(name, f"{field}.experts")
    if policy.rule is not None:
        read_label(policy.rule, f"{field}.rule")
    return policy


def _convert(value: object, field: str, shape: type[_Struct]) -> _Struct:
    if not isinstance(value, Mapping):
        refuse(field, f"`{field}` must be a mapping, and is {kind_of(value)}")
    try:
        return msgspec.convert(dict(value), shape)
    except msgspec.ValidationError as error:
        reason = shown(str(error).replace("$", field), most=200)
        refuse(field, f"`{field}` is not right: {reason[0].lower()}{reason[1:]}")
    except UnicodeEncodeError:
        refuse(field, f"a name in `{field}` has half a character: save it as UTF-8")
