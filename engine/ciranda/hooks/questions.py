"""The questions a plugin can answer, or put to the engine: one hook a request type."""

from ciranda.events import (
    GoalPlan,
    InvokeAction,
    Invoked,
    Judge,
    Judgement,
    PlanGoal,
    ProofChecked,
    VerifyProof,
)
from ciranda.hooks.markers import hookspec


@hookspec
def invoke_action(request: InvokeAction) -> Invoked | None:
    """Call an action for somebody who asks by `ctx.ask(InvokeAction(action=..., inputs=...))`.

    Fires once for each question. The engine answers it, through the action's middleware; a plugin
    that comes before it may answer in its place.

    Args:
        request: The action's name and its inputs.

    Returns:
        What the action gave. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def invoke_action(request):
            if request.action == "clock.now":
                return Invoked(output=0)
        ```
    """


@hookspec
def judge(request: Judge) -> Judgement | None:
    """Judge an intent: may this be done?

    Fires once for each question. The plugin `experts` answers it; a plugin that comes before it
    may answer in its place.

    Args:
        request: The intent, and on whose behalf it is asked.

    Returns:
        The judgement. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def judge(request):
            if request.id == "drill":
                return Judgement(
                    id="drill",
                    verdict=Verdict.REJECTED,
                    confidence=1.0,
                    reason="drill",
                    message="This is a drill.",
                )
        ```
    """


@hookspec
def verify_proof(request: VerifyProof) -> ProofChecked | None:
    """Check the proof of a judgement again, trusting nothing that it says.

    Fires once for each question. The plugin `experts` answers it; a plugin that comes before it
    may answer in its place.

    Args:
        request: The proof, as the judgement holds it.

    Returns:
        Whether it holds, and why not. None leaves it to the next plugin.

    Example:
        ```python
        @hookimpl
        async def verify_proof(request):
            if request.proof.get("method") == "signature":
                return ProofChecked(valid=False, reason="unsigned")
        ```
    """


@hookspec
def plan_goal(request: PlanGoal) -> GoalPlan | None:
    """Make a plan of a goal.

    Fires once for each question. The plugin `planner` answers it; a plugin that comes before it
    may answer in its place.

    Args:
        request: The goal, and what its tasks have in common.

    Returns:
        The plan as plain data, or everything that is wrong with the goal. None leaves it to the
        next plugin.

    Example:
        ```python
        @hookimpl
        async def plan_goal(request):
            if request.goal == "drill":
                return GoalPlan(faults=(GoalFault(kind="drill", message="This is a drill."),))
        ```
    """
