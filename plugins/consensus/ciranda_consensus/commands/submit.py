"""`ciranda consensus submit`."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

from .options import validators_option

if TYPE_CHECKING:
    from ..hooks import Agreed

__all__ = ["command"]


@click.command(
    "submit",
    epilog=examples(
        "ciranda consensus submit decision.json",
        "ciranda consensus submit payments.jsonl --receipts receipts",
        'echo \'{"sold": "a7"}\' | ciranda consensus submit - --key sale-a7 -o json',
        "ciranda consensus submit decision.json --validators net/genesis.toml",
    ),
)
@click.argument("file", metavar="[FILE|-]", default="-", shell_complete=completing.files)
@click.option(
    "--key",
    metavar="KEY",
    callback=options.not_empty,
    help="What the entry is called, once in the chain.  [default: the SHA-256 of the entry]",
)
@click.option(
    "--receipts",
    metavar="FOLDER",
    shell_complete=completing.folders,
    help="Write a file for each receipt.",
)
@click.option("--patience", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="Give up after so long without a block.  [default: 30]")  # fmt: skip
@validators_option
@options.store_option
@options.json_option
@options.backend_option
def command(file: str, key: str | None, receipts: str | None, **given: Any) -> None:
    """Have the entries of FILE agreed on, and get a receipt for each.

    FILE holds one JSON value, a list of entries, or, as `.jsonl`, one a line. The same entry
    submitted again is answered with the same receipt.
    """
    import msgspec

    from ciranda.cli.values import as_json

    from ..hooks import AgreeOn
    from ..records import json_of, proof_of
    from .reading import read_values
    from .session import ask

    values = read_values(file)
    if key is not None and len(values) != 1:
        raise click.UsageError(f"`--key` names one entry, and {file} holds {len(values)}")
    pairs = {key or sha256(json_of(one).encode()).hexdigest(): one for one in values}
    request = AgreeOn(
        records=tuple(pairs.items()), validators=given["validators"], patience=given["patience"]
    )
    proofs = any(proof_of(json_of(one)) is not None for one in values)
    found = ask(request, store=given["store"], backend=given["backend"], proofs=proofs)
    files = _written(found, Path(receipts)) if receipts is not None else []
    if given["form"] == "json":
        screen.out(as_json(msgspec.to_builtins(found)))
        return
    for line in _lines(found):
        screen.out(line)
    if files:
        screen.say(f"wrote {len(files)} receipt{'s' if len(files) > 1 else ''} to {receipts}")


def _lines(found: Agreed) -> list[str]:
    from ciranda.cli.values import table
    from ciranda.observe.spoken import plural

    signers = len(found.certificate["signers"])
    rows = [
        (one["entry"]["key"], str(one["header"]["height"]), one["block"][:16])
        for one in found.receipts
    ]
    lines = [*table(("entry", "height", "block"), rows), ""]
    said = f"agreed on in {found.chain}, signed by {plural(signers, 'validator')}"
    if found.trust == "embedded":
        said += "; this process holds all their keys, so it is only as good as this machine"
    return [*lines, said]


def _written(found: Agreed, folder: Path) -> list[Path]:
    from ciranda.cli.values import as_json
    from ciranda.cli.written import write

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be made: {error.strerror}") from None
    files = []
    for one in found.receipts:
        name = sha256(one["entry"]["key"].encode()).hexdigest()[:16]
        files.append(folder / f"{one['header']['height']}-{name}.json")
        write(str(files[-1]), f"{as_json(one)}\n")
    return files
