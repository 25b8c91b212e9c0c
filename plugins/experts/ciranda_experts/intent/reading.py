"""From what somebody wrote to an intent: every field is understood, or the whole is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NoReturn

import msgspec

from . import limits
from .error import FaultKind, IntentError
from .fields import (
    kind_of,
    read_accounts,
    read_budget,
    read_code,
    read_id,
    read_int_bits,
    read_label,
    read_ledger,
    read_policy,
    read_transaction,
    read_vars,
)
from .grammar import CERTAIN, PLAIN, Misread, parse
from .intent import Condition, Intent, Policy, Section
from .key import key_of
from .measure import weigh
from .places import Apart, Places, path_of, where
from .scope import Scope
from .text import is_text_form, read_text
from .tokens import BLANK, shown
from .tree import Sort, Term

__all__ = ["read_condition", "read_intent"]

_FIELDS: Final = (
    "id",
    "type",
    "vars",
    "pre",
    "post",
    "constraints",
    "int_bits",
    "accounts",
    "transaction",
    "ledger",
    "code",
    "policy",
    "budget_ms",
)
_KNOWN: Final = frozenset(_FIELDS)
# What people and test suites note beside an intent; nothing looks at it.
_NOTES: Final = frozenset(
    {"title", "description", "meta", "category", "expected", "why", "also_ok"}
)
_SECTIONS: Final = (Section.PRE, Section.POST, Section.CONSTRAINTS)  # others are derived
_NO_POLICY: Final = Policy()
_ESTIMATED: Final = 2 * CERTAIN  # nodes: more are not estimated but counted, see `parse`


def read_intent(data: Mapping[str, Any] | str, *, file: str = "", line: int = 1) -> Intent:
    """Return the intent that a mapping or a text means.

    Args:
        data: A mapping of fields, or a text: `guard {}` and `verify {}`, JSON, or YAML.
        file: Name of the file it is from; errors have it as a note.
        line: Line of the file on which it begins, from 1.

    Raises:
        IntentError: It is not understood completely, claims nothing, or exceeds a limit.
    """
    try:
        return _read_written(data, file, line) if isinstance(data, str) else _read_data(data, line)
    except IntentError as error:
        if file:
            error.add_note(f"in {file}")
        raise


def read_condition(text: str, sorts: Mapping[str, Sort] | None = None) -> Term:
    """Return the term of one condition.

    Args:
        text: The condition.
        sorts: Of the variables; without any, every name is an integer.

    Raises:
        IntentError: It is not a condition; line and column count within `text`.
    """
    try:
        return parse(text, Scope(sorts))[0]
    except Misread as misread:
        line, column = Apart(1).within((), text, misread.offset)
        raise IntentError(misread.kind, misread.message, line=line, column=column) from None


def _read_data(data: object, line: int) -> Intent:
    if not isinstance(data, Mapping):
        message = f"an intent is a mapping or a text, and this is {kind_of(data)}"
        raise IntentError(FaultKind.MALFORMED, message, line=line)
    return _read(data, Apart(line))


def _read_written(text: str, file: str, line: int) -> Intent:
    if len(text) > limits.DOCUMENT:
        message = f"the intent is longer than {limits.DOCUMENT:,} characters: split it"
        raise IntentError(FaultKind.LIMIT, message, line=line)
    text = text.removeprefix("\ufeff")  # some editors mark the beginning of a file
    begin = text.lstrip(BLANK)[:1]
    if not begin:
        raise IntentError(FaultKind.EMPTY, "the intent is empty: it claims nothing", line=line)
    if begin not in "{[" and is_text_form(text):
        fields, places = read_text(text, line)
        return _read(fields, places)
    from .documents import read_json, read_yaml  # YAML is a library of 15 ms

    if begin in "{[":
        found = read_json(text, line)
        if found is not None:
            return _read(*found)
    return _read(*read_yaml(text, file, line))


def _read(data: Mapping[str, Any], places: Places) -> Intent:
    try:
        return _Reading(data, places).intent()
    except IntentError as error:
        if not error.line:
            error.line, error.column = places.of(path_of(error.where))
        raise


class _Reading:
    """One reading of one mapping."""

    __slots__ = ("_chars", "_count", "_given", "_nodes", "_places", "_scope", "_source", "_weighed")

    def __init__(self, data: Mapping[str, Any], places: Places) -> None:
        self._given = _known_fields(data)
        self._places = places
        self._source: dict[str, Any] = {}
        self._count = self._chars = self._nodes = self._weighed = 0

    def intent(self) -> Intent:
        """Return the intent, whose fields are all understood."""
        given, source = self._given, self._source
        sorts = read_vars(given["vars"], "vars") if "vars" in given else None
        accounts = read_accounts(given["accounts"], "accounts") if "accounts" in given else ()
        if sorts:
            source["vars"] = {name: sort.value for name, sort in sorts.items()}
            for name in accounts:
                if sorts.get(name) is Sort.BOOL:
                    message = f"the account `{shown(name)}` is declared bool: a balance is a number"
                    raise IntentError(FaultKind.MALFORMED, message, where="accounts")
        self._scope = Scope(sorts, accounts)
        pre, post, constraints = [self._section(section) for section in _SECTIONS]
        if self._nodes > limits.NODES:
            self._weigh(pre + post + constraints)
        rest: dict[str, Any] = {}
        if len(given) > len(source):
            rest = self._rest()
        if accounts:
            source["accounts"] = list(accounts)
        if not (post or constraints or accounts or _claims(rest)):
            advice = "write `post`, `constraints`, `accounts`, `code`, `transaction` or `ledger`"
            raise IntentError(FaultKind.EMPTY, f"the intent claims nothing: {advice}")
        intent = Intent(
            sorts=self._scope.sorts,
            pre=pre,
            post=post,
            constraints=constraints,
            accounts=accounts,
            source=source,
            **rest,
        )
        return msgspec.structs.replace(intent, key=key_of(intent))

    def _section(self, section: Section) -> tuple[Condition, ...]:
        """Return the conditions of a section, in their order."""
        field = section.value
        if field not in self._given:
            return ()
        texts = self._given[field]
        if not isinstance(texts, list | tuple):
            message = f"`{field}` must be a list of conditions, and is {kind_of(texts)}"
            raise IntentError(FaultKind.MALFORMED, f"{message}: write `[x > 0]`", where=field)
        self._count += len(texts)
        if self._count > limits.CONDITIONS:
            message = f"there are more than {limits.CONDITIONS} conditions: split the intent"
            raise IntentError(FaultKind.LIMIT, message, where=field)
        self._source[field] = list(texts)
        scope, places = self._scope, self._places
        written = places.written
        conditions: list[Condition] = []
        for index, text in enumerate(texts):
            if not isinstance(text, str):
                _refuse_condition(text, field, index)
            self._chars += len(text)
            if self._chars > limits.CONDITIONS_TEXT:
                most = f"{limits.CONDITIONS_TEXT:,}"
                message = f"the conditions have more than {most} characters: split the intent"
                raise IntentError(FaultKind.LIMIT, message, where=field)
            try:
                term, nodes = parse(text, scope)
            except Misread as misread:
                self._misread(misread, field, index, text)
            self._nodes += nodes
            if nodes > _ESTIMATED or len(text) > PLAIN:
                self._weighed += nodes
                if self._weighed > limits.NODES:
                    self._too_large()
            line, column = places.of((field, index)) if written else (0, 0)
            conditions.append(Condition(text.strip(BLANK), term, section, index, line, column))
        return tuple(conditions)

    def _misread(self, misread: Misread, field: str, index: int, text: str) -> NoReturn:
        path = (field, index)
        line, column = self._places.within(path, text, misread.offset)
        raise IntentError(
            misread.kind, misread.message, where=where(path), line=line, column=column
        ) from None

    def _weigh(self, conditions: tuple[Condition, ...]) -> None:
        """Count exactly what was only estimated."""
        if sum(weigh(condition.term) for condition in conditions) > limits.NODES:
            self._too_large()

    @staticmethod
    def _too_large() -> NoReturn:
        message = f"the conditions have more than {limits.NODES:,} parts, or too large numbers"
        raise IntentError(FaultKind.LIMIT, f"{message}: split the intent")

    def _rest(self) -> dict[str, Any]:
        """Return the fields that most intents do not have, by the intent's names for them."""
        given, source = self._given, self._source
        found: dict[str, Any] = {}
        for field, (name, read) in _READERS.items():
            if field in given:
                found[name] = read(given[field], field)
                source[field] = _plain(msgspec.to_builtins(found[name]))
        if "budget_ms" in given:
            source["budget_ms"] = given["budget_ms"]
        asked = found.get("policy", _NO_POLICY).budget_ms
        if asked is not None:
            found["budget"] = min(asked / 1000, found.get("budget", asked / 1000))
        return found


