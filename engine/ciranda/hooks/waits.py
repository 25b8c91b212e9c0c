"""The facts of steps inside of steps, of plans that steps begin, and of what waits: see `facts`."""

from ciranda.events import (
    ApprovalGiven,
    BlockEntered,
    EventReceived,
    EventTaken,
    LoopTurned,
    PlanBegan,
    PlanEnded,
    RunParked,
    StepWaits,
)
from ciranda.hooks.markers import hookspec


@hookspec
def block_entered(event: BlockEntered) -> None:
    """Fire when the steps inside of a step, an item or a turn begin.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def block_entered(event):
            print(event.path, event.block)
        ```
    """


@hookspec
def loop_turned(event: LoopTurned) -> None:
    """Fire when a loop goes on with another turn.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def loop_turned(event):
            print(event.path, event.turn)
        ```
    """


@hookspec
def plan_began(event: PlanBegan) -> None:
    """Fire when a step begins a plan, once for each attempt, before the first task.

    Args:
        event: The fact; frozen. It names the run in which the tasks are.

    Example:
        ```python
        @hookimpl
        def plan_began(event):
            show(event.plan_run)
        ```
    """


@hookspec
def plan_ended(event: PlanEnded) -> None:
    """Fire when a plan that a step began has ended, unless the attempt was cancelled.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def plan_ended(event):
            print(event.plan_run, event.state)
        ```
    """


@hookspec
def step_waits(event: StepWaits) -> None:
    """Fire when a step begins to wait for a time, an event or an approval.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def step_waits(event):
            print(event.path, event.what, event.until)
        ```
    """


@hookspec
def event_received(event: EventReceived) -> None:
    """Fire when an event reaches a run, whether a step waits for it or not.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def event_received(event):
            print(event.event, event.data)
        ```
    """


@hookspec
def event_taken(event: EventTaken) -> None:
    """Fire when a step that waits takes an event that reached the run.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def event_taken(event):
            print(event.path, event.id)
        ```
    """


@hookspec
def approval_given(event: ApprovalGiven) -> None:
    """Fire when somebody answers a step that asks for approval.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def approval_given(event):
            print(event.path, event.approved, event.by)
        ```
    """


@hookspec
def run_parked(event: RunParked) -> None:
    """Fire when a process lets go of a run in which all that is open waits.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def run_parked(event):
            print(event.run, event.due)
        ```
    """
