"""What the security expert costs: lines a second over the standard library, and one 500-line file.

Beside bandit where it is installed, which looks for less; else beside parsing and one walk over
the tree, which is the least that any such expert must do.
"""

from __future__ import annotations

import ast
import logging
import sysconfig
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from benchmarks.rounds import interleaved
from ciranda_experts import Intent, Question, Verdict
from ciranda_experts.intent.intent import Source
from ciranda_experts.security import judge, load_rules
from ciranda_experts.security.calibration import load_calibration

RULES, SHARES = load_rules(), load_calibration()


def judged(text: str) -> Verdict:
    intent = Intent(code=(Source(text, "python"),))
    return judge(Question(intent=intent, budget=5.0), RULES, SHARES).verdict


def walked(text: str) -> int:
    return sum(1 for _ in ast.walk(ast.parse(text)))


def bandit(text: str) -> Callable[[], object] | None:
    if find_spec("bandit") is None:
        return None
    config, manager = (import_module(f"bandit.core.{each}") for each in ("config", "manager"))
    logging.disable(logging.WARNING)
    settings = config.BanditConfig()
    file = Path(tempfile.mkdtemp()) / "a.py"  # it reads files alone
    file.write_text(text, encoding="utf-8")

    def run() -> object:
        made = manager.BanditManager(settings, "file")
        made.discover_files([str(file)])
        made.run_tests()
        return made.get_issue_list()

    return run


def typical(files: list[Path]) -> str:
    """Return the text of the file nearest to 500 lines."""
    texts = [each.read_text(encoding="utf-8", errors="replace") for each in files]
    return min(texts, key=lambda text: abs(text.count("\n") - 500))


def main() -> None:
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = [each for each in sorted(folder.glob("*.py")) if each.stat().st_size < 1 << 20]
    text = typical(files)
    runs: dict[str, Callable[[], object]] = {
        "security expert": lambda: judged(text),
        "ast.parse + ast.walk": lambda: walked(text),
    }
    peer = bandit(text)
    if peer is not None:
        runs["bandit"] = peer
    figures = interleaved(runs, rounds=9)
    lines = text.count("\n")
    for name, figure in figures.items():
        print(f"{lines} lines, {name}: {figure:.1f} ms, {lines / figure * 1000:,.0f} lines/s")
    begin, total, verdicts = time.perf_counter(), 0, []
    for each in files:
        text = each.read_text(encoding="utf-8", errors="replace")
        total += text.count("\n")
        verdicts.append(judged(text))
    taken = time.perf_counter() - begin
    print(f"{len(files)} modules, {total:,} lines: {taken:.1f} s, {total / taken:,.0f} lines/s")
    for verdict in Verdict:
        if verdict in verdicts:
            share = verdicts.count(verdict) / len(verdicts)
            print(f"  {verdict.value}: {verdicts.count(verdict)} ({share:.1%})")


if __name__ == "__main__":
    main()