_READERS: Final[dict[str, tuple[str, Any]]] = {
    "id": ("id", read_id),
    "type": ("kind", read_label),
    "int_bits": ("int_bits", read_int_bits),
    "transaction": ("transaction", read_transaction),
    "ledger": ("ledger", read_ledger),
    "code": ("code", read_code),
    "policy": ("policy", read_policy),
    "budget_ms": ("budget", read_budget),
}


def _plain(value: Any) -> Any:
    """Return data whose lists are lists, as JSON has them."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _claims(rest: Mapping[str, Any]) -> bool:
    return bool(rest.get("transaction") or rest.get("ledger") or rest.get("code"))


def _known_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are given; one without a value is as if it were not there."""
    if len(data) > limits.CONDITIONS:
        message = "the intent has too many fields: only a dozen exist"
        raise IntentError(FaultKind.LIMIT, message)
    given: dict[str, Any] = {}
    for field, value in data.items():
        if field in _KNOWN:
            if value is not None:
                given[field] = value
        elif field not in _NOTES:
            _unknown_field(field)
    return given


def _unknown_field(field: object) -> NoReturn:
    if not isinstance(field, str):
        message = f"an intent has a field whose name is {kind_of(field)}: names are text"
        raise IntentError(FaultKind.MALFORMED, message)
    from ciranda.workflow.nearest import nearest  # only a mistake needs it

    meant = nearest(field, _FIELDS)
    advice = f"did you mean `{meant}`?" if meant else f"there are {', '.join(_FIELDS)}"
    message = f"`{shown(field)}` is not a field of an intent: {advice}"
    raise IntentError(FaultKind.MALFORMED, message, where=shown(field))


def _refuse_condition(value: object, field: str, index: int) -> NoReturn:
    place = where((field, index))
    message = f"`{place}` must be a condition as text, and is {kind_of(value)}: quote it"
    raise IntentError(FaultKind.MALFORMED, message, where=place)
