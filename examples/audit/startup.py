"""What runs at every start of Python, and what stands on the path: for the security expert.

An inline plugin, used by `audit.yaml`.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Any, TypedDict

from ciranda import action, hookimpl

_LARGEST = 20_000  # bytes of one script; what is larger was not made by an installer
_ALL = 900_000  # bytes of all of them in one question
_PYTHON = (b"#!", b"python")


class Source(TypedDict):
    """A piece of code to look at."""

    name: str
    language: str
    text: str


class Finding(TypedDict):
    """One thing that somebody should look at."""

    distribution: str
    kind: str
    detail: str


@action("audit.code")
def code(checked: list[dict[str, Any] | None]) -> list[Source]:
    """Return the lines that `.pth` files execute, and the console scripts of distributions.

    Args:
        checked: What `audit.verify` said of each distribution.
    """
    folders = {Path(sysconfig.get_path(key)) for key in ("purelib", "platlib")}
    found = [
        Source(name=str(file), language="python", text=_executed(file))
        for folder in sorted(folders)
        for file in sorted(folder.glob("*.pth"))
    ]
    scripts = Path(sysconfig.get_path("scripts"))
    for name in sorted({name for one in checked if one for name in one["scripts"]}):
        file = scripts / name
        if file.is_file() and file.stat().st_size <= _LARGEST:
            content = file.read_bytes()
            if all(mark in content[:200] for mark in _PYTHON):
                text = content.decode("utf-8", "replace")
                found.append(Source(name=str(file), language="python", text=text))
    left = _ALL
    for source in found:
        left -= len(source["text"].encode())
        if left < 0:
            source["text"] = ""
    return [source for source in found if source["text"].strip()]


@action("audit.patterns")
def patterns(judged: dict[str, Any], checked: list[dict[str, Any] | None]) -> list[Finding]:
    """List what the security expert found, each with the distribution it belongs to.

    Args:
        judged: The verdict of `experts.verify`.
        checked: What `audit.verify` said of each distribution.
    """
    owners = {name: one["name"] for one in checked if one for name in one["scripts"]}
    owners |= {Path(pth["file"]).name: one["name"] for one in checked if one for pth in one["pth"]}
    findings = []
    for expert in judged["experts"]:
        for found in expert["evidence"].get("findings", []):
            file, rule = found["source"], f"{found['rule']}, {found['severity']}"
            findings.append(
                Finding(
                    distribution=owners.get(Path(file).name, "(none)"),
                    kind="attack-pattern",
                    detail=f"{file}:{found['line']}: {rule}: {found['what']}",
                )
            )
        if expert["verdict"] == "uncertain" and not expert["evidence"].get("findings"):
            findings.append(
                Finding(distribution="(none)", kind="attack-pattern", detail=expert["message"])
            )
    return findings


@hookimpl
def actions() -> list[Any]:
    """Offer the actions of this file."""
    return [code, patterns]


def _executed(file: Path) -> str:
    """Return what the `site` module executes of a `.pth` file, each line at its place."""
    lines = file.read_bytes().decode("utf-8", "replace").splitlines()
    return "\n".join(line if line.startswith(("import ", "import\t")) else "" for line in lines)
