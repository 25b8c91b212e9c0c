"""Runs of skills beside a cold interpreter and a bare fork; run alone, prints ratios.

    python benchmarks/skills_calls.py [runs | hits]

Every contender runs the same script in the same minute, in turns, and its answers are checked.

Last figures (2 busy cores, Python 3.11, L3; the quietest of each, where a typical script in a cold
interpreter took 24 ms and a bare fork 2.0 ms): fresh 7.1-7.5 ms, a shell script 12.5 ms; as
shares of the cold interpreter's p50 0.3-0.5 and 0.6-0.8. At a real-time priority on the same busy
machine (`chrt -r 10`; 26 ms and 2.3 ms): fresh 4.3-4.7 ms, warm 0.08-0.09 ms, cold without a zygote
58-64 ms, and 20-28 ms where one had been started before for another skill. 10 sleeping
skills on 5 slots 4.8 times as fast, 4 busy ones on 2 slots 1.8-2.0 times.

Steps that are answered from the cache, at the end, and alone with `hits` (busy cores): 21 us for a
skill of one script named by its path and 32-37 us by its name, with 50 scripts 132 and 144 us. That
is 11 us and 2.1-2.3 us for each file and folder, of which `os.lstat` takes 1.9-2.1 us. When all was
read each time it was 0.8-1.1 ms and 2.4-3.6 ms, with 50 scripts 1.6 and 4.1-5.4 ms.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from ciranda import Engine, hookimpl
from ciranda.layer import Call, Layer, Next, Place, StepPlan
from ciranda.workflow.load import loads
from ciranda_skills.finder import Finder
from ciranda_skills.format import Skill, read_skill
from ciranda_skills.running import Runner
from ciranda_skills.shelf import Shelf

ROUNDS = 5
IMPORTED = ("textwrap", "difflib", "calendar", "string", "html")  # a zygote of its own each
SCRIPTS = {
    "typical.py": "import csv, io, json, re, statistics\n"
    "rows = list(csv.DictReader(io.StringIO('a,b\\n1,2\\n3,4\\n')))\n"
    "print(json.dumps({'mean': statistics.fmean(float(r['a']) for r in rows)}))\n",
    "nothing.py": "print(1)\n",
    "add.py": "def execute(a: int = 1, b: int = 2):\n    return a + b\n",
    "sleep.py": "import time\ntime.sleep(1)\n",
    "burn.py": "print(sum(n * n % 7 for n in range(6_000_000)))\n",
    "shell.sh": "echo 1\n",
}
Act = Callable[[], Awaitable[object]]


def write_skill(folder: Path) -> Skill:
    root = folder / "measured"
    (root / "scripts").mkdir(parents=True)
    (root / "SKILL.md").write_text("---\nname: measured\ndescription: Is measured.\n---\n")
    for name, source in SCRIPTS.items():
        (root / "scripts" / name).write_text(source)
    skill = read_skill(root).skill
    assert skill is not None
    return skill


async def timed(act: Act, count: int) -> list[float]:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        await act()
        times.append(time.perf_counter() - start)
    return times


def show(name: str, times: list[float], unit: float) -> None:
    cuts = statistics.quantiles(times, n=100)
    middle = statistics.median(times)
    print(
        f"{name:36} p50 {middle * 1e3:8.3f} ms   p99 {cuts[98] * 1e3:8.3f} ms"
        f"   min {min(times) * 1e3:8.3f} ms   x{middle / unit:7.3f}"
    )


async def bare_fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)  # noqa: ASYNC222  (what is compared)


async def latencies(skill: Skill, count: int) -> None:
    async with Runner(slots=2) as runner:

        async def fresh(name: str) -> None:
            assert (await runner.run(skill, name)).ok

        async def warm(name: str) -> None:
            assert (await runner.run(skill, name, warm=True)).ok

        async def cold(name: str) -> None:
            path = skill.root / "scripts" / name
            argv = [sys.executable, str(path)]
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)  # noqa: ASYNC221  (so too)

        async def sandboxed_cold() -> None:
            async with Runner(slots=1) as other:
                start = time.perf_counter()
                assert (await other.run(skill, "typical.py")).ok
                colds.append(time.perf_counter() - start)

        def unlike_others() -> Skill:
            number = len(aheads)
            root = skill.root.parent / f"unlike-{number}"
            (root / "scripts").mkdir(parents=True)
            text = f"---\nname: unlike-{number}\ndescription: Is measured.\n---\n"
            (root / "SKILL.md").write_text(text)
            script = f"import {IMPORTED[number]}\n{SCRIPTS['typical.py']}"
            (root / "scripts/typical.py").write_text(script)
            found = read_skill(root).skill
            assert found is not None
            return found

        async def after_a_pause() -> None:
            other = unlike_others()
            await anyio.sleep(0.5)
            start = time.perf_counter()
            assert (await runner.run(other, "typical.py")).ok
            aheads.append(time.perf_counter() - start)

        aheads: list[float] = []
        colds: list[float] = []
        contenders: dict[str, tuple[Act, int]] = {
            "subprocess.run, typical script": (lambda: cold("typical.py"), count),
            "subprocess.run, empty script": (lambda: cold("nothing.py"), count),
            "fork of this process, and its end": (bare_fork, count),
            "fresh, typical script": (lambda: fresh("typical.py"), count),
            "fresh, empty script": (lambda: fresh("nothing.py"), count),
            "fresh, shell": (lambda: fresh("shell.sh"), count),
            "warm, function": (lambda: warm("add.py"), count * 10),
            "warm, typical script": (lambda: warm("typical.py"), count * 10),
        }
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for act, _ in contenders.values():
            await timed(act, 3)
        for _ in range(ROUNDS):
            for name, (act, acts) in contenders.items():
                times[name] += await timed(act, acts // ROUNDS)
            await timed(sandboxed_cold, 3)
            await after_a_pause()
        unit = statistics.median(times["subprocess.run, typical script"])
        for name, found in times.items():
            show(name, found, unit)
        show("cold, no zygote yet, typical script", colds, unit)
        show("the same, some time after another", aheads, unit)


async def together(skill: Skill, name: str, runs: int, slots: int) -> float:
    async with Runner(slots=slots) as runner:
        async with anyio.create_task_group() as tasks:  # zygotes for all
            for _ in range(slots):
                tasks.start_soon(runner.run, skill, "sleep.py")
        start = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(runs):
                tasks.start_soon(runner.run, skill, name)
        return time.perf_counter() - start


class Again:
    """Ask for the answer of a step that has one in the cache, again and again."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.whole: list[float] = []  # seconds a call
        self.content: list[float] = []  # of these, for what the answer depends on

    @hookimpl
    def middleware(self, target: object) -> Layer | None:
        """Stand around the cache of a step."""
        if not isinstance(target, StepPlan) or target.options.cache is None:
            return None
        content = target.action.fingerprint
        assert content is not None

        async def call(call: Call, next: Next) -> object:  # noqa: A002  (the word of the contract)
            first = await next(call)
            assert "cached" not in call.notes
            for _ in range(ROUNDS):
                hits = 0
                start = time.perf_counter()
                for _ in range(self.count):
                    call.notes.clear()
                    same = await next(call)
                    hits += call.notes["cached"]
                self.whole.append((time.perf_counter() - start) / self.count)
                assert hits == self.count
                assert same == first
                given = (call.inputs, call.ctx.run.base)
                start = time.perf_counter()
                for _ in range(self.count):
                    content(*given)
                self.content.append((time.perf_counter() - start) / self.count)
            return first

        return Layer(call, Place.TRACING, name="again", before=("figures",))


