"""The time that an import may take."""

import signal
import sys
import time

import pytest

from ciranda.plugins.importing import guarded

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


def test_an_import_is_not_blamed_for_a_machine_that_stood_still():
    def load() -> str:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        time.sleep(0.2)  # twice the time, in which the process hears nothing
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
        return "there"

    assert guarded("slow", load, lambda _: True, seconds=0.1) == "there"
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
