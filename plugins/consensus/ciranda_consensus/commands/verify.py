"""`ciranda consensus verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples

from .options import validators_option

if TYPE_CHECKING:
    from ..receipts import Checked

__all__ = ["command"]

_EXIT_CODES = """

\b
Exit codes:
  0 every receipt holds, 1 one does not, 2 a file or the set cannot be read"""


@click.command(
    "verify",
    epilog=examples(
        "ciranda consensus verify receipts/*.json",
        "ciranda consensus verify receipt.json --validators genesis.toml",
        "ciranda consensus submit decision.json -o json | ciranda consensus verify - -o json",
    )
    + _EXIT_CODES,
)
@click.argument(
    "files", metavar="RECEIPT|-...", nargs=-1, required=True, shell_complete=completing.files
)
@validators_option
@options.store_option
@options.json_option
@click.pass_context
def command(ctx: click.Context, /, files: tuple[str, ...], **given: Any) -> None:
    """Check receipts offline, with the validator set alone.

    RECEIPT is a file with one receipt, a list of them, or the answer of `submit -o json` or of
    `anchor -o json`. SET is
    the `genesis.toml` of those whom you believe: get it from them, not from whoever shows you the
    receipt. Without one it is that of the validators of this project.
    """
    import msgspec

    from ciranda.cli.values import as_json

    from ..cluster import genesis_of
    from ..crypto import Verifier
    from ..receipts import check_receipt
    from .reading import read_receipts
    from .session import folder_of, named_set

    genesis = genesis_of(folder_of(given["store"]), named_set(given["validators"]))
    verifier = Verifier()
    found = []
    for file in files:
        for receipt in read_receipts(file):
            checked = check_receipt(receipt, genesis, verifier)
            found.append({"file": file, **msgspec.to_builtins(checked)})
            if given["form"] == "text":
                _tell(file, checked)
    if given["form"] == "json":
        screen.out(as_json(found))
    ctx.exit(Exit.OK if all(one["valid"] for one in found) else Exit.FAILED)


def _tell(file: str, checked: Checked) -> None:
    if not checked.valid:
        screen.out(f"{file}: {checked.message}")
        return
    screen.out(f"{file}: {checked.message}")
    said = (
        f"  {checked.chain}, block {checked.block[:16]}, signed by validators "
        f"{', '.join(map(str, checked.signers))} with {checked.weight} of {checked.total} stake"
    )
    if checked.trust == "embedded":
        said += "; one process holds all keys"
    screen.out(said)
