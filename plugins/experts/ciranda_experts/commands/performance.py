"""Judging a file before the eyes of a person, or for a program."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, final

import anyio

from ciranda.cli import screen, streams
from ciranda.cli.exits import Exit
from ciranda.cli.interrupts import Interrupts
from ciranda.cli.streams import is_terminal
from ciranda.events.judging import Judge, Judgement, Verdict
from ciranda.observe.spoken import plural, tally

from ..board import Board, board
from ..intent.error import FAULTS
from ..latency import shown
from .answer import line, paragraph, row
from .batch import Batch
from .feed import Feed
from .given import Given
from .session import Session, session
from .source import Source

__all__ = ["Performance"]


@final
class Performance:
    """One call of `ciranda experts verify`.

    Args:
        file: The file, `-` for standard input.
        experts: Names with commas between, which take the place of the mandatory ones.
        store: The folder of the store as given, None for the project's own.
        form: `json` or `text`.
        quiet: Say nothing but the result.
    """

    def __init__(
        self, *, file: str, experts: str | None, store: str | None, form: str, quiet: bool
    ) -> None:
        self._file: Final = file
        self._only: Final = named_experts(experts)
        self._store: Final = store
        self._json: Final = form == "json"
        self._quiet: Final = quiet
        self._counts: Final[Counter[str]] = Counter()
        self._unusable = 0
        self._by_lines = False
        self._left = False  # whether nobody reads the answers any more
        self._write: Callable[[str], None] = _out

    def run(self, backend: str) -> int:
        """Judge everything; return the exit code.

        Of many intents some are not judged when the reader leaves: that is no approval. What
        became of the only one is known by then.

        Raises:
            CirandaError: The input or the settings are at fault.
            OSError: The result cannot be written, to a full disk for example.
        """
        with Feed(self._file) as feed, Interrupts() as interrupts:
            try:
                anyio.run(partial(self._perform, feed, interrupts), backend=backend)
            except OSError:
                if not streams.reader_gone():
                    raise
                streams.silence()
                self._left = True
        if interrupts.signum:
            screen.say("interrupted")
            return interrupts.code
        if self._unusable and not self._left:
            lines = f"{plural(self._unusable, 'line')} of " if self._by_lines else ""
            screen.error(f"{lines}{feed.name} held no intent")
            return Exit.USAGE
        if not self._counts:
            screen.error(f"there is no intent in {feed.name}")
            return Exit.USAGE
        approved = set(self._counts) == {Verdict.APPROVED.value}
        if self._left and self._by_lines:
            return Exit.FAILED
        return Exit.OK if approved else Exit.FAILED

    async def _perform(self, feed: Feed, interrupts: Interrupts) -> None:
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(interrupts.watch, group.cancel_scope.cancel)
            try:
                await self._judged(feed)
            except Exception as error:  # a task group would wrap it
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _judged(self, feed: Feed) -> None:
        source = await Source.of(feed)
        self._by_lines = source.lines
        begun = time.monotonic()
        shown_board = board(sys.stderr, quiet=self._quiet)
        if isinstance(shown_board, Board) and is_terminal(sys.stdout):
            self._write = shown_board.above  # one terminal for both
        async with session(self._store, plugins=[shown_board]) as judging:
            judging.check_names(self._only)
            shown_board.seat(judging.names if self._only is None else self._only)
            with shown_board:
                await Batch(source.next, partial(self._ask, judging), self._answer).run()
        if source.lines and self._counts and not (self._json or self._quiet):
            took = shown(time.monotonic() - begun)
            ordered = {one.value: self._counts[one.value] for one in Verdict}
            screen.say(f"{plural(self._counts.total(), 'intent')} in {took}: {tally(ordered)}")

    async def _ask(self, judging: Session, given: Given) -> Judgement:
        if given.fault:
            return Judgement(
                id="",
                verdict=Verdict.REJECTED,
                confidence=1.0,
                reason=given.kind.value,
                message=given.fault,
            )
        return await judging.judge(Judge(intent=given.intent, id=str(given.id)), self._only)

    def _answer(self, given: Given, judgement: Judgement) -> None:
        self._counts[judgement.verdict.value] += 1
        none = judgement.reason in FAULTS and judgement.verdict is Verdict.REJECTED
        self._unusable += bool(given.fault) or (none and not self._by_lines)
        place = given.place if given.fault else ""
        if not place and judgement.reason in FAULTS:
            place = given.located()
        if self._json:
            asked = self._only or ()
            text = line(judgement, name=given.id, number=given.line, place=place, mandatory=asked)
        elif given.line:
            text = row(judgement, str(given.id) or f"line {given.line}", place)
        else:
            text = "\n".join(paragraph(judgement, str(given.id) or given.place, place))
        self._write(text)


def _out(text: str) -> None:
    screen.out(text)
    screen.flush()


def named_experts(text: str | None) -> Sequence[str] | None:
    """Return the names in a list with commas; None where there is no list."""
    if text is None:
        return None
    return tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))
