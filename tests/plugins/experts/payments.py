"""Intents such as payments make them: transfers between a few accounts, some of them wrong."""

from __future__ import annotations

from random import Random
from typing import Any

MOST = 9_223_372_036_854_775_807


def payment(seed: int) -> dict[str, Any]:
    """Make the intent of a seed: about a third of them are not what they claim to be."""
    rng = Random(seed)
    accounts = [f"a{index}" for index in range(rng.randint(2, 6))]
    transfers: list[tuple[str, str, str]] = []
    for index in range(rng.randint(1, 3)):
        source, target = rng.sample(accounts, 2)
        transfers.append((source, target, f"t{index}"))
    fee = "fee" if rng.random() < 0.4 else ""
    kind = rng.choice(("good", "good", "mint", "leak", "overdraw"))
    pre = [f"{amount} > 0" for _, _, amount in transfers]
    pre += [f"{name} >= 0" for name in accounts]
    if fee:
        pre.append(f"0 <= {fee} <= 10")
    for name in accounts:
        pre.append(_balance(name, transfers, fee if name == accounts[0] else "", kind))
    posts = [
        " + ".join(f"new_{name}" for name in accounts)
        + (f" + {fee}" if fee and kind != "leak" else "")
        + " == "
        + " + ".join(accounts)
    ]
    for name in accounts:
        spent = [amount for source, _, amount in transfers if source == name]
        spent += [fee] if fee and name == accounts[0] else []
        if not spent:
            continue
        if kind != "overdraw":
            pre.append(f"{name} >= {' + '.join(spent)}")
        posts.append(f"new_{name} >= 0")
    intent: dict[str, Any] = {"id": f"payment-{seed}", "pre": pre, "post": posts}
    if rng.random() < 0.3:
        pre += [f"{name} <= 1000000000000" for name in [*accounts, *_amounts(transfers)]]
        posts.append(f"{' + '.join(f'new_{name}' for name in accounts)} <= {MOST}")
        if rng.random() < 0.5:
            intent["int_bits"] = 64
    return intent


def _amounts(transfers: list[tuple[str, str, str]]) -> list[str]:
    return [amount for _, _, amount in transfers]


def _balance(name: str, transfers: list[tuple[str, str, str]], fee: str, kind: str) -> str:
    text = f"new_{name} == {name}"
    for source, target, amount in transfers:
        if source == name:
            text += f" - {amount}"
        if target == name:
            text += f" + {amount}"
    if fee:
        text += f" - {fee}"
    return f"{text} + 1" if kind == "mint" and name == "a1" else text
