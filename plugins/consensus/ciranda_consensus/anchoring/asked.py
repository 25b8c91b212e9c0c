"""The answers to questions about anchors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, final

from anyio import to_thread

from ciranda.errors import InputError, RunNotFoundError, StoreError
from ciranda.store import Examined, Log
from ciranda_consensus.audited import Anchored, Audited
from ciranda_consensus.cluster import GENESIS, Clusters, genesis_of
from ciranda_consensus.node import Genesis
from ciranda_consensus.receipts import Receipt, read_receipt
from ciranda_consensus.settings import Named

from .auditing import audit
from .chain import anchors_in
from .making import anchor_run

__all__ = ["Anchoring"]


@final
class Anchoring:
    """Anchors runs of a store, and audits them.

    Args:
        log: Gives the store.
        clusters: Have anchors agreed on.
    """

    def __init__(self, log: Callable[[], Log], clusters: Clusters) -> None:
        self._log: Final = log
        self._clusters: Final = clusters

    async def anchor(self, run: str, validators: Named, patience: float) -> Anchored:
        """Have a run's log agreed on as far as it goes.

        Raises:
            RunNotFoundError: There is no such run.
            StoreError: Its log is damaged.
            RefusedError: It cannot be anchored.
            TooLateError: It was not agreed on in time.
        """
        log = await to_thread.run_sync(self._log)
        row = await to_thread.run_sync(log.run, run)
        async with self._clusters.use(validators) as cluster:
            return await anchor_run(log, row.id, cluster, patience)

    async def audit(
        self, run: str, validators: Named, receipts: tuple[dict[str, object], ...]
    ) -> Audited:
        """Compare a run's log with its anchors.

        Raises:
            RunNotFoundError: There is no such run, and none of this id was anchored.
            ReceiptError: A receipt is none.
            SettingsError: The set of validators cannot be read.
            TooLateError: Nobody answers.
        """
        given = [read_receipt(one) for one in receipts]
        log = await to_thread.run_sync(self._log)
        run, missing = await to_thread.run_sync(_named, log, run)
        folder = await to_thread.run_sync(lambda: self._clusters.where.folder)
        genesis = await to_thread.run_sync(_genesis, folder, validators)
        if genesis is None and given:
            raise InputError(
                f"there are no {validators} validators in {folder} to check a receipt with: name "
                "the set that you believe with `--validators`"
            )
        known = given if given or genesis is None else await self._anchors(run, validators)
        if missing is not None and not known:
            raise missing
        found = [] if missing is not None else await to_thread.run_sync(_examined, log, run)
        return await to_thread.run_sync(partial(audit, run, found, known, genesis, log))

    async def _anchors(self, run: str, validators: Named) -> list[Receipt]:
        async with self._clusters.use(validators) as cluster:
            return [one.receipt for one in await anchors_in(cluster, run)]


def _genesis(folder: Path, validators: Named) -> Genesis | None:
    """Return the genesis of validators; None for a cluster that was never here."""
    if isinstance(validators, int) and not (folder / f"consensus-{validators}" / GENESIS).exists():
        return None
    return genesis_of(folder, validators)


def _named(log: Log, run: str) -> tuple[str, RunNotFoundError | None]:
    """Return the id of the run that is meant, and the error if the store does not have it."""
    try:
        return log.run(run).id, None
    except RunNotFoundError as error:
        return run, error
    except StoreError:
        return run, None  # its row is damaged, and its log may not be


def _examined(log: Log, run: str) -> list[Examined]:
    return list(log.examine(run))
