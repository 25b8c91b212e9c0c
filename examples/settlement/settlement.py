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
    receipt: str


class Settled(TypedDict):
    """The whole batch."""

    lines: list[Line]
    counts: dict[str, int]


class Entries(TypedDict):
    """What validators are to agree on: each entry has a key, and its receipt a file."""

    keys: list[str]
    entries: list[dict[str, Any]]
    files: list[str]


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
    pairs = zip(payments, verdicts, strict=True)
    lines = [_line(row, item, number) for number, (row, item) in enumerate(pairs, 1)]
    return Settled(lines=lines, counts=dict(Counter(line["verdict"] for line in lines)))


@action("settlement.entries", pure=True)
def entries(
    payments: list[dict[str, str]],
    verdicts: list[dict[str, Any]],
    settled: Settled,
    *,
    batch: str,
    run: str,
) -> Entries:
    """List what is to be agreed on: each approved payment with its proof, and the batch itself.

    Args:
        payments: The rows of the file.
        verdicts: For each row `{status, output, error}`, as the map gives them.
        settled: What `settlement.table` made of them.
        batch: Its name: a payment is settled once in it, and so is its key.
        run: Names the run.
    """
    found = Entries(keys=[], entries=[], files=[])
    for row, item, line in zip(payments, verdicts, settled["lines"], strict=True):
        if line["receipt"]:
            judged = {name: item["output"][name] for name in ("verdict", "key", "proof")}
            found["keys"].append(f"{batch}/{row['id']}")
            found["entries"].append({"payment": row, **judged})
            found["files"].append(line["receipt"])
    found["keys"].append(run)
    found["entries"].append({"batch": batch, "counts": settled["counts"]})
    found["files"].append("batch.json")
    return found


@hookimpl
def actions() -> list[Any]:
    """Offer the actions of this file."""
    return [table, entries]


def _check(payments: list[dict[str, str]]) -> None:
    missing = sorted(_COLUMNS - payments[0].keys()) if payments else []
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        text = f"The file of payments has no column {names}: name it in its first line."
        raise StepError("invalid-input", text)


def _line(row: dict[str, str], item: dict[str, Any], number: int) -> Line:
    judged, error = item["output"], item["error"]
    if judged is None:  # nothing was asked: the row is not even an intent
        judged = {"verdict": "not judged", "reason": error["kind"], "message": error["message"]}
    return Line(
        payment=f"{row['id']}  {row['payer']} > {row['payee']}",
        amount=row["debit"] if row["debit"] == row["credit"] else f"{row['debit']}/{row['credit']}",
        verdict=judged["verdict"],
        reason=judged["reason"],
        why="" if judged["verdict"] == "approved" else judged["message"].splitlines()[0],
        receipt=f"{number}.json" if judged["verdict"] == "approved" else "",
    )
