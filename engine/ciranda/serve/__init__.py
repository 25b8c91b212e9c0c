"""A small server: begins runs by triggers, and goes on with parked ones."""

from ciranda.serve.backlog import Backlog
from ciranda.serve.cloudevent import event_of_data, event_of_request
from ciranda.serve.connection import Bounds
from ciranda.serve.flow import Flow, flow_of, names_of
from ciranda.serve.lines import Lines
from ciranda.serve.occurrence import Occurrence
from ciranda.serve.outlet import Outlet
from ciranda.serve.refusal import RefusedError
from ciranda.serve.schedule import Schedule, schedule_of
from ciranda.serve.server import Limits, Server
from ciranda.serve.trigger import Triggering

__all__ = [
    "Backlog",
    "Bounds",
    "Flow",
    "Limits",
    "Lines",
    "Occurrence",
    "Outlet",
    "RefusedError",
    "Schedule",
    "Server",
    "Triggering",
    "event_of_data",
    "event_of_request",
    "flow_of",
    "names_of",
    "schedule_of",
]
