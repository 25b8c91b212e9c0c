"""The process ends with its command, whatever threads are left."""

import signal
import subprocess
import sys
import time

SLEEPER = """\
import time
from pathlib import Path
from ciranda import action, hookimpl

@action("naps.nap")
def nap() -> None:
    \"\"\"Sleep where nothing can wake it.\"\"\"
    Path("asleep").touch()
    time.sleep(100)

@hookimpl
def actions():
    return [nap]
"""


def test_an_interrupt_does_not_wait_for_a_thread_that_nothing_can_stop(project):
    (project / "naps.py").write_text(SLEEPER)
    (project / "nap.yaml").write_text(
        "ciranda: 1\nplugins: [./naps.py]\nsteps:\n  a: {uses: naps.nap}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "ciranda", "run", "nap.yaml"], stderr=subprocess.PIPE, text=True
    )
    try:
        until = time.monotonic() + 30
        while not (project / "asleep").exists() and time.monotonic() < until:
            time.sleep(0.02)

        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()

    assert process.returncode == 130
    assert "ciranda resume" in said
