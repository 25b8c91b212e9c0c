"""What tests of workflows and plugins use: a harness, virtual time, crashes, a check of actions."""

from ciranda.testing.backends import virtual_backend
from ciranda.testing.check import check_action
from ciranda.testing.clock import HarnessClock
from ciranda.testing.crash import SimulatedCrash
from ciranda.testing.harness import Harness, harness
from ciranda.testing.recorder import Recorder
from ciranda.testing.virtual_loop import DeadlockError, VirtualLoop, virtual_loop

__all__ = [
    "DeadlockError",
    "Harness",
    "HarnessClock",
    "Recorder",
    "SimulatedCrash",
    "VirtualLoop",
    "check_action",
    "harness",
    "virtual_backend",
    "virtual_loop",
]
