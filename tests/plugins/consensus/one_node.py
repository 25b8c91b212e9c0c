"""The program of one validator, for tests with processes: `one_node.py SETTINGS`."""

import sys
from pathlib import Path

import anyio

from ciranda_consensus.crypto import read_key
from ciranda_consensus.node import read_genesis, read_settings, run_node
from tests.plugins.consensus.notebook import Notebook


async def main(file: Path) -> None:
    settings = read_settings(file)
    await run_node(
        settings,
        read_genesis(Path(settings.genesis)),
        read_key(Path(settings.key)),
        Notebook(),
        listening=lambda port: print(port, flush=True),  # noqa: T201  (for the test)
    )


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
