"""Planning: ten thousand tasks from plain data to levels and ranks, and the search of orders.

    python benchmarks/planner_plan.py

The reference beside the first figure is the standard library's sorter over the same needs, which
finds cycles and levels and nothing else; beside the second the order by upward rank alone. All in
one process and in turn; times are of the processor.
"""

from __future__ import annotations

import gc
import random
import time
from graphlib import TopologicalSorter

from ciranda_planner.graph import graph_of
from ciranda_planner.plan import Plan
from ciranda_planner.reading import plan_of
from ciranda_planner.search import search

COUNT = 10_000
ROUNDS = 7


def tasks(count, reach, seed=1, cpu=0.0):
    draw = random.Random(seed)
    return [
        {
            "id": f"task{at}",
            "deps": sorted({f"task{draw.randrange(max(0, at - reach), at)}" for _ in range(3)})
            if at
            else [],
            "duration_ms": draw.randint(1, 50) * 10,
            "kind": "cpu" if draw.random() < cpu else "io",
        }
        for at in range(count)
    ]


def best(work, *given):
    """Return the shortest of some rounds in milliseconds, each from a clean heap."""
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        began = time.process_time()
        work(*given)
        times.append(time.process_time() - began)
    return min(times) * 1000


def planned(fields) -> Plan:
    plan = plan_of(fields)
    graph = graph_of(plan)
    graph.levels()
    graph.ranks()
    return plan


def sorted_by_the_library(fields):
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for task in fields["tasks"]:
        sorter.add(task["id"], *task["deps"])
    sorter.prepare()
    while sorter.is_active():
        sorter.done(*sorter.get_ready())


def main():
    fields = {"max_workers": 16, "tasks": tasks(COUNT, 200)}
    ours, theirs = best(planned, fields), best(sorted_by_the_library, fields)
    print(
        f"{COUNT:,} tasks validated, levels, ranks: {ours:.0f} ms (graphlib alone {theirs:.0f} ms)"
    )
    shuffled = list(fields["tasks"])
    random.Random(2).shuffle(shuffled)
    ours = best(planned, fields | {"tasks": shuffled})
    print(f"the same in no order: {ours:.0f} ms")
    for count, reach, workers in ((60, 40, 8), (200, 150, 12), (500, 400, 20)):
        fields = {"max_workers": workers, "cpu_workers": 4, "tasks": tasks(count, reach, 3, 0.5)}
        plan = plan_of(fields)
        alone, found = search(plan, tries=1), search(plan)
        took, first = best(search, plan), best(lambda plan: search(plan, tries=1), plan)
        print(
            f"search of {count} tasks: {took:.0f} ms (rank order alone {first:.1f} ms),"
            f" {found.examined} orders, {found.distance:.2%} over the bound"
            f" (rank order alone {alone.distance:.2%})"
        )


if __name__ == "__main__":
    main()
