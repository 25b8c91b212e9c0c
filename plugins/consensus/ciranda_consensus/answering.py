"""The plugin's answers to questions on the bus."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias, final

from ciranda import hookimpl
from ciranda.bus import Bus
from ciranda.errors import CirandaError, UnansweredError
from ciranda.events.judging import VerifyProof
from ciranda_consensus.anchor_hooks import AnchorRun, AuditRun
from ciranda_consensus.anchoring import Anchoring
from ciranda_consensus.audited import Anchored, Audited
from ciranda_consensus.cluster import Clusters, Embedded, Found, RefusedError, Remote
from ciranda_consensus.figures.round import Round
from ciranda_consensus.figures.spans import spans_of
from ciranda_consensus.hooks import (
    Agreed,
    AgreeOn,
    CheckSignatures,
    LookUpIncidents,
    LookUpRecord,
    LookUpValidators,
)
from ciranda_consensus.incidents import Incident
from ciranda_consensus.merkle import History
from ciranda_consensus.proving import Crew
from ciranda_consensus.receipts import Receipt, receipt_of, state_receipt
from ciranda_consensus.records import entry_of, json_of, record_key, units_of
from ciranda_consensus.settings import ConsensusSettings, Named
from ciranda_consensus.standing import Standing
from ciranda_consensus.state import Checked

__all__ = ["Answering", "Proofs", "named"]

Asking: TypeAlias = (
    AgreeOn | AnchorRun | AuditRun | LookUpIncidents | LookUpRecord | LookUpValidators
)

# What `VerifyProof` says of a proof that is none, whoever checks it with whatever time and solver.
REFUTED: Final = frozenset({"malformed", "other-intent", "not-shown", "incomplete"})


def named(given: int | str | None, base: str, settings: ConsensusSettings) -> Named:
    """Return whom a question is for.

    Args:
        given: A number, the path of a set's file, or None for what the settings say.
        base: Where relative paths start.
        settings: Of the project.
    """
    if given is None:
        return settings.named()
    return given if isinstance(given, int) else Path(base) / given


@final
class Proofs:
    """Has proofs checked by whoever can: the plugin `experts`, usually.

    Args:
        bus: Where it is asked.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus: Final = bus

    async def check(self, proof: str) -> Checked:
        """Check a proof, given as JSON.

        Only what is so on every machine counts as a verdict, for all validators must find the same.

        Raises:
            RefusedError: Nobody can, or not here and now.
        """
        try:
            plain = json.loads(proof)
        except (ValueError, RecursionError):
            plain = None  # anybody may sign such a text
        if not isinstance(plain, dict):
            return Checked(False, units_of(proof))
        try:
            found = await self._bus.ask(VerifyProof(proof=plain))
        except UnansweredError:
            raise RefusedError(
                "an entry carries a proof and nobody is there to check it: let the workflow say "
                "`plugins: [experts]`, or leave `proof` out"
            ) from None
        if not found.valid and found.reason not in REFUTED:
            # On a faster machine, or with the solver, it may hold: that is no verdict.
            raise RefusedError(f"a proof could not be checked here: {found.message}".rstrip("."))
        return Checked(found.valid, units_of(proof))

    async def names(self, chain: str, entries: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Check the signatures of entries; none is named where nobody can: each is judged later."""
        try:
            return await self._bus.ask(CheckSignatures(chain=chain, entries=entries))
        except CirandaError:
            return (b"",) * len(entries)

    async def check_or_not(self, proof: str) -> Checked | None:
        """Check a proof; None if nobody can."""
        try:
            return await self.check(proof)
        except RefusedError:
            return None


@final
class Answering:
    """Answers `AgreeOn`, `LookUpRecord`, `LookUpValidators`, `AnchorRun` and `AuditRun`.

    Args:
        clusters: Have entries agreed on.
        settings: Of the project.
        anchoring: Anchors runs.
        crew: Checks signatures.
        adopt: Takes in finished spans, as plain data; None where nobody traces.
    """

    def __init__(
        self,
        clusters: Clusters,
        settings: ConsensusSettings,
        anchoring: Anchoring,
        crew: Crew,
        adopt: Callable[[Any], None] | None = None,
    ) -> None:
        self.clusters: Final = clusters
        self._settings: Final = settings
        self._adopt: Final = adopt
        self._crew: Final = crew
        self._anchoring: Final = anchoring

    def _named(self, request: Asking) -> Named:
        return named(request.validators, request.base, self._settings)

    @hookimpl(trylast=True)
    async def agree_on(self, request: AgreeOn) -> Agreed:
        """Have records agreed on.

        Raises:
            RefusedError: One cannot be; the text names it by its key.
            TooLateError: They were not in time.
        """
        if not request.records:
            raise RefusedError("there is nothing to agree on: name at least one entry")
        entries = [entry_of(key, json_of(value)) for key, value in request.records]
        keys = [key for key, _ in request.records]
        if len(set(keys)) != len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise RefusedError(f"the key {twice!r} is there twice: each entry has its own")
        patience = request.patience or self._settings.patience
        async with self.clusters.use(self._named(request)) as cluster:
            found = await cluster.commit(entries, patience)
            self._trace(cluster, found)
        return agreed(entries, found)

    @hookimpl(trylast=True)
    async def check_signatures(self, request: CheckSignatures) -> tuple[bytes, ...]:
        """Check signatures of entries, in worker processes where they are many."""
        return tuple(await self._crew.names(request.chain, request.entries))

    def _trace(self, cluster: Embedded | Remote, found: Sequence[Found]) -> None:
        if self._adopt is not None and isinstance(cluster, Embedded):
            heights = {one.block.header.height for one in found}
            rounds: list[Round] = [one for one in cluster.rounds if one.height in heights]
            for span in spans_of(cluster.validators.chain, rounds):
                self._adopt(span)

    @hookimpl(trylast=True)
    async def look_up_record(self, request: LookUpRecord) -> dict[str, Any]:
        """Show what the newest state says of a record's key.

        Raises:
            RefusedError: Nothing is agreed on yet.
        """
        async with self.clusters.use(self._named(request)) as cluster:
            shown = await cluster.show([record_key(request.key)])
        return state_receipt(shown, request.key).plain()

    @hookimpl(trylast=True)
    async def look_up_validators(self, request: LookUpValidators) -> tuple[Standing, ...]:
        """Tell how validators are."""
        async with self.clusters.use(self._named(request)) as cluster:
            return tuple(await cluster.standing(figures=request.figures))

    @hookimpl(trylast=True)
    async def look_up_incidents(self, request: LookUpIncidents) -> tuple[Incident, ...]:
        """Tell of evidence against validators."""
        async with self.clusters.use(self._named(request)) as cluster:
            return await cluster.incidents()

    @hookimpl(trylast=True)
    async def anchor_run(self, request: AnchorRun) -> Anchored:
        """Have a run's log agreed on as far as it goes.

        Raises:
            RunNotFoundError: There is no such run.
            StoreError: Its log is damaged.
            RefusedError: It cannot be anchored.
            TooLateError: It was not agreed on in time.
        """
        patience = request.patience or self._settings.patience
        return await self._anchoring.anchor(request.run, self._named(request), patience)

    @hookimpl(trylast=True)
    async def audit_run(self, request: AuditRun) -> Audited:
        """Compare a run's log with its anchors.

        Raises:
            RunNotFoundError: There is no such run, and none of this id was anchored.
            ReceiptError: A receipt is none.
            InputError: There is no set to check receipts with.
            TooLateError: Nobody answers.
        """
        return await self._anchoring.audit(request.run, self._named(request), request.receipts)


def agreed(entries: Sequence[bytes], found: Sequence[Found]) -> Agreed:
    """Return the answer about entries that were agreed on."""
    receipts: list[Receipt] = []
    trees: dict[bytes, History] = {}
    for entry, where in zip(entries, found, strict=True):
        block = where.block
        tree = trees.get(block.hash)
        if tree is None:
            tree = trees[block.hash] = History(block.entries)
        receipts.append(receipt_of(where, entry, tree))
    last = max(receipts, key=lambda one: one.header.height)
    plain = [one.plain() for one in receipts]
    of_last = plain[receipts.index(last)]
    return Agreed(
        trust=last.trust.value,
        chain=last.header.chain,
        height=last.header.height,
        block=last.block,
        state_root=last.header.state_root,
        header=of_last["header"],
        certificate=of_last["certificate"],
        receipts=tuple(plain),
    )
