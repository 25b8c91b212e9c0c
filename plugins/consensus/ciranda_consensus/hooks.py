"""What steps and other parts ask the plugin, and its hooks."""

from __future__ import annotations

from typing import Any

import msgspec

from ciranda.events import Request
from ciranda.hooks import hookspec
from ciranda_consensus.incidents import Incident
from ciranda_consensus.standing import Standing

__all__ = [
    "AgreeOn",
    "Agreed",
    "CheckSignatures",
    "LookUpIncidents",
    "LookUpRecord",
    "LookUpValidators",
    "agree_on",
    "check_signatures",
    "look_up_incidents",
    "look_up_record",
    "look_up_validators",
]


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed on.

    Attributes:
        trust: `embedded` where one process holds all keys, `validators` otherwise.
        chain: The name of the chain.
        height: Of the block that holds the last of the entries.
        block: That block's hash, in hexadecimal.
        state_root: Root of the state after it.
        header: Its header, and `certificate` the votes of a quorum, as in receipts.
        certificate: See `header`.
        receipts: One for each entry, in their order; each is checked by itself.
    """

    trust: str
    chain: str
    height: int
    block: str
    state_root: str
    header: dict[str, Any]
    certificate: dict[str, Any]
    receipts: tuple[dict[str, Any], ...]


class AgreeOn(Request[Agreed], frozen=True, kw_only=True):
    """Have records agreed on.

    `records` are pairs of a key and plain data; a key is used once in a chain, and asking again
    for the same is answered with the same. `validators` is a number, the path of a set's file, or
    None for what the settings say; a relative path starts at `base`. `patience` is in seconds.
    """

    records: tuple[tuple[str, Any], ...]
    validators: int | str | None = None
    base: str = ""
    patience: float | None = None


class CheckSignatures(Request[tuple[bytes, ...]], frozen=True, kw_only=True):
    """Read signed entries of a chain and check their signatures, many at once.

    For each there is what names its good signature, or nothing where it is none.
    """

    chain: str
    entries: tuple[bytes, ...]


class LookUpRecord(Request[dict[str, Any]], frozen=True, kw_only=True):
    """Show what the newest state says of a record's key, as a receipt.

    `validators` and `base` are as in `AgreeOn`.
    """

    key: str
    validators: int | str | None = None
    base: str = ""


class LookUpValidators(Request[tuple[Standing, ...]], frozen=True, kw_only=True):
    """Ask validators how they are; `validators` and `base` are as in `AgreeOn`.

    With `figures` they also tell of their blocks, caches, pool and alerts.
    """

    validators: int | str | None = None
    base: str = ""
    figures: bool = False


class LookUpIncidents(Request[tuple[Incident, ...]], frozen=True, kw_only=True):
    """Ask validators for evidence against each other; `validators` and `base` as in `AgreeOn`."""

    validators: int | str | None = None
    base: str = ""


@hookspec
def agree_on(request: AgreeOn) -> Agreed | None:
    """Have records agreed on.

    Fires once for each step that commits. The plugin `consensus` answers it.

    Args:
        request: The records, and among whom.

    Returns:
        The block and the receipts. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def agree_on(request):
            return await elsewhere.agree(request.records)
        ```
    """


@hookspec
def check_signatures(request: CheckSignatures) -> tuple[bytes, ...] | None:
    """Check the signatures of entries.

    Fires once for each long list of entries that a validator is handed. The plugin `consensus`
    answers it, with worker processes.

    Args:
        request: The entries, and of which chain.

    Returns:
        A name for each, empty where the signature is none. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def check_signatures(request):
            return await elsewhere.check(request.chain, request.entries)
        ```
    """


@hookspec
def look_up_record(request: LookUpRecord) -> dict[str, Any] | None:
    """Show what a state says of a key.

    Fires once for each question. The plugin `consensus` answers it.

    Args:
        request: The key, and whose state.

    Returns:
        A receipt as plain data. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def look_up_record(request):
            return await elsewhere.receipt(request.key)
        ```
    """


@hookspec
def look_up_incidents(request: LookUpIncidents) -> tuple[Incident, ...] | None:
    """Tell of evidence against validators.

    Fires once for each question. The plugin `consensus` answers it.

    Args:
        request: Whose.

    Returns:
        Each once. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def look_up_incidents(request):
            return ()
        ```
    """


@hookspec
def look_up_validators(request: LookUpValidators) -> tuple[Standing, ...] | None:
    """Tell how validators are.

    Fires once for each question. The plugin `consensus` answers it.

    Args:
        request: Whose.

    Returns:
        One of each, in the order of the set. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def look_up_validators(request):
            return (Standing(seat=0, public="", height=7),)
        ```
    """
