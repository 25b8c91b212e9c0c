"""Graphs whose shortest schedule is known, proven by a solver for constraints (CP-SAT)."""

import random


def task(name, needs=(), length=100, kind="io", cost=None):
    fields = {"id": name, "deps": list(needs), "duration_ms": length, "kind": kind}
    return {**fields, "cost": cost} if cost else fields


def graph(tasks, workers, cpu_workers=None, limit=None):
    return {
        "tasks": tasks,
        "max_workers": workers,
        "cpu_workers": cpu_workers,
        "rate_limit": limit,
    }


def layered(seed, count, layers, workers, *, cpu=0.0, cpu_workers=None, limit=None):
    draw = random.Random(seed)
    layer = sorted(draw.randrange(layers) for _ in range(count))
    tasks = []
    for at in range(count):
        before = [other for other in range(at) if layer[other] < layer[at]]
        near = [other for other in before if layer[other] == layer[at] - 1] or before
        needs = draw.sample(near, min(len(near), draw.randint(1, 3))) if near else []
        kind = "cpu" if draw.random() < cpu else "io"
        cost = None
        if limit and draw.random() < 0.6:
            cost = {"requests": 1}
            if "input_tokens" in limit:
                cost["input_tokens"] = draw.randint(1, limit["input_tokens"] // 2)
        names = [f"n{other:02d}" for other in needs]
        tasks.append(task(f"n{at:02d}", names, draw.randint(1, 20) * 10, kind, cost))
    return graph(tasks, workers, cpu_workers, limit)


def sparse(seed, count, share, workers, *, cpu=0.0, cpu_workers=None, limit=None):
    draw = random.Random(seed)
    tasks = []
    for at in range(count):
        names = [f"n{other:02d}" for other in range(at) if draw.random() < share]
        cost = {"requests": draw.randint(1, 2)} if limit and draw.random() < 0.5 else None
        length = draw.randint(1, 30) * 10
        kind = "cpu" if draw.random() < cpu else "io"
        tasks.append(task(f"n{at:02d}", names, length, kind, cost))
    return graph(tasks, workers, cpu_workers, limit)


def in_tree(count, workers, seed=None):
    draw = random.Random(seed or 0)
    tasks = []
    for at in range(count, 0, -1):
        needs = [f"n{child}" for child in (2 * at, 2 * at + 1) if child <= count]
        tasks.append(task(f"n{at}", needs, 50 if seed is None else draw.randint(1, 9) * 10))
    return graph(tasks, workers)


def out_tree(count, workers, seed=None):
    draw = random.Random(seed or 0)
    tasks = []
    for at in range(1, count + 1):
        needs = [f"n{at // 2}"] if at > 1 else []
        tasks.append(task(f"n{at}", needs, 50 if seed is None else draw.randint(1, 9) * 10))
    return graph(tasks, workers)


def anomaly(workers, less=0):
    """Graham's: a worker more, or shorter tasks, make a fixed order of dispatch longer."""
    lengths = {"a": 3, "b": 2, "c": 2, "d": 2, "e": 4, "f": 4, "g": 4, "h": 4, "i": 9}
    needs = {"i": ["a"], **{name: ["d"] for name in "efgh"}}
    tasks = [task(name, needs.get(name, ()), (n - less) * 10) for name, n in lengths.items()]
    return graph(tasks, workers)


def alone(lengths, workers):
    return graph([task(f"t{at}", (), length) for at, length in enumerate(lengths)], workers)


def drawn(seed, count, least, most):
    draw = random.Random(seed)
    return [draw.randint(least, most) * 10 for _ in range(count)]


def chains():
    tasks = [
        task(f"c{chain}_{at}", [f"c{chain}_{at - 1}"] if at else [], (chain + 1) * 10 + at * 7)
        for chain in range(5)
        for at in range(6)
    ]
    return graph(tasks, 3)


def diamonds():
    tasks = []
    for at in range(4):
        tasks.append(task(f"s{at}", [f"e{at - 1}"] if at else [], 20))
        tasks += [task(f"m{at}_{each}", [f"s{at}"], 30 + each * 20) for each in range(5)]
        tasks.append(task(f"e{at}", [f"m{at}_{each}" for each in range(5)], 20))
    return graph(tasks, 3)


def milestones():
    tasks = [task("start", (), 0)]
    for stage in range(3):
        above = "start" if not stage else f"gate{stage - 1}"
        tasks += [task(f"w{stage}_{at}", [above], 20 + 30 * at) for at in range(4)]
        tasks.append(task(f"gate{stage}", [f"w{stage}_{at}" for at in range(4)], 0))
    return graph(tasks, 2)


def tokens():
    tasks = [
        task(f"t{at}", (), 60, cost={"requests": 1, "input_tokens": (at * 37) % 60 + 10})
        for at in range(10)
    ]
    return graph(tasks, 5, None, {"window_ms": 500, "requests": 5, "input_tokens": 100})


def requests():
    tasks = [task(f"t{at}", (), 50, cost={"requests": 1}) for at in range(9)]
    return graph(tasks, 5, None, {"window_ms": 200, "requests": 4})


def cpu_first():
    tasks = [
        task("c1", (), 100, "cpu"),
        task("c2", (), 100, "cpu"),
        task("c3", (), 100, "cpu"),
        task("i1", ["c3"], 300),
        task("i2", ["c1"], 50),
        task("i3", (), 200),
    ]
    return graph(tasks, 3, 1)


def _cpu(seed, count, layers, workers, share, cores):
    return layered(seed, count, layers, workers, cpu=share, cpu_workers=cores)


_TWICE = {"window_ms": 400, "requests": 3}
_BOTH = {"window_ms": 300, "requests": 3, "input_tokens": 60}
_SLOW = {"window_ms": 500, "requests": 3}

# Each with its proven minimum in milliseconds.
KNOWN = {
    "anomaly": (anomaly(3), 120),
    "anomaly, a worker more": (anomaly(4), 120),
    "anomaly, shorter tasks": (anomaly(3, 1), 100),
    "longest first is worst, 2": (alone([30, 30, 20, 20, 20], 2), 60),
    "longest first is worst, 3": (alone([50, 50, 40, 40, 30, 30, 30], 3), 90),
    "longest first is worst, 4": (alone([70, 70, 60, 60, 50, 50, 40, 40, 40], 4), 120),
    "longest first is worst, 6": (
        alone([110, 110, 100, 100, 90, 90, 80, 80, 70, 70, 60, 60, 60], 6),
        180,
    ),
    "alone, 25": (alone(drawn(9, 25, 1, 20), 4), 650),
    "in-tree, 15": (in_tree(15, 3), 300),
    "in-tree, 31": (in_tree(31, 4), 450),
    "in-tree, 21": (in_tree(21, 3, seed=5), 370),
    "out-tree, 15": (out_tree(15, 4), 250),
    "out-tree, 31": (out_tree(31, 3, seed=3), 580),
    "chains": (chains(), 475),
    "diamonds": (diamonds(), 640),
    "milestones": (milestones(), 390),
    "cpu first": (cpu_first(), 400),
    "cpu 100": (_cpu(100, 24, 4, 4, 0.5, 2), 660),
    "cpu 101": (_cpu(101, 24, 4, 4, 0.5, 2), 730),
    "cpu 102": (_cpu(102, 24, 4, 4, 0.5, 2), 740),
    "cpu 103": (_cpu(103, 24, 4, 4, 0.5, 2), 820),
    "cpu 110": (_cpu(110, 40, 5, 6, 0.4, 2), 910),
    "cpu 111": (_cpu(111, 40, 5, 6, 0.4, 2), 880),
    "cpu 120": (sparse(120, 20, 0.15, 4, cpu=0.5, cpu_workers=1), 1530),
    "cpu 121": (sparse(121, 20, 0.15, 4, cpu=0.5, cpu_workers=1), 960),
    "requests": (requests(), 450),
    "tokens": (tokens(), 1560),
    "limit 201": (layered(201, 14, 3, 4, limit=_TWICE), 860),
    "limit 202": (layered(202, 14, 3, 4, limit=_TWICE), 920),
    "limit 203": (layered(203, 14, 3, 4, limit=_TWICE), 860),
    "limit 211": (layered(211, 16, 4, 4, cpu=0.4, cpu_workers=2, limit=_BOTH), 1050),
    "limit 220": (sparse(220, 12, 0.2, 3, limit=_SLOW), 920),
    "limit 221": (sparse(221, 12, 0.2, 3, limit=_SLOW), 1620),
    "layers 300": (layered(300, 60, 5, 8), 900),
    "layers 301": (layered(301, 60, 5, 8), 910),
    "layers 302": (layered(302, 60, 5, 8), 820),
    "layers 303": (layered(303, 60, 5, 8), 790),
    "layers 310": (layered(310, 30, 4, 3), 1050),
    "layers 311": (layered(311, 30, 4, 3), 960),
    "layers 312": (layered(312, 30, 4, 3), 990),
    "sparse 320": (sparse(320, 25, 0.12, 3), 1370),
    "sparse 323": (sparse(323, 25, 0.12, 3), 1310),
    "sparse 330": (sparse(330, 50, 0.06, 5), 1550),
    "sparse 331": (sparse(331, 50, 0.06, 5), 1450),
    "layers 340": (layered(340, 100, 6, 10), 900),
    "layers 341": (layered(341, 120, 8, 7), 1960),
}
# Their minimum holds tasks back that could start, to keep the window for others that are not yet
# ready: an engine that starts whatever may start does not reach it, whatever the order.
HELD_BACK = {
    "limit 200": (layered(200, 14, 3, 4, limit=_TWICE), 930),
    "limit 210": (layered(210, 16, 4, 4, cpu=0.4, cpu_workers=2, limit=_BOTH), 1180),
    "limit 212": (layered(212, 16, 4, 4, cpu=0.4, cpu_workers=2, limit=_BOTH), 940),
}
