"""The other side of `apart`: the process in which a plugin is checked."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import asdict
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Check a plugin; write each piece of work, each finding and the end to a file descriptor.

    The command line gives the descriptor, `sys.path`, the plugin and the rules.
    """
    number, paths, what, rules = sys.argv[1:5]
    os.set_inheritable(int(number), False)  # what the plugin starts would keep it open
    os.dup2(2, 1)  # what it prints is no part of a table or of JSON
    sys.path[:] = json.loads(paths)

    from ciranda.conformance.conforming import findings
    from ciranda.conformance.doing import Doing
    from ciranda.conformance.subject import find_subject
    from ciranda.executors.pool.worker.system import die_with_parent

    die_with_parent(signal.SIGKILL)
    with os.fdopen(int(number), "w", encoding="utf-8") as pipe:

        def tell(word: str, told: Any) -> None:
            pipe.write(f"{json.dumps([word, told])}\n")
            pipe.flush()

        def doing(now: Doing) -> None:
            tell("doing", asdict(now))

        for one in findings(find_subject(what), frozenset(json.loads(rules)), tell=doing):
            tell("found", asdict(one))
        tell("ended", None)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # whatever the plugin left running has been told of
