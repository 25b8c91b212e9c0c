"""The files of a chain that begins: one for all, and a folder for each validator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from ciranda.errors import InputError
from ciranda_consensus.applications import ACCOUNTS
from ciranda_consensus.cluster import EMBEDDED, GENESIS, is_embedded
from ciranda_consensus.crypto import Signer, write_key
from ciranda_consensus.fields import MOST_NUMBER
from ciranda_consensus.node import Genesis, Seat, write_genesis
from ciranda_consensus.node.configuration import MOST_PORT, address_of
from ciranda_consensus.protocol.validators import MOST_NAME
from ciranda_consensus.solver import installed_solver
from ciranda_consensus.state import MINIMUM_STAKE

__all__ = ["KEY", "SETTINGS", "found"]

KEY: Final = "validator.key"
SETTINGS: Final = "node.toml"
_SEED: Final = 32


def found(
    folder: Path,
    *,
    count: int,
    chain: str | None,
    address: str,
    stake: int,
    application: str,
    reserve: int,
    blocks: int = 0,
) -> dict[str, Any]:
    """Write the files; return what there is now.

    Raises:
        InputError: Something is there already, or an option does not fit.
        KeyFileError: A key cannot be written.
        SettingsError: The address is none, or the genesis cannot be written.
    """
    name = chain if chain is not None else folder.resolve().name
    if not name or is_embedded(name):
        raise InputError(
            f"{name!r} cannot name the chain: give `--chain`, with a name that does not begin "
            f"with `{EMBEDDED}`, for those are chains whose keys one process holds"
        )
    host, port = address_of(address)
    if port == 0 or port + count - 1 > MOST_PORT:
        raise InputError(f"{address} leaves no room for {count} ports: take one from 1 on")
    if application == ACCOUNTS and stake < MINIMUM_STAKE:
        raise InputError(f"a stake of {stake} is too low: accounts want {MINIMUM_STAKE} or more")
    if len(name) > MOST_NAME:
        raise InputError(f"a chain's name has at most {MOST_NAME} characters, not {len(name)}")
    if stake * count + reserve > MOST_NUMBER:
        raise InputError(
            f"stakes and reserve are together above the limit of {MOST_NUMBER}: take fewer units"
        )
    path = folder / GENESIS
    if path.exists():
        raise InputError(f"{path} exists: a chain begins once, so take another folder")
    rows, signers = [], []
    shown = f"[{host}]" if ":" in host else host
    for seat in range(count):
        own = folder / str(seat)
        signer = _keyed(own)
        signers.append(signer)
        rows.append(
            {
                "folder": str(own),
                "public": signer.public.hex(),
                "address": f"{shown}:{port + seat}",
            }
        )
    state: dict[str, Any] = {}
    if application == ACCOUNTS:
        stakes = {one.public.hex(): stake for one in signers}
        state = {"application": ACCOUNTS, "stakes": stakes, "reserve": reserve}
    seats = tuple(Seat(row["public"], stake, row["address"]) for row in rows)
    solver = installed_solver()
    write_genesis(path, Genesis(name, 0, seats, state, blocks=blocks, solver=solver))
    return {"chain": name, "genesis": str(path), "validators": rows}


def _keyed(own: Path) -> Signer:
    import secrets

    try:
        own.mkdir(parents=True, exist_ok=True)
        settings = {"genesis": f"../{GENESIS}", "key": KEY}
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        signer = write_key(own / KEY, secrets.token_bytes(_SEED))
        (own / SETTINGS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{own} cannot be used: {error.strerror}") from None
    return signer
