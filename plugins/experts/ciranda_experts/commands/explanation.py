"""Explaining a file: judgements that it holds, or those that the council makes of its intents."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final, final

import anyio
import msgspec

from ciranda.cli import screen
from ciranda.cli.exits import Exit
from ciranda.cli.interrupts import Interrupts
from ciranda.errors import InputError
from ciranda.events.judging import Judge, Judgement, ProofChecked

from ..explain import explained, told_by_check
from ..intent.error import FAULTS
from ..looking import Looking
from .answer import read
from .feed import Feed
from .given import Given
from .session import Session, session
from .source import Source

__all__ = ["Explanation"]

_MARKS: Final = frozenset({"verdict", "experts", "reason"})  # what an intent has not


@final
class Explanation:
    """One call of `ciranda experts explain`.

    Args:
        file: The file, `-` for standard input.
        check: Whether proofs are checked again.
        store: The folder of the store as given, None for the project's own.
    """

    def __init__(self, *, file: str, check: bool, store: str | None) -> None:
        self._file: Final = file
        self._check: Final = check
        self._store: Final = store
        self._count = 0
        self._doubts = 0
        self._session: Session | None = None

    def run(self, backend: str) -> int:
        """Explain everything; return the exit code.

        Raises:
            CirandaError: The input or the settings are at fault.
        """
        with Feed(self._file) as feed, Interrupts() as interrupts:
            anyio.run(partial(self._perform, feed, interrupts), backend=backend)
            if interrupts.signum:
                screen.say("interrupted")
                return interrupts.code
            if not self._count:
                raise InputError(f"there is nothing in {feed.name}")
        return Exit.FAILED if self._doubts else Exit.OK

    async def _perform(self, feed: Feed, interrupts: Interrupts) -> None:
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(interrupts.watch, group.cancel_scope.cancel)
            try:
                async with AsyncExitStack() as stack:
                    await self._explained(feed, stack)
            except Exception as error:  # a task group would wrap it
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _explained(self, feed: Feed, stack: AsyncExitStack) -> None:
        source = await Source.of(feed)
        while given := await source.next():
            for each in given:
                judgement = await self._judged(each, stack)
                if self._count:
                    screen.out()
                self._count += 1
                for line in explained(judgement):
                    screen.out(line)
                if self._check:
                    await self._checked(judgement, stack)
                screen.flush()

    async def _judged(self, given: Given, stack: AsyncExitStack) -> Judgement:
        if given.fault:
            raise InputError(f"{given.place}: {given.fault}")
        intent = given.intent
        if isinstance(intent, dict) and intent.keys() >= _MARKS:
            try:
                return read(intent)
            except (msgspec.ValidationError, TypeError, ValueError) as error:
                raise InputError(f"{given.place} is no judgement: {error}") from None
        session = await self._opened(stack)
        judgement = await session.judge(Judge(intent=intent, id=str(given.id)))
        if judgement.reason not in FAULTS:
            return judgement
        message = f"{given.located()}: {judgement.message}"
        return msgspec.structs.replace(judgement, message=message)

    async def _checked(self, judgement: Judgement, stack: AsyncExitStack) -> None:
        if judgement.proof is None:
            self._doubts += 1
            screen.out("There is no proof to check.")
            return
        session = await self._opened(stack)
        checked = await session.check(judgement.proof)
        if checked.valid and (told := _unlike(judgement, judgement.proof)):
            checked = ProofChecked(valid=False, reason="not-shown", message=told)
        self._doubts += not checked.valid
        screen.out(told_by_check(checked))

    async def _opened(self, stack: AsyncExitStack) -> Session:
        if self._session is None:
            opening = session(self._store, plugins=[Looking()])
            self._session = await stack.enter_async_context(opening)
        return self._session


def _unlike(judgement: Judgement, proof: Mapping[str, Any]) -> str:
    """Say what a judgement claims beyond its proof; "" if nothing."""
    for name, claimed in (("verdict", judgement.verdict.value), ("key", judgement.key)):
        if proof.get(name) != claimed:
            return f"The proof is right, but about another {_CLAIMS[name]} than the judgement."
    return ""


_CLAIMS = {"verdict": "verdict", "key": "intent"}
