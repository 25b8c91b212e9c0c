"""A program that serves the skills of a folder over stdio, as the command does."""

import sys
from pathlib import Path

import anyio

from ciranda_skills.disclosure import read_catalogue
from ciranda_skills.discovery import discover
from ciranda_skills.mcp.server import Offer, serve_stdio
from ciranda_skills.running import Runner


async def main(folder):
    def catalogue():
        print("this is no message")  # noqa: T201  (it goes to stderr)
        return read_catalogue(discover(roots=[folder]))

    async with Runner() as runner:
        await serve_stdio(Offer(catalogue, lambda _: True), runner)
    sys.stderr.write("ended well\n")


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
