"""Why a step inside of another stands as it does: items, turns, blocks, waits."""

import msgspec
import pytest
from tests.engine.explaining.made import WRONG, block, flow, ran, step, told

from ciranda.errors import RunNotFoundError
from ciranda.events import (
    ApprovalGiven,
    BlockEntered,
    EventReceived,
    EventTaken,
    Failure,
    LoopTurned,
    MapCompleted,
    MapExpanded,
    RunCompleted,
    RunParked,
    RunResumed,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepWaits,
)
from ciranda.workflow.model import (
    Block,
    Input,
    Loop,
    Matrix,
    Step,
    Workflow,
)


def test_items_of_a_map_know_their_value_and_who_stopped_them():
    workflow = flow(step("m", map="${{ inputs.rows }}", as_="row", when="row > 0"), step("z"))
    events = [
        MapExpanded(path="m", count=3),
        *ran("m/0"),
        StepStarted(path="m/1"),
        StepFailed(path="m/1", error=WRONG),
        MapCompleted(path="m", status="failed", counts={"succeeded": 1, "failed": 1},
                     error=Failure(kind="x", message="", path="m/1"), duration=2.0),
    ]  # fmt: skip
    given = {"rows": [5, 6, 7]}

    assert told(events, workflow, "m/1", inputs=given)[1] == [
        "it is item 1 of `m`: row = 6",
        "`when: row > 0` held, with row = 6",
        "it was not tried again: it has no `retry`",
        "`m` failed with it",
    ]
    assert told(events, workflow, "m/2", inputs=given)[0] == (
        "`m/2` never began: `m/1` failed, which stopped the rest"
    )
    headline, facts = told(events, workflow, "m", inputs=given)
    assert headline == "`m` failed after 2.00 s"
    assert facts[1:] == [
        "its list had 3 items",
        "they ended: 1 ok, 1 failed; `m/1` was the first to fail",
    ]
    with pytest.raises(RunNotFoundError, match="`m` has 3 items: 0 to 2"):
        told(events, workflow, "m/3", inputs=given)


def test_a_map_is_read_with_its_items():
    workflow = flow(
        step("m", map="${{ [1, 2] }}"),
        step("b", if_="steps.m.output[1] == steps.m.items[1].output"),
    )
    events = [
        MapExpanded(path="m", count=2),
        *ran("m/0", "x"),
        *ran("m/1", "y"),
        MapCompleted(path="m", status="succeeded"),
        *ran("b"),
    ]

    assert 'held, with steps.m.output[1] = "y", steps.m.items[1].output = "y"' in str(
        told(events, workflow, "b")
    )


def test_turns_and_combinations_have_names_of_their_own():
    inner = {"steps": block(step("i", if_="loop.index > 0 and loop.last == 7"))}
    looped = Step(id="poll", body="group", loop=Loop("loop.index < 2"), blocks=inner)
    many = step("mx", matrix=Matrix({"os": ["linux", "mac"]}), if_="inputs.n > 0")
    events = [*ran("poll/0", 7), LoopTurned(path="poll", turn=1), *ran("poll/1/i")]

    workflow = flow(looped, many)

    assert told(events, workflow, "poll/1")[1][0] == (
        "it is turn 1 of the loop `poll`; the turn before gave 7"
    )
    assert "held, with loop.index = 1, loop.last = 7" in str(told(events, workflow, "poll/1/i"))
    assert told(events, workflow, "poll")[1][1] == "it came to turn 1"
    assert told(ran("mx/1"), workflow, "mx/1")[1][0] == (
        'it is item 1 of `mx`: matrix = {"os":"mac"}'
    )


def test_the_turns_of_a_loop_are_counted_for_whoever_reads_them():
    looped = step("poll", loop=Loop("loop.index < 2"))
    reader = step("after", if_="steps.poll.counts.succeeded == 2")
    events = [LoopTurned(path="poll", turn=0), *ran("poll/0")]
    events += [LoopTurned(path="poll", turn=1), *ran("poll/1"), StepCompleted(path="poll")]

    found = str(told([*events, *ran("after")], flow(looped, reader), "after"))

    assert "held, with steps.poll.counts.succeeded = 2" in found


def test_steps_inside_of_a_catch_read_its_error_and_the_steps_of_the_try():
    caught = Step(
        id="pay", body="try", catches=((),),
        blocks={
            "try": block(step("x"), step("y", needs=("x",))),
            "catch0": block(step("tell", if_="e.kind == 'exit.1' and steps.x.output == 3"),
                            binds="e"),
        },
    )  # fmt: skip
    error = msgspec.to_builtins(msgspec.structs.replace(WRONG, path="pay/y"))
    events = [
        BlockEntered(path="pay", block="try"),
        *ran("pay/x", 3),
        StepFailed(path="pay/y", error=msgspec.structs.replace(WRONG, path="pay/y")),
        BlockEntered(path="pay", block="catch0", names={"e": error}),
        *ran("pay/@catch0/tell"),
        StepCompleted(path="pay"),
    ]

    _, facts = told(events, flow(caught), "pay/@catch0/tell")

    assert facts[0] == "it needs no other step: it was ready when the `catch` of `pay` began"
    assert 'held, with e.kind = "exit.1", steps.x.output = 3' in facts[1]
    assert "`pay` succeeded all the same" in told(events, flow(caught), "pay/y")[1]


