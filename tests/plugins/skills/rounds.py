"""Many attacks in one go, from a small process: forking a test runner each time would take long.

python -m tests.plugins.skills.rounds UID POLICY NAMESPACES LIST...
"""

import json
import subprocess
import sys
from pathlib import Path

from ciranda_skills.sandbox import Policy
from ciranda_skills.sandbox.features import try_features

from . import arena, probes, program_probes
from .poorer import without

ROOT = Path(__file__).parents[3]
LISTS: dict[str, tuple[arena.Attack, ...]] = {
    "classic": probes.CLASSIC,
    "own": probes.OWN,
    "program": program_probes.PROGRAM,
    "daemon": (program_probes.live_on,),
    "network": (probes.tcp_connect, probes.udp_send, probes.tcp_bind),
}
POLICIES: dict[str, Policy | None] = {
    "outside": None,
    "python": Policy(memory_mb=64),
    "program": Policy(profile="program", memory_mb=64),
    "python-network": Policy(memory_mb=64, network=True),
}
HARMFUL = {program_probes.mount_something}  # outside


def ended(uid: int, policy: str, *lists: str, namespaces: bool = True) -> dict[str, str]:
    """Return how the attacks of some lists ended, by name."""
    line = [sys.executable, "-m", __name__, str(uid), policy, str(int(namespaces)), *lists]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main(uid: str, policy: str, namespaces: str, *lists: str) -> None:
    features = try_features(without() if int(namespaces) else without("unshare"))
    texts = {
        attack.__name__: arena.run(attack, POLICIES[policy], uid=int(uid), features=features).text
        for name in lists
        for attack in LISTS[name]
        if policy != "outside" or attack not in HARMFUL
    }
    sys.stdout.write(json.dumps(texts))


if __name__ == "__main__":
    main(*sys.argv[1:])
