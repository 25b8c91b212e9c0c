"""What size does to templates: many variables, many threads, many templates.

Figures are medians of interleaved rounds; memory is what the process has resident.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.quantum_compile import DATA, OURS
from benchmarks.quantum_works import TABLE, page
from benchmarks.rounds import interleaved
from ciranda_quantum import Library, Template, compile as compile_template

_ADDING = '<q:loop var="i" from="1" to="1000"><q:set name="x0" value="{x0 + i}"/></q:loop>{x0}'


def variables() -> None:
    """Print the loop of 1000 with more and more variables around it, and runs without the loop."""
    runs: dict[str, Callable[[], Any]] = {}
    for many in (1, 100, 1000):
        names = [f"x{number}" for number in range(many)]
        params = "".join(f'<q:param name="{name}" type="number"/>' for name in names)
        data = dict.fromkeys(names, 0)
        for kind, head in (("typed", params), ("untyped", "")):
            template = compile_template(page(head + _ADDING))
            assert template.render(**data) == "500500"
            runs[f"{kind}, {many}"] = partial(template.render, **data)
            without = compile_template(page(f"{head}{{x0}}"))
            runs[f"{kind}, {many}, entered"] = partial(without.render, **data)
    figures = interleaved(runs)
    print("a loop of 1000 among many variables")
    for name in [name for name in runs if not name.endswith("entered")]:
        inner = figures[name] - figures[f"{name}, entered"]
        print(f"  {name:14}{figures[name]:9.4f} ms, of it {inner:.4f} ms in the loop")


def threads() -> None:
    """Print pages a second of one template, by threads."""
    template = compile_template(TABLE.ours["ours"])
    expected = TABLE.by_hand(**TABLE.data)
    print(f"\none table of 1000 x 10 cells, rendered by several threads ({os.cpu_count()} cores)")
    for many in (1, 2, 8):
        rates = []
        for _ in range(5):
            started = time.perf_counter()
            pages = _together(template, many, 160 // many, expected)
            rates.append(pages / (time.perf_counter() - started))
        print(f"  {many} threads {sorted(rates)[2]:9.0f} pages/s")


def _together(template: Template, many: int, turns: int, expected: str) -> int:
    wrong: list[int] = []

    def work() -> None:
        wrong.append(sum(template.render(**TABLE.data) != expected for _ in range(turns)))

    crew = [threading.Thread(target=work) for _ in range(many)]
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    assert not any(wrong), "a thread saw another's page"
    return many * turns


def memory(many: int) -> None:
    """Print the bytes of many cached templates, and of what the library says."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number in range(many):
            path = Path(folder) / f"p{number}.q"
            path.write_text(OURS.replace("News", f"{number}"), encoding="utf-8")
            paths.append(str(path))
        library = Library(folder, most=many, size=1 << 40)
        library.load(paths[0]).render(**DATA)
        gc.collect()
        before = _resident()
        started = time.perf_counter()
        for name in paths[1:]:
            library.load(name)
        taken = time.perf_counter() - started
        gc.collect()
        size = _resident() - before
        kept = Library(folder, most=1000)
        for name in paths[:1200]:
            kept.load(name)
        print(
            f"\n{many} templates of 30 lines: {size / 1e6:.0f} MB, {size / many / 1e3:.1f} kB each "
            f"(the library counts {library.held / 1e6:.0f} MB); {taken:.1f} s to compile; "
            f"a library of 1000 keeps {len(kept)}"
        )


def _resident() -> int:
    """Return the bytes of this process in memory."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Print three blocks; the number of templates is the first argument."""
    variables()
    threads()
    memory(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)


if __name__ == "__main__":
    main()
