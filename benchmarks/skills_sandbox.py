"""What confining costs: a warm process forks a child a call, with more and more layers.

    python -m benchmarks.skills_sandbox [rounds]

Every child does the same small piece of work, so that what a fork copies late is paid by all;
contenders take turns. The parent waits until the child has ended.

Last figures (2 cores of a busy machine, Python 3.11, run as root). The fastest of each, over a
fork of 1.6 ms: L0 2.4, L2 1.7, L2 with a network namespace 2.4, L3 2.2, a program 7.1 (three
processes). L0 and L1 are dearer than L2 because processes are counted where none is forbidden to
fork. Half of it is pages that a fork shares and the child must copy: about 380 of them.
"""

import gc
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from ciranda_skills.sandbox import Kernel, Level, Policy, confine, detect
from ciranda_skills.sandbox.features import Features, try_features
from ciranda_skills.sandbox.level import Ask, planned
from ciranda_skills.sandbox.namespaces import Namespace

DOCUMENT = json.dumps({"values": list(range(200)), "text": "é" * 100})


def work() -> None:
    assert json.loads(DOCUMENT)["values"][-1] == 199
    assert max(DOCUMENT, key=ord) == "}"


def contenders(full: Features) -> dict[str, tuple[Policy, Features] | None]:
    python, program = Policy(), Policy(profile="program")
    none = Features()
    landlock = Features(landlock=full.landlock)
    seccomp = Features(landlock=full.landlock, seccomp=full.seccomp)
    network = Namespace.USER | Namespace.NET
    with_network = Features(full.landlock, full.seccomp, full.namespaces & network)
    return {
        "fork alone": None,
        "L0 session, environment, limits": (python, none),
        "L1 + landlock": (python, landlock),
        "L2 + seccomp": (python, seccomp),
        "L2 + user and network namespaces": (python, with_network),
        "L3 + all namespaces": (python, full),
        "L3 program, in a process namespace": (program, full),
    }


def once(how: tuple[Policy, Features] | None, home: Path) -> tuple[float, float]:
    """Return milliseconds of the clock and of the processor."""
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if how is not None:
                policy, features = how
                confine(
                    Policy(profile=policy.profile, home=home, files=64),
                    keep_fds=(0, 1, 2),
                    features=features,
                )
            work()
            code = 0
        finally:
            os._exit(code)
    _, status, used = os.wait4(pid, 0)
    taken = time.perf_counter() - start
    assert status == 0, status
    return taken * 1000, (used.ru_utime + used.ru_stime) * 1000


def main(rounds: int) -> None:
    full = try_features(Kernel())
    print(detect().line())
    ways = contenders(full)
    for how in ways.values():
        if how is not None:
            detect(how[0])
            planned(how[1], Ask(how[0].profile))  # remembered by all who are forked
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        for how in ways.values():
            once(how, Path(folder))
        gc.collect()
        gc.freeze()
        for _ in range(rounds):
            for name, how in ways.items():
                times[name].append(once(how, Path(folder)))
    floor = [statistics.median(each) for each in zip(*times["fork alone"], strict=True)]
    for name, taken in times.items():
        clock, used = (sorted(each) for each in zip(*taken, strict=True))
        middle = [statistics.median(clock), statistics.median(used)]
        over = [mine - alone for mine, alone in zip(middle, floor, strict=True)]
        print(
            f"{name:36} p50 {middle[0]:6.2f} ms   p99 {clock[-1 - rounds // 100]:6.2f} ms   "
            f"fastest {clock[0]:6.2f} ms   over a fork {over[0]:+6.2f} ms, "
            f"of the processor {over[1]:+6.2f} ms"
        )
    if detect().level < Level.L3:
        print("this machine does not give L3: the last figures are of what it gives")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
