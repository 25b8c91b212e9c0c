"""Compare two JSON documents."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

MISSING = object()


def execute(before: Any, after: Any, ignore: list[str] = []) -> dict[str, Any]:  # noqa: B006  (read)
    """Return what differs.

    Args:
        before: A JSON value.
        after: Another.
        ignore: JSON Pointers that are left out, with what is below them.
    """
    left_out = tuple(ignore)
    changes = [
        change
        for change in compare("", before, after)
        if not any(
            change["path"] == path or change["path"].startswith(f"{path}/") for path in left_out
        )
    ]
    return {"equal": not changes, "changes": changes}


def compare(path: str, before: Any, after: Any) -> Iterator[dict[str, Any]]:
    """Yield what differs, in the order of the documents, without recursion."""
    waiting = [(path, before, after)]
    while waiting:
        path, before, after = waiting.pop()
        if before is MISSING:
            yield {"op": "added", "path": path, "after": after}
        elif after is MISSING:
            yield {"op": "removed", "path": path, "before": before}
        elif type(before) is not type(after):
            yield {"op": "changed", "path": path, "before": before, "after": after}
        elif isinstance(before, dict):
            names = [*before, *(name for name in after if name not in before)]
            waiting += [
                (f"{path}/{escaped(name)}", before.get(name, MISSING), after.get(name, MISSING))
                for name in reversed(names)
            ]
        elif isinstance(before, list):
            for number in reversed(range(max(len(before), len(after)))):
                old, new = (
                    each[number] if number < len(each) else MISSING for each in (before, after)
                )
                waiting.append((f"{path}/{number}", old, new))
        elif before != after:
            yield {"op": "changed", "path": path, "before": before, "after": after}


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


if __name__ == "__main__":
    try:
        given = json.load(sys.stdin)
        found = execute(given["before"], given["after"], given.get("ignore", []))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        print(f"give an object with `before` and `after`: {error}", file=sys.stderr)
        sys.exit(2)
    print(json.dumps(found, ensure_ascii=False))