def test_a_group_fails_with_its_step():
    group = Step(id="g", body="group", blocks={"steps": block(step("i"))})
    inner = msgspec.structs.replace(WRONG, path="g/i")
    events = [
        StepFailed(path="g/i", error=inner),
        StepFailed(path="g", error=inner),
        *ran("@on-failure/mail"),
    ]
    workflow = flow(group, handlers={"on-failure": block(step("mail"))})

    assert "`g` failed with it" in told(events, workflow, "g/i")[1]
    assert "it failed with `g/i`" in told(events, workflow, "g")[1]
    assert told(events, workflow, "@on-failure/mail")[1] == [
        "it needs no other step: it was ready when the `on-failure` of the run began"
    ]


def test_a_sub_workflow_has_inputs_of_its_own():
    other = Workflow(name="o", file="o.yaml", inputs={"n": Input(name="n")},
                     steps={"i": step("i", if_="inputs.n > 1")})  # fmt: skip
    owner = Step(
        id="sub", body="workflow", uses="./o.yaml",
        blocks={"workflow": Block(steps=other.steps, workflow=other)},
    )  # fmt: skip
    events = [BlockEntered(path="sub", block="workflow", names={"inputs": {"n": 9}}),
              *ran("sub/i")]  # fmt: skip

    assert "held, with inputs.n = 9" in str(told(events, flow(owner), "sub/i", inputs={"n": 0}))


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (("inputs.n > 1", None), "case 0 was taken: `if: inputs.n > 1` held, with inputs.n = 5"),
        ((None,), "no other case held, so the last one was taken"),
    ],
)
def test_the_case_that_was_taken_is_told(cases, said):
    blocks = {f"case{number}": block(step("body")) for number in range(len(cases))}
    workflow = flow(Step(id="pick", body="switch", cases=cases, blocks=blocks))
    events = [BlockEntered(path="pick", block="case0"), *ran("pick/body"),
              StepCompleted(path="pick")]  # fmt: skip

    assert said in told(events, workflow, "pick", inputs={"n": 5})[1]


def test_waiting_for_an_event_tells_which_one_was_taken():
    paid = Step(id="paid", body="wait")
    wait = StepWaits(path="paid", what="event", event="paid", until=1100.0)
    events = [
        EventReceived(id="e1", event="paid", data={"n": 1}, source="shop"),
        StepStarted(path="paid"),
        wait,
        RunParked(),
        RunResumed(),
        EventTaken(path="paid", id="e1"),
        StepCompleted(path="paid", output={"n": 1}),
    ]

    assert told(events, flow(paid), "paid")[1][-3:] == [
        "it waited for the event `paid` from 3.00 s into the run, for 1 m 37 s at the most",
        'the event e1 from shop had come before it waited: {"n":1}',
        "no process was there meanwhile: the run was parked 1 time",
    ]
    assert "process was gone" not in str(told(events, flow(paid), "paid"))
    headline, facts = told(events[:3], flow(paid), "paid")
    assert headline == "`paid` waits"
    assert facts[-1] == "1 such event came, but `where` held for none that is free"
    late = Failure(kind="timeout", message="")
    assert "nothing came in time: it timed out after 1.00 s" in str(
        told([wait, StepFailed(path="paid", error=late)], flow(paid), "paid")
    )


def test_who_answered_is_told():
    ask = Step(id="sign", body="approve")
    events = [
        StepWaits(path="sign", what="approval", prompt="Ship it?", who=["ann"]),
        ApprovalGiven(path="sign", approved=True, by="ann", form={"n": 2}),
        StepCompleted(path="sign"),
    ]

    assert told(events, flow(ask), "sign")[1][-2:] == [
        "it waited for approval by ann from 1.00 s into the run: Ship it?",
        'ann approved it after 1.00 s, with {"n":2}',
    ]
    slept = [StepWaits(path="nap", what="sleep", until=1011.0), *ran("nap")]
    assert told(slept, flow(Step(id="nap", body="sleep")), "nap")[1][-2:] == [
        "it lay down 1.00 s into the run, for 10.0 s",
        "its time was over after 2.00 s",
    ]


def test_a_step_whose_surroundings_never_began_names_them():
    inside = step("g", body="group", if_="inputs.n > 1", blocks={"steps": block(step("i"))})
    tidied = step("a", blocks={"on-failure": block(step("tell"))})
    events = [*ran("a"), StepSkipped(path="g", reason="if"), RunCompleted(status="succeeded")]
    workflow = flow(inside, tidied)

    assert told(events, workflow, "g/i") == ("`g/i` never began: `g` was skipped", [])
    assert told(events, workflow, "a/@on-failure/tell")[0].endswith("never began: `a` succeeded")
