"""Whether a plugin can be imported, and what it does then: asked of a fresh process."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from ciranda.conformance.ending import end_all
from ciranda.conformance.finding import Finding
from ciranda.conformance.subject import Subject

__all__ = ["Probed", "command_rules", "import_rules", "probe"]

_PROBE: Final = Path(__file__).with_name("probe.py")
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Probed:
    """What importing a plugin did in a fresh process.

    Attributes:
        error: What it raised, or how the process ended; empty if it went well.
        place: Where it raised.
        printed: What it wrote to either stream.
        effects: What it did besides, as a sentence goes on, and where.
        command: Whether it imported the module of the commands.
    """

    error: str = ""
    place: str = ""
    printed: str = ""
    effects: tuple[tuple[str, str], ...] = ()
    command: bool = False


def probe(subject: Subject, seconds: float = _SECONDS) -> Probed:
    """Import a plugin in a process that knows nothing of it yet.

    Args:
        subject: The plugin.
        seconds: How long that may take.
    """
    module = subject.module.partition(":")[0]
    paths = [str(path) for path in subject.paths]
    folders = paths or _home(module)
    words = [sys.executable, str(_PROBE), module, subject.command.partition(":")[0]]
    words += [json.dumps([*paths, *sys.path]), json.dumps(folders)]
    ended = _ended(words, seconds)
    if ended is None:
        return Probed(error=f"it takes longer than {seconds:g} s")
    code, printed, said = ended
    report = _report(printed)
    if report is None:
        last = (said.strip().splitlines() or [f"exit code {code}"])[-1]
        return Probed(error=f"it ends the process: {last}")
    return Probed(
        f"it raises {report['error']}" if report["error"] else "",
        report["place"],
        report["printed"],
        tuple((told, place) for told, place in report["effects"]),
        report["command"],
    )


def _ended(words: list[str], seconds: float) -> tuple[int, str, str] | None:
    """Run a program; return its exit code and what it wrote, or None if it took too long."""
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # what it started would hold its pipes open for ever
    ) as child:
        try:
            printed, said = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            end_all(child)
    return child.returncode, printed, said


def import_rules(subject: Subject, probed: Probed) -> Iterator[Finding]:
    """Yield what is wrong with importing a plugin."""
    module = subject.module.partition(":")[0]
    if probed.error:
        yield Finding.fail("import", f"importing fails: {probed.error}", probed.place or module)
    if probed.printed:
        first = probed.printed.strip().splitlines()[:1]
        yield Finding.fail("import-output", f"importing it prints {''.join(first)!r}", module)
    for told, place in dict(probed.effects).items():
        yield Finding.fail("import-effects", f"importing it {told}", place or module)


def command_rules(subject: Subject, probed: Probed) -> Iterator[Finding]:
    """Yield what is wrong with the commands of a plugin that is importable here."""
    target = subject.command
    if not target:
        yield Finding.skip("commands", "it has no commands")
        return
    name, _, attribute = target.partition(":")
    if probed.command:
        lazy = f"importing the plugin imports {name}: give the commands a module of their own"
        yield Finding.fail("commands", lazy, target)
    try:
        command = getattr(importlib.import_module(name), attribute or "command")
    except Exception as error:  # whatever an author's module raises is the finding
        yield Finding.fail("commands", f"it raises {type(error).__name__}: {error}", target)
        return
    if not isinstance(command, click.Command):
        kind = type(command).__name__
        yield Finding.fail("commands", f"it is {kind}: make it with @click.command", target)
    elif not command.help:
        yield Finding.fail("commands", "it has no docstring, so `--help` says nothing", target)


def _report(printed: str) -> dict[str, Any] | None:
    lines = printed.strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _home(module: str) -> list[str]:
    """Return the folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    if spec is None:
        return []
    return list(spec.submodule_search_locations or ()) or [spec.origin or ""]
