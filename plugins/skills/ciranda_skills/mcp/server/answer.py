"""From how a run ended to what a client is told."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ...running import Outcome, Status

__all__ = ["Answer", "answer_to", "refusal"]

_SHOWN: Final = 4000  # characters of stderr in the text; all that is kept is in the structure


class Answer(msgspec.Struct, frozen=True):
    """A result, before it is put into the words of the protocol.

    Attributes:
        texts: Blocks of text.
        structured: A JSON object, or None.
        failed: Whether it is an error.
    """

    texts: tuple[str, ...]
    structured: dict[str, Any] | None = None
    failed: bool = False


def answer_to(outcome: Outcome) -> Answer:
    """Return what to say of a run."""
    if not outcome.ok:
        return _failure(outcome)
    value = outcome.json
    text = outcome.stdout
    if not text and value is not None:  # what a function returned
        text = _written(value)
    texts = [text]
    if outcome.truncated:
        out, errors = outcome.stdout_total_bytes, outcome.stderr_total_bytes
        texts.append(f"[not all is kept of {out:,} bytes on stdout and {errors:,} on stderr]")
    if value is None or isinstance(value, dict):
        return Answer(tuple(texts), value)
    return Answer(tuple(texts), {"result": value})  # the protocol wants an object


def refusal(message: str, kind: str = "") -> Answer:
    """Return what to say of a call that was not carried out."""
    return _failure(Outcome(status=Status.REFUSED, message=message, kind=kind))


def _failure(outcome: Outcome) -> Answer:
    said = outcome.message or f"the script ended as {outcome.status}"
    errors = outcome.stderr.strip()[-_SHOWN:]
    structured = {
        "status": str(outcome.status),
        "exit_code": outcome.exit_code,
        "signal": outcome.signal,
        "message": outcome.message,
        "kind": outcome.kind,
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        "truncated": outcome.truncated,
    }
    return Answer((f"{said}\n{errors}" if errors else said,), structured, failed=True)


def _written(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return str(value)
