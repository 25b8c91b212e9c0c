"""A cluster in one process as tests need it: keys that are always the same, stores in a folder."""

from contextlib import asynccontextmanager
from hashlib import sha256

from ciranda.store import Durability
from ciranda_consensus.cluster import household, open_embedded
from ciranda_consensus.records import entry_of, json_of
from ciranda_consensus.state import Checked

EMBEDDED = "embedded-4"


def entropy():
    """Return what gives seeds, the same ones for each folder."""
    turns = iter(range(1000))
    return lambda size: sha256(b"seed" + bytes([next(turns)])).digest()[:size]


def home_of(folder, count=4):
    return household(folder / "keys", count, entropy())


def entry(key, value="a"):
    return entry_of(key, json_of(value))


async def holds(proof):
    return Checked(True, 1 + len(proof) // 256)


@asynccontextmanager
async def opened(folder, count=4, check=holds, **options):
    """Open a cluster that keeps nothing on the disk for longer than the test."""
    home = home_of(folder, count)
    async with open_embedded(
        home, folder, "c", check, durability=Durability.OFF, **options
    ) as cluster:
        yield cluster
