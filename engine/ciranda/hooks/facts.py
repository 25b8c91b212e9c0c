"""The facts a plugin can hear: one hook an event type.

Facts of a run (`run_*`, `step_*`, `map_*`, `timer_fired`) fire after they are in the log and
never again on replay. What an implementation returns is not looked at, and what it raises is
logged under its plugin's name: a fact cannot be undone. A plain `def` is called in line and must
be fast; an `async def` is buffered, as `@observer` without options would be.
"""

from ciranda.events import (
    CacheHit,
    CacheMissed,
    CircuitClosed,
    CircuitHalfOpened,
    CircuitOpened,
    MapCompleted,
    MapExpanded,
    RunCancelled,
    RunCompleted,
    RunResumed,
    RunStarted,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepLogged,
    StepProgressed,
    StepSkipped,
    StepStarted,
    TimerFired,
)
from ciranda.events.judging import ExpertAnswered, ExpertStarted, IntentJudged
from ciranda.hooks.markers import hookspec


@hookspec
def run_started(event: RunStarted) -> None:
    """Fire when a run begins, before its first step.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def run_started(event):
            print(event.workflow, event.inputs)
        ```
    """


@hookspec
def run_resumed(event: RunResumed) -> None:
    """Fire when another process, or a later one, takes a run over.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def run_resumed(event):
            print(event.run, event.epoch)
        ```
    """


@hookspec
def run_cancelled(event: RunCancelled) -> None:
    """Fire when somebody asks a run to stop; `run_completed` follows once its steps have ended.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def run_cancelled(event):
            print(event.reason)
        ```
    """


@hookspec
def run_completed(event: RunCompleted) -> None:
    """Fire when a run ends, whether it succeeded, failed or was cancelled.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def run_completed(event):
            print(event.status, event.failures)
        ```
    """


@hookspec
def step_started(event: StepStarted) -> None:
    """Fire when an attempt of a step begins.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def step_started(event):
            print(event.path, event.attempt)
        ```
    """


@hookspec
def step_attempt_failed(event: StepAttemptFailed) -> None:
    """Fire when an attempt fails and another one is due.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def step_attempt_failed(event):
            print(event.error.kind, event.retry_at)
        ```
    """


@hookspec
def timer_fired(event: TimerFired) -> None:
    """Fire when the wait before a step's next attempt is over.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def timer_fired(event):
            print(event.path)
        ```
    """


@hookspec
def step_completed(event: StepCompleted) -> None:
    """Fire when a step, or one item of a map, succeeds, also from the cache.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def step_completed(event):
            print(event.path, event.duration)
        ```
    """


@hookspec
def step_failed(event: StepFailed) -> None:
    """Fire when a step fails for good, after its last attempt.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def step_failed(event):
            print(event.path, event.error.message)
        ```
    """


@hookspec
def step_skipped(event: StepSkipped) -> None:
    """Fire when it is known that a step will not run.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def step_skipped(event):
            print(event.path, event.reason)
        ```
    """


@hookspec
def step_cancelled(event: StepCancelled) -> None:
    """Fire when a step is stopped, or never begun, because of something outside it.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def step_cancelled(event):
            print(event.path, event.reason)
        ```
    """


@hookspec
def map_expanded(event: MapExpanded) -> None:
    """Fire when the list that a map goes over is known, before its first item.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def map_expanded(event):
            print(event.path, event.count)
        ```
    """


@hookspec
def map_completed(event: MapCompleted) -> None:
    """Fire when every item of a map has ended.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def map_completed(event):
            print(event.path, event.counts)
        ```
    """


@hookspec
def cache_hit(event: CacheHit) -> None:
    """Fire when a step is answered from the cache instead of being run.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def cache_hit(event):
            print(event.key, event.age)
        ```
    """


@hookspec
def cache_missed(event: CacheMissed) -> None:
    """Fire when the cache of a step has no answer, before the step is run.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def cache_missed(event):
            print(event.key)
        ```
    """


@hookspec
def circuit_opened(event: CircuitOpened) -> None:
    """Fire when a breaker stops letting calls through.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def circuit_opened(event):
            print(event.breaker, event.failure_rate)
        ```
    """


@hookspec
def circuit_half_opened(event: CircuitHalfOpened) -> None:
    """Fire when a breaker begins to let probes through.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def circuit_half_opened(event):
            print(event.breaker, event.probes)
        ```
    """


@hookspec
def circuit_closed(event: CircuitClosed) -> None:
    """Fire when a breaker lets every call through again.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def circuit_closed(event):
            print(event.breaker)
        ```
    """


@hookspec
def step_progressed(event: StepProgressed) -> None:
    """Fire when a running step says how far it is.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def step_progressed(event):
            print(event.done, event.total)
        ```
    """


@hookspec
def step_logged(event: StepLogged) -> None:
    """Fire when a running step writes a log line.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def step_logged(event):
            print(event.level, event.text)
        ```
    """


@hookspec
def expert_started(event: ExpertStarted) -> None:
    """Fire when an expert begins to look at an intent; not when the cache answers for it.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def expert_started(event):
            print(event.expert, event.key)
        ```
    """


@hookspec
def expert_answered(event: ExpertAnswered) -> None:
    """Fire when an expert has answered, failed or run out of time, also from the cache.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def expert_answered(event):
            print(event.expert, event.verdict, event.reason)
        ```
    """


@hookspec
def intent_judged(event: IntentJudged) -> None:
    """Fire when the council has judged an intent, whatever the mode makes of it.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def intent_judged(event):
            print(event.id, event.verdict, event.reason)
        ```
    """