async def hits(folder: Path, scripts: int, skill: str, count: int) -> None:
    (folder / "ciranda.toml").write_text("")
    root = folder / ".ciranda/skills/answers"
    (root / "scripts").mkdir(parents=True, exist_ok=True)
    text = "---\nname: answers\ndescription: Is measured.\nmetadata: {pure: true}\n---\n"
    (root / "SKILL.md").write_text(text)
    for number in range(scripts):
        (root / f"scripts/s{number}.py").write_text(SCRIPTS["typical.py"])
    Shelf(folder).trust.grant(root, "answers")
    await anyio.sleep(0.1)  # files that changed right now are read each time
    given = f"{{skill: {skill}, script: s0.py}}"
    flow = (
        f"ciranda: 1\nname: hits\nsteps:\n  a: {{uses: skills.run, with: {given}, cache: {{}}}}\n"
    )
    again = Again(count)
    async with Engine(store=folder / ".ciranda") as engine:
        engine.plugins.register(again, "again")
        result = await engine.run(loads(flow.encode(), file=str(folder / "flow.yaml")))
    assert result.status == "succeeded"
    assert result.steps["a"]["output"]["json"] == {"mean": 2.0}
    watched = Finder().find(skill, folder).watch
    assert watched is not None
    whole, content = min(again.whole) * 1e6, min(again.content) * 1e6
    name = f"a hit by {'path' if '/' in skill else 'name'}, scripts: {scripts}"
    goal = 10 + 1.5 * len(watched)
    print(
        f"{name:36} {whole:8.1f} us, {content:.1f} of them for what it depends on;"
        f" goal {goal:.1f} ({len(watched)} files and folders)"
    )


async def all_hits(count: int) -> None:
    for scripts in (1, 10, 50):
        for skill in ("./.ciranda/skills/answers", "answers"):
            with tempfile.TemporaryDirectory() as folder:
                os.environ["HOME"] = os.path.join(folder, "home")
                await hits(Path(folder), scripts, skill, count)


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        skill = write_skill(Path(folder))
        await latencies(skill, count)
        slept = await together(skill, "sleep.py", 10, 5)
        print(f"{'10 sleeping skills on 5 slots':36} {10 / slept:8.2f} times as fast as in turn")
        alone = await together(skill, "burn.py", 4, 1)
        both = await together(skill, "burn.py", 4, 2)
        print(f"{'4 busy skills on 2 slots':36} {alone / both:8.2f} times as fast as on 1")
    await all_hits(count * 10)


if __name__ == "__main__":
    alone = sys.argv[1:] == ["hits"]
    amount = 200 if alone or len(sys.argv) == 1 else int(sys.argv[1])
    for backend in ("asyncio", "trio"):
        print(f"-- {backend}")
        anyio.run(all_hits if alone else main, amount * 10 if alone else amount, backend=backend)
