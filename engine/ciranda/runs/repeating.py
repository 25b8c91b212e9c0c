"""Maps and loops: items side by side, turns one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciranda.runs.commands import Cancel, Command, EndMap, SetTimer, Turn
from ciranda.runs.conducting import stop_conduct
from ciranda.runs.items import Items
from ciranda.runs.status import (
    CANCELLED,
    FAILED,
    PENDING,
    READY,
    RUNNING,
    SUCCEEDED,
    WAITING,
    Status,
)
from ciranda.runs.walk import Walk, walked

if TYPE_CHECKING:
    from ciranda.runs.scheduler import Scheduler

__all__ = [
    "admit",
    "end_items",
    "expand",
    "item_failed",
    "settle_item",
    "stop_items",
    "stopping_items",
    "turn",
]


def expand(state: Scheduler, index: int, count: int) -> list[Command]:
    """Make the items of a map."""
    state.statuses[index] = RUNNING
    items = state.items[index] = Items(count)
    stopped = state.frames[index].stop
    if stopped and state.nodes[index].lifts is not True:
        return stop_items(state, index, stopped)
    return admit(state, index) if items.open else [end_items(state, index)]


def admit(state: Scheduler, index: int) -> list[Command]:
    """Begin as many items of a map as there are free places; a loop has one turn at a time."""
    items, node = state.items[index], state.nodes[index]
    width = 1 if node.is_loop else node.width
    return [state.begin(index, item) for item in items.admit(width)]


def turn(state: Scheduler, index: int, number: int, at: float) -> list[Command]:
    """Begin the next turn of a loop."""
    state.statuses[index] = RUNNING
    items = state.items.get(index)
    if items is None:
        items = state.items[index] = Items(0)
    stopped = state.frames[index].stop
    items.grow()
    if stopped and state.nodes[index].lifts is not True:
        return stop_items(state, index, stopped)
    if not at:
        return admit(state, index)
    items.statuses[number] = WAITING
    items.next = number + 1
    state.timers[index, number] = at
    return [SetTimer(index, number, at)]


def item_failed(state: Scheduler, index: int, item: int, *, tolerated: bool) -> list[Command]:
    """Note the failure of an item; one that nobody tolerates may stop the others."""
    items, node = state.items[index], state.nodes[index]
    if not tolerated:
        items.failed += 1
        stops = node.on_item_failure == "stop" and node.join.need is None and not node.is_loop
        if stops and not items.stopped:
            items.settle(item, FAILED)
            return stop_items(state, index, f"item {item} failed")
    return settle_item(state, index, item, FAILED)


def settle_item(state: Scheduler, index: int, item: int, status: Status) -> list[Command]:
    """Note how an item or a turn ended."""
    items, node = state.items[index], state.nodes[index]
    items.settle(item, status)
    if node.is_loop:
        return [Turn(index, item)]
    if status is SUCCEEDED and node.join.need is not None:
        items.won += 1
        if items.winner < 0:
            items.winner = item
        if items.won == node.join.need and node.join.rest == "cancel" and not items.stopped:
            return stop_items(state, index, f"item {item} has won")
    if not items.open:
        return [end_items(state, index)]
    return [] if items.stopped else admit(state, index)


def stop_items(state: Scheduler, index: int, reason: str) -> list[Command]:
    """Admit no more items, cancel those that are on their way."""
    return walked(stopping_items(state, index, reason))


def stopping_items(state: Scheduler, index: int, reason: str) -> Walk:
    """Walk through what `stop_items` stops."""
    items = state.items[index]
    items.stopped = reason
    inside = state.conducts.get(index, {})
    for item, status in enumerate(items.statuses):
        if status == PENDING:
            items.settle(item, CANCELLED)
        elif item in inside and status == RUNNING:
            yield from stop_conduct(state, inside[item], reason)
        elif status in (READY, RUNNING, WAITING):
            yield Cancel(index, item, reason)
    items.resumed.clear()
    if items.open:
        return
    if state.nodes[index].is_loop:
        yield Turn(index, len(items.statuses) - 1)  # it has no end of its own
    else:
        yield end_items(state, index)


def end_items(state: Scheduler, index: int) -> EndMap:
    """Return how a map ended, once no item is open."""
    items, node = state.items[index], state.nodes[index]
    if node.join.need is not None:
        if items.won >= node.join.need:
            return EndMap(index, "succeeded")
        stopped = items.stopped and not items.failed
        return EndMap(index, "cancelled" if stopped else "failed")
    if items.failed and node.on_item_failure != "keep":
        return EndMap(index, "failed")
    if items.stopped:
        return EndMap(index, "cancelled")
    return EndMap(index, "succeeded")
