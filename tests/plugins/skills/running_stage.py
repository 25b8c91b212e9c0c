"""Skills written for a test, and a look at what is left when they have run."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from ciranda.executors.descendants import descendants
from ciranda_skills.format import Skill, read_skill


def make_skill(
    folder: Path, files: Mapping[str, str | bytes], *, name: str = "tried", metadata: str = ""
) -> Skill:
    """Write a skill and read it as anybody would."""
    root = folder / name
    for relative, content in files.items():
        path = root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dedent(content).encode() if isinstance(content, str) else content)
    text = f"---\nname: {name}\ndescription: Is tried.\n{metadata}---\n"
    (root / "SKILL.md").write_text(text)
    return reread(root)


def reread(root: Path) -> Skill:
    skill = read_skill(root).skill
    assert skill is not None
    return skill


def left_over(root: Path) -> list[int]:
    """Return the processes that stand in a folder, whoever their parent is by now."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                where = os.readlink(f"/proc/{name}/cwd")
            except OSError:
                continue
            if where.startswith(str(root)):
                found.append(int(name))
    return found


def below_us() -> set[int]:
    return set(descendants(os.getpid()))


def wait_until_gone(before: set[int], seconds: float = 5.0) -> set[int]:
    """Return the processes below this one that are new and stay."""
    end = time.monotonic() + seconds
    while (left := below_us() - before) and time.monotonic() < end:
        time.sleep(0.01)
    return left
