"""Intents for the tests of commands, and files that hold one a line."""

import json

TRANSFER = """\
id: transfer
vars: {alice: int, bob: int, amount: int}
pre: [amount > 0, new_alice == alice - amount, new_bob == bob + amount]
post: [new_alice + new_bob == alice + bob, new_alice >= 0]
"""
GOOD = {"id": "good", "pre": ["x > 2"], "post": ["x > 1"]}
WRONG = {"id": 7, "pre": ["x > 0"], "post": ["x > 1000"]}


def lines(folder, *intents, name="intents.jsonl"):
    texts = [each if isinstance(each, str) else json.dumps(each) for each in intents]
    (folder / name).write_text("".join(f"{text}\n" for text in texts))
    return name
