"""The event bus: facts to observers, requests to those who answer them."""

from ciranda.bus.bus import Bus
from ciranda.bus.channel import Channel
from ciranda.bus.order import ordered
from ciranda.bus.report import ObserverCounts, ObserverFailure

__all__ = ["Bus", "Channel", "ObserverCounts", "ObserverFailure", "ordered"]
