"""What a machine offers is found whatever the libraries of the process begin in its children."""

import subprocess
import sys

import pytest

from ciranda_skills.sandbox import detect

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="confining needs Linux")

PROCESS = """
import os, threading, time
from ciranda_skills.sandbox import detect
sleeper = lambda: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
os.register_at_fork(after_in_child=sleeper)  # as exporters of traces do
print(detect().line())
"""


def test_a_library_that_begins_a_thread_in_every_child_costs_no_layer():
    done = subprocess.run(
        [sys.executable, "-c", PROCESS], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.stdout.strip(), done.stderr) == (detect().line(), "")
