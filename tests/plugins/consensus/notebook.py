"""A small thing to agree on, for tests of stores and nodes: entries are written down, each once."""

from __future__ import annotations

from hashlib import sha256

from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.protocol import Outcome
from ciranda_consensus.state import Contents


class Notebook:
    """Keeps entries like `key=value` in a tree; a key is never written twice."""

    strange = ""

    def __init__(self, most=8, first=None):
        self.most = most
        self.first = first or {}
        self.pool = {}

    @property
    def states(self):
        return self

    def start(self, state, height):
        return self

    def adopt(self, state, height):
        self.pool.clear()

    def accuse(self, evidence):
        return (b"accused %d=%s" % (evidence.signer, evidence.digest().hex().encode()),)

    def contents(self, entries, before, after):
        return Contents(proofs=sum(entry.startswith(b"proof") for entry in entries))

    def gauges(self):
        return {"waiting": len(self.pool)}

    async def inspect(self, entries):
        return not any(entry.endswith(b"=lie") for entry in entries)

    def begin(self):
        return SparseTree.of(self.first)

    def tree(self, state):
        return state

    def state(self, tree):
        return tree

    def submit(self, entry):
        if entry in self.pool:
            return "known"
        self.pool[entry] = None
        return ""

    def pending(self):
        return bool(self.pool)

    def waiting(self, most):
        return tuple(list(self.pool)[:most])

    def propose(self, state, height):
        for entry in [one for one in self.pool if state.get(key_of(one)) is not None]:
            del self.pool[entry]
        return tuple(list(self.pool)[: self.most])

    def execute(self, state, height, entries):
        if any(state.get(key_of(one)) is not None for one in entries):
            return Outcome(None, b"", "twice")
        state = state.update({key_of(one): one for one in entries})
        return Outcome(state, state.root)

    def committed(self, entries):
        for entry in entries:
            self.pool.pop(entry, None)


def key_of(entry):
    return sha256(entry.partition(b"=")[0]).digest()
