"""Actions of the settlement; an inline plugin, used by `settlement.yaml`."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypedDict

from ciranda import StepError, action, hookimpl

_COLUMNS = {"id", "payer", "payee", "debit", "credit"}


class Line(TypedDict):
    """One payment and what became of it."""

    payment: str
    amount: str
    verdict: str
    reason: str
    why: str


class Settled(TypedDict):
    """The whole batch."""

    lines: list[Line]
    counts: dict[str, int]


@action("settlement.table", pure=True)
def table(payments: list[dict[str, str]], verdicts: list[dict[str, Any]]) -> Settled:
    """Put each payment beside its verdict.

    Args:
        payments: The rows of the file.
        verdicts: For each row `{status, output, error}`, as the map gives them.

    Raises:
        StepError: The file lacks a column.
    """
    _check(payments)
    lines = [_line(row, item) for row, item in zip(payments, verdicts, strict=True)]
    return Settled(lines=lines, counts=dict(Counter(line["verdict"] for line in lines)))


@hookimpl
def actions() -> list[Any]:
    """Offer the action of this file."""
    return [table]


def _check(payments: list[dict[str, str]]) -> None:
    missing = sorted(_COLUMNS - payments[0].keys()) if payments else []
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        text = f"The file of payments has no column {names}: name it in its first line."
        raise StepError("invalid-input", text)


def _line(row: dict[str, str], item: dict[str, Any]) -> Line:
    judged, error = item["output"], item["error"]
    if judged is None:  # nothing was asked: the row is not even an intent
        judged = {"verdict": "not judged", "reason": error["kind"], "message": error["message"]}
    return Line(
        payment=f"{row['id']}  {row['payer']} > {row['payee']}",
        amount=row["debit"] if row["debit"] == row["credit"] else f"{row['debit']}/{row['credit']}",
        verdict=judged["verdict"],
        reason=judged["reason"],
        why="" if judged["verdict"] == "approved" else judged["message"].splitlines()[0],
    )
