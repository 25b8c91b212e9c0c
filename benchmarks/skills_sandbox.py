"""What confining costs: a warm process forks a child a call, with more and more layers.

    python -m benchmarks.skills_sandbox [rounds]

Every child does the same small piece of work, so that what a fork copies late is paid by all;
contenders take turns. The parent waits until the child has ended.

Last figures (2 cores, Python 3.11): see the end of a run.
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


def once(how: tuple[Policy, Features] | None, home: Path) -> float:
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
    _, status = os.waitpid(pid, 0)
    taken = time.perf_counter() - start
    assert status == 0, status
    return taken * 1000


def main(rounds: int) -> None:
    full = try_features(Kernel())
    print(detect().line())
    ways = contenders(full)
    for how in ways.values():
        if how is not None:
            detect(how[0])
            planned(how[1], Ask(how[0].profile))  # remembered by all who are forked
    times: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        for how in ways.values():
            once(how, Path(folder))
        gc.collect()
        gc.freeze()
        for _ in range(rounds):
            for name, how in ways.items():
                times[name].append(once(how, Path(folder)))
    floor = statistics.median(times["fork alone"])
    for name, taken in times.items():
        cuts = statistics.quantiles(taken, n=100)
        print(
            f"{name:36} p50 {cuts[49]:6.2f} ms   p99 {cuts[98]:6.2f} ms   "
            f"fastest {min(taken):6.2f} ms   over a fork {cuts[49] - floor:+6.2f} ms"
        )
    if detect().level < Level.L3:
        print("this machine does not give L3: the last figures are of what it gives")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
