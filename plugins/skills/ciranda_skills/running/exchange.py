"""One batch on its way to a warm process and back: who got an answer, who is at fault."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import anyio
import msgspec

from ciranda.errors import PoolError, StepError

from ..inside.order import Batch, Order, Told
from ..inside.slate import Done, make_slate, read_answers, read_progress, read_tail
from ..sandbox import Level
from .captured import bounded
from .facts import Facts
from .outcome import Outcome, Sandbox, Status
from .plan import item_of
from .progress import Finished, Killed, Listener, Started, Written
from .run import shown, value_of
from .sendable import refusal
from .verdict import Verdict, judge_failure, judge_warm

__all__ = ["Call", "Desk", "is_final"]

_ENCODE: Final = msgspec.msgpack.Encoder().encode
_TAIL: Final = 2048
_GARBAGE: Final = "invalid-output"


@final
class Call:
    """One call of a script, waiting or under way.

    Args:
        params: For its function.
        args: For its command line.
        stdin: What it reads.
        listener: Hears of it when it has ended.

    Attributes:
        outcome: How it went, once it is known.
        error: Why it could not even be tried.
        gone: Whether nobody waits for it any more.
        desk: Where it is done; None while it waits.
        losses: How often its process was lost before any call of its batch began.
    """

    __slots__ = (
        "_args", "_event", "_facts", "_listener", "_params", "_raw", "_stdin", "desk", "error",
        "gone", "losses", "outcome",
    )  # fmt: skip

    def __init__(
        self,
        params: Mapping[str, Any] | None,
        args: Sequence[str],
        stdin: bytes | None,
        listener: Listener | None = None,
    ) -> None:
        self._listener = listener
        self._params = params
        self._args = args
        self._stdin = stdin
        self._facts: Facts | None = None
        self._raw = msgspec.Raw()
        self._event: anyio.Event | None = None
        self.outcome: Outcome | None = None
        self.error: PoolError | None = None
        self.gone = False
        self.desk: Desk | None = None
        self.losses = 0

    @property
    def known(self) -> bool:
        """Whether it is known how it went."""
        return self.outcome is not None or self.error is not None

    def raw(self, facts: Facts) -> msgspec.Raw:
        """Return what is sent of it.

        Raises:
            ParameterError: The script cannot take it, or it cannot be sent.
        """
        if self._facts is not facts:
            try:
                item = item_of(facts, self._params, self._args, self._stdin)
                self._raw = msgspec.Raw(_ENCODE(item))
            except (TypeError, ValueError, OverflowError, RecursionError) as error:
                raise refusal(self._params or {}, facts.command.script, error) from None
            self._facts = facts
        return self._raw

    def settle(self, outcome: Outcome) -> None:
        """Tell how it went."""
        self.outcome = outcome
        if self._event is not None:
            self._event.set()

    @property
    def listens(self) -> bool:
        """Whether somebody hears of it when it has ended."""
        return self._listener is not None and not self.gone

    def tell(self, script: str, outcome: Outcome, out: str, err: str) -> None:
        """Tell who listens what happened; before `settle`.

        Args:
            script: Which.
            outcome: How it went.
            out: What it wrote to stdout itself.
            err: What it wrote to stderr.
        """
        if self._listener is None:
            return
        self._listener(Started(script, outcome.sandbox))
        for stream, text in (("stdout", out), ("stderr", err)):
            if text:
                self._listener(Written(stream, text))
        self._listener(Killed(outcome) if outcome.signal else Finished(outcome))

    def fail(self, error: PoolError) -> None:
        """Tell why it could not be tried."""
        self.error = error
        if self._event is not None:
            self._event.set()

    async def result(self) -> Outcome:
        """Wait until it is known how it went.

        Raises:
            PoolError: It could not be tried.
        """
        if not self.known:
            self._event = anyio.Event()
            try:
                await self._event.wait()
            except BaseException:
                self.gone = True
                raise
        if self.outcome is None:
            assert self.error is not None
            raise self.error
        return self.outcome


@final
class Desk:
    """Where one batch at a time is done: a slate, and what is needed to read it.

    Args:
        folder: A folder for the slate, not made yet.
        max_output: Bytes kept of each stream of a call.
        memory_mb: MiB that its process may hold, for messages.
        pure: Whether a call may be done again, as nothing comes of it but its answer.

    Attributes:
        scope: Cancelled to kill the process that does the batch; None while there is no batch.
        spent: Seconds that the calls of the last batch took by themselves.
    """

    def __init__(self, folder: str, max_output: int, memory_mb: int, *, pure: bool = False) -> None:
        make_slate(folder)
        self._pure = pure
        self._folder = folder
        self._fd = os.open(os.path.join(folder, "answers"), os.O_RDWR)
        self._most = max_output
        self._memory_mb = memory_mb
        self.scope: anyio.CancelScope | None = None
        self.spent = 0.0
        self.sandbox = Sandbox()

    def order(self, facts: Facts, root: str, raws: Sequence[msgspec.Raw]) -> bytes:
        """Return what is sent, and forget the batch before."""
        os.pwrite(self._fd, b"\0" * 32, 0)
        batch = Batch(self._folder, tuple(raws), self._most)
        return _ENCODE(Order(path=str(facts.command.path), root=root, batch=batch))

    def began(self, sent: float) -> float:
        """Return the moment at which the last call began, infinity where none did.

        Args:
            sent: When the batch was sent; infinity when it was not.
        """
        if sent == math.inf:
            return sent
        progress = read_progress(self._fd)
        # After the last one too: what a call wrote may have spoilt the answer that would come next.
        return progress.began if progress.begun else math.inf

    def told(self, answer: object) -> None:
        """Learn what the process is confined by."""
        told = msgspec.convert(answer, Told)
        self.sandbox = Sandbox(Level(told.level).name, told.missing)

    def settle(
        self, calls: Sequence[Call], script: str, failed: StepError | Verdict | None
    ) -> list[Call]:
        """Tell each call how it went; return those that are to be done by another process.

        Those are the calls that did not begin; and where something was written on the way to the
        engine, by whichever call of the batch, the one that was under way then, if it is pure.

        Args:
            calls: Of the batch, in order.
            script: What messages call it.
            failed: What happened to the process, if anything did.
        """
        try:
            progress, answers = read_answers(self._fd)
        except ValueError as error:
            failed = Verdict(Status.FAILED, message=f"`{script}`: {error}")
            for call in calls:  # which of them began is not known any more
                call.settle(self._bare(failed))
            return []
        self.spent = 0.0
        for call, done in zip(calls, answers, strict=False):
            self.spent += done.seconds
            outcome = self._outcome(done, script)
            if call.listens:
                call.tell(script, outcome, _text(done.stdout), _text(done.stderr))
            call.settle(outcome)
        rest = list(calls[len(answers) :])
        if rest and failed is not None and progress.begun > progress.done:
            doubtful = bool(answers) and _is_garbage(failed)
            if doubtful and self._pure:
                return rest
            guilty = rest.pop(0)
            verdict = failed if isinstance(failed, Verdict) else judge_failure(failed, script)
            if doubtful:
                message = f"{verdict.message}; it wrote that, or a call before it in its process"
                verdict = msgspec.structs.replace(verdict, message=message)
            outcome = self._cut_short(verdict, answers)
            if guilty.listens:
                guilty.tell(script, outcome, outcome.stdout, outcome.stderr)
            guilty.settle(outcome)
        return rest

    def refuse(self, call: Call, verdict: Verdict) -> None:
        """Tell a call that it is not run."""
        call.settle(self._bare(verdict))

    def _bare(self, verdict: Verdict) -> Outcome:
        return Outcome(
            status=verdict.status,
            exit_code=verdict.exit_code,
            signal=verdict.signal,
            message=verdict.message,
            kind=verdict.kind,
            sandbox=self.sandbox,
        )

    def lose(self, call: Call, script: str, failed: StepError | Verdict) -> None:
        """Tell a call that its process was lost again and again before it began."""
        verdict = failed if isinstance(failed, Verdict) else judge_failure(failed, script)
        message = f"{verdict.message}; it was not begun"
        call.settle(self._bare(msgspec.structs.replace(verdict, message=message)))

    def _cut_short(self, verdict: Verdict, before: Sequence[Done]) -> Outcome:
        """Return the outcome of the call at which the process ended, with what it wrote."""
        starts = sum(done.stdout_total for done in before), sum(d.stderr_total for d in before)
        (out, out_total), (err, err_total) = (
            read_tail(self._folder, name, start, self._most)
            for name, start in zip(("stdout", "stderr"), starts, strict=True)
        )
        return msgspec.structs.replace(
            self._bare(verdict),
            stdout=_text(out),
            stderr=_text(err),
            stdout_total_bytes=out_total,
            stderr_total_bytes=err_total,
            truncated=out_total > len(out) or err_total > len(err),
        )

    def _outcome(self, done: Done, script: str) -> Outcome:
        answer = done.answer
        value = None if answer is None else value_of(answer)
        if not done.code and not done.stderr_total and not done.stdout_total:  # most of them
            text = shown(answer, value)
            kept = bounded(text, self._most)
            return Outcome(
                status=Status.OK,
                exit_code=0,
                stdout=kept,
                stdout_total_bytes=len(text.encode()),
                truncated=len(kept) < len(text),
                json=value,
                wall_s=done.seconds,
                sandbox=self.sandbox,
            )
        verdict = judge_warm(done.code, done.stderr[-_TAIL:], script, self._memory_mb)
        cut = done.stdout_total > len(done.stdout)
        returned = "" if done.stdout_total else shown(answer, value)
        text = bounded(returned, self._most) if returned else _text(done.stdout)
        if answer is None and text and not cut:
            value = value_of(text)
        return Outcome(
            status=verdict.status,
            exit_code=verdict.exit_code,
            signal=verdict.signal,
            stdout=text,
            stderr=_text(done.stderr),
            stdout_total_bytes=done.stdout_total or len(returned.encode()),
            stderr_total_bytes=done.stderr_total,
            truncated=(
                cut or done.stderr_total > len(done.stderr) or bool(returned and text != returned)
            ),
            json=value,
            wall_s=done.seconds,
            sandbox=self.sandbox,
            message=verdict.message,
        )

    def close(self) -> None:
        """Close what it reads from."""
        os.close(self._fd)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def is_final(failed: StepError | Verdict) -> bool:
    """Tell whether it would happen again to the same calls."""
    return isinstance(failed, Verdict) or failed.kind not in ("worker-lost", _GARBAGE)


def _is_garbage(failed: StepError | Verdict) -> bool:
    """Tell whether a process ended as somebody in it wrote on the way to the engine."""
    return isinstance(failed, StepError) and failed.kind == _GARBAGE
