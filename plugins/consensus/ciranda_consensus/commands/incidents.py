"""`ciranda consensus incidents`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

from .options import validators_option

if TYPE_CHECKING:
    from ..incidents import Incident
    from ..node import Genesis

__all__ = ["command"]

_EXIT_CODES = """

\b
Exit codes:
  0 all hold (or there are none), 1 one does not, 2 a file or the set cannot be read"""


@click.command(
    "incidents",
    epilog=examples(
        "ciranda consensus incidents --validators net/genesis.toml",
        "ciranda consensus incidents --show 3f9c --validators net/genesis.toml > incident.json",
        "ciranda consensus incidents --check incident.json --validators net/genesis.toml",
    )
    + _EXIT_CODES,
)
@click.option("--show", "which", metavar="ID", help="Print one with its evidence, as JSON.")
@click.option(
    "--check",
    "files",
    metavar="FILE",
    multiple=True,
    shell_complete=completing.files,
    help="Check an incident offline, with the set alone; `-` reads standard input.",
)
@validators_option
@options.store_option
@options.json_option
@options.backend_option
@click.pass_context
def command(ctx: click.Context, /, which: str | None, files: tuple[str, ...], **given: Any) -> None:
    """Show which validators broke the rules, with the evidence for it.

    There are two kinds: a validator signed two statements that contradict each other, or attested
    of a proof what is not so. Evidence needs nobody's word: `--check` believes only the set that
    you give it. A proof that was attested wrongly is checked again where the plugin `experts` is.
    """
    from ciranda.cli.values import as_json, table
    from ciranda.errors import InputError

    if files:
        ctx.exit(_check(files, given))
    found = _asked(given)
    if which is not None:
        chosen = [one for one in found if one.id.startswith(which)]
        if len(chosen) != 1:
            number = "no incident" if not chosen else "several incidents"
            raise InputError(f"{number} with an id like {which!r}: `incidents` lists them")
        screen.out(as_json(_plain(chosen[0])))
    elif given["form"] == "json":
        screen.out(as_json([_plain(one) for one in found]))
    elif not found:
        screen.say("no validator is known to have broken the rules")
    else:
        rows = [
            (one.id, one.kind.value, one.key[:16], str(one.view) if one.blocks else "")
            for one in found
        ]
        for line in table(("id", "kind", "validator", "view"), rows):
            screen.out(line)


def _plain(one: Incident) -> dict[str, Any]:
    import msgspec

    found: dict[str, Any] = msgspec.to_builtins(one)
    return found


def _asked(given: dict[str, Any]) -> tuple[Incident, ...]:
    from ..hooks import LookUpIncidents
    from .session import ask

    request = LookUpIncidents(validators=given["validators"])
    return ask(request, store=given["store"], backend=given["backend"])


def _check(files: tuple[str, ...], given: dict[str, Any]) -> Exit:
    from ciranda.cli.values import as_json
    from ciranda.errors import InputError

    from ..cluster import genesis_of
    from ..crypto import Verifier
    from ..incidents import IncidentError, read_incident
    from ..incidents.checking import check_incident
    from .reading import read_bytes
    from .session import folder_of, named_set

    genesis = genesis_of(folder_of(given["store"]), named_set(given["validators"]))
    rows, verifier = [], Verifier()
    for file in files:
        try:
            incident = read_incident(read_bytes(file))
        except IncidentError as error:
            raise InputError(f"{file}: {error}") from None
        flaw = check_incident(incident, genesis.set(), verifier)
        flaw = flaw or _check_proof(incident, genesis, given)
        said = f"does not hold: {flaw}" if flaw else f"holds: {incident.kind.value}"
        rows.append({"file": file, "id": incident.id, "key": incident.key, "valid": not flaw,
                     "message": f"The incident {said}."})  # fmt: skip
        if given["form"] == "text":
            screen.out(f"{file}: The incident {said} by {incident.key[:16]}.")
    if given["form"] == "json":
        screen.out(as_json(rows))
    return Exit.OK if all(one["valid"] for one in rows) else Exit.FAILED


def _check_proof(incident: Incident, genesis: Genesis, given: dict[str, Any]) -> str:
    """Return why a proof that was attested wrongly was attested rightly after all."""
    import json

    from ciranda.errors import CirandaError
    from ciranda.events.judging import VerifyProof

    from ..answering import REFUTED
    from ..incidents.checking import attested
    from ..records import units_of
    from ..solver import installed_solver, strange
    from .session import ask

    if not incident.proof:
        return ""
    if why := strange(genesis.solver, installed_solver()):
        screen.warn(f"the proof was not checked again: {why}")
        return ""
    try:
        request = VerifyProof(proof=json.loads(incident.proof))
        found = ask(request, store=given["store"], backend=given["backend"], proofs=True)
    except (CirandaError, ValueError) as error:
        screen.warn(f"the proof was not checked again: {error}")
        return ""
    if not found.valid and found.reason not in REFUTED:
        screen.warn(f"the proof could not be checked again: {found.message}")
        return ""
    right = (found.valid, units_of(incident.proof)) == attested(incident)
    return "what was said of the proof is right" if right else ""
