"""The check in a process of its own: whatever the plugin does, it ends, and all with it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ciranda.conformance.conforming import in_order, unseen
from ciranda.conformance.doing import Doing
from ciranda.conformance.ending import end_all
from ciranda.conformance.finding import Finding, Verdict
from ciranda.conformance.subject import Subject

__all__ = ["conform_apart"]

_CHILD: Final = "from ciranda.conformance.performing import main; main()"
_BEGINNING: Final = 60.0  # seconds for the process to begin, on a machine with other work
_CHUNK: Final = 65_536


def conform_apart(
    subject: Subject, what: str, *, only: Iterable[str], seconds: float = 30.0
) -> list[Finding]:
    """Do as `conform` does, in a process that is killed when the plugin does not come back.

    Args:
        subject: The plugin.
        what: The words that it was found by; the process finds it by them too.
        only: The rules that are looked at.
        seconds: How long one call into the plugin may take.
    """
    wanted = frozenset(only)
    found: list[Finding] = []
    doing = Doing("import", f"`{subject.name}`", subject.module)
    for word, told in _messages([what, json.dumps(sorted(wanted))], seconds):
        if word == "doing":
            doing = Doing(**told)
        elif word == "found":
            found.append(Finding(**{**told, "verdict": Verdict(told["verdict"])}))
        else:
            found.append(Finding.fail(doing.rule, f"{doing.what} {told}", doing.place))
            found += unseen(doing.rule, f"{doing.what} {told}", found)
            wanted |= {doing.rule}
    return in_order(found, wanted)


def _messages(words: list[str], seconds: float) -> Iterator[tuple[str, Any]]:
    """Yield what the process tells; at last, unless it came to its end, why it did not."""
    read, write = os.pipe()
    with os.fdopen(read, "rb", buffering=0) as pipe:
        try:
            child = subprocess.Popen(
                # Not `-m`: the folder that this is called in is nobody's package.
                [sys.executable, "-P", "-c", _CHILD, f"{write}", json.dumps(sys.path), *words],
                stdin=subprocess.DEVNULL,
                pass_fds=(write,),
                start_new_session=True,  # a Ctrl-C is for us, and it is killed with its group
            )
        finally:
            os.close(write)
        try:
            rest, within = b"", _BEGINNING
            end = time.monotonic() + within
            while select.select([pipe], [], [], max(0.0, end - time.monotonic()))[0]:
                data = pipe.read(_CHUNK)
                if not data:
                    code = child.wait()
                    how = f"signal {-code}" if code < 0 else f"exit code {code}"
                    yield "lost", f"ends the process that it is checked in ({how})"
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    word, told = json.loads(line)
                    if word == "ended":
                        child.wait(_BEGINNING)
                        return
                    yield word, told
                if lines:
                    within = seconds
                    end = time.monotonic() + within
            yield "lost", f"had not ended after {within:g} s and was stopped"
        finally:
            end_all(child)
