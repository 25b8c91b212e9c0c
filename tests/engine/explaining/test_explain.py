"""Why a step stands as it does, told from the events of a run alone."""

import hashlib

import msgspec
import pytest
from tests.engine.explaining.made import WRONG, block, flow, log, ran, step, told

from ciranda.errors import RunNotFoundError
from ciranda.events import (
    ForeignEvent,
    RunCancelled,
    RunCompleted,
    RunResumed,
    RunStarted,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
)
from ciranda.explaining import Chronicle, explain
from ciranda.store import Cached
from ciranda.workflow.model import (
    Cache,
    EnvVar,
    Retry,
    Step,
)


def test_a_skip_goes_back_to_the_failure_that_came_first():
    workflow = flow(step("a"), step("b", needs=("a",)), step("c", needs=("b",), if_="inputs.n"))
    events = [
        StepStarted(path="a"),
        StepFailed(path="a", error=WRONG),
        StepSkipped(path="b", reason="'a' failed", because="a"),
        StepSkipped(path="c", reason="'b' was skipped", because="a"),
        RunCompleted(status="failed", failures=["a"]),
    ]

    assert told(events, workflow, "c") == (
        "`c` was skipped: 'b' was skipped",
        [
            "it goes back to `a`, which failed first: exit.1: `sh` ended with code 1."
            " (at w.yaml:5)",
            "it needs `b` (skipped)",
        ],
    )
    _, facts = told(events, workflow, "a")
    assert facts == [
        "it needs no other step: it was ready when the run began",
        "it was not tried again: it has no `retry`",
        "`b` was skipped: because of it",
        "the run failed because of it",
    ]
    assert explain(log(*events), workflow, "a").place == "w.yaml:5"


def test_a_condition_is_evaluated_again_with_what_it_read():
    workflow = flow(
        step("a"),
        step("b", if_="steps.a.output.ok and inputs.n > 2 and env.E == 'x' and not failed()"),
        env={"E": EnvVar(value="x")},
    )
    events = [*ran("a", {"ok": False}), StepSkipped(path="b", reason="if: ... is false")]

    _, facts = told(events, workflow, "b", inputs={"n": 3})

    assert facts[0] == "it needs `a` (succeeded)"
    assert facts[1].endswith(
        'was false, with steps.a.output.ok = false, inputs.n = 3, env.E = "x", failed() = false'
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("env.GONE == 'x'", "cannot be evaluated again (there is no property 'GONE')"),
        ("my_plugin(inputs)", "`if: my_plugin(inputs)` decided"),
    ],
)
def test_what_the_log_does_not_tell_is_said(text, said):
    _, facts = told(ran("a"), flow(step("a", if_=text)), "a")

    assert any(said in fact for fact in facts)


def test_failed_and_cancelled_are_what_they_were_then():
    workflow = flow(step("a"), step("b", needs=("a",)),
                    step("c", needs=("b",), if_="failed() and not cancelled()"))  # fmt: skip
    events = [StepFailed(path="a", error=WRONG), StepSkipped(path="b", reason="x", because="a"),
              *ran("c"), RunCancelled(reason="late")]  # fmt: skip

    _, facts = told(events, workflow, "c")

    assert facts[1].endswith("held, with failed() = true, cancelled() = false")


def test_every_attempt_is_told_and_why_there_is_no_other():
    retry = Retry(attempts=2, on=("exit",))
    events = [
        StepStarted(path="a"),
        StepAttemptFailed(path="a", attempt=1, error=WRONG, retry_at=1005.0, duration=0.5),
        StepStarted(path="a", attempt=2, waited={"workers": 2.0, "limit": 1.0}),
        StepFailed(path="a", error=WRONG, attempts=2, duration=0.25, tolerated=True),
    ]

    headline, facts = told(events, flow(step("a", retry=retry)), "a")

    assert headline.startswith("`a` failed after 2 attempts: exit.1")
    assert headline.endswith("code 1, which `continue-on-error` let pass")
    assert facts[1:] == [
        "attempt 2 was ready and waited 2.00 s for a free worker, 1.00 s for a limit",
        "attempt 1 failed after 500 ms: exit.1: `sh` ended with code 1.;"
        " the next was due 3.00 s later",
        "attempt 2 failed after 250 ms: exit.1: `sh` ended with code 1.",
        "it was not tried again: it may have 2 attempts",
    ]


@pytest.mark.parametrize(
    ("retry", "more", "why"),
    [
        (Retry(unless=("exit",)), {}, "`retry.unless` names `exit.1`"),
        (Retry(on=("timeout",)), {}, "`retry.on` does not name `exit.1`"),
        (Retry(), {"retryable": False}, "the action says that another attempt cannot help"),
        (Retry(), {}, "`exit.1` may have had an effect already, and the step is not `idempotent`"),
        (Retry(on=("exit",)), {}, "all that the run may try again was spent"),
    ],
)
def test_why_a_rule_gave_no_other_attempt(retry, more, why):
    error = msgspec.structs.replace(WRONG, **more)

    _, facts = told([StepFailed(path="a", error=error)], flow(step("a", retry=retry)), "a")

    assert facts[1] == f"it was not tried again: {why}"


def test_a_deadline_leaves_no_time():
    workflow = flow(step("a", retry=Retry(on=("exit",)), deadline=5.0))

    assert "its deadline of 5.00 s left no time" in str(
        told([StepFailed(path="a", error=WRONG)], workflow, "a")
    )


def test_a_cancellation_says_who_asked():
    events = [
        StepStarted(path="a"),
        RunCancelled(reason="wrong file"),
        StepCancelled(path="a", reason="wrong file"),
    ]

    headline, facts = told(events, flow(step("a")), "a")

    assert headline == "`a` was cancelled: wrong file"
    assert facts[0] == "the run was asked to stop 2.00 s into it: wrong file"


def test_what_a_resume_kept_and_what_it_did_again():
    workflow = flow(step("a"), step("b"), step("c"))
    events = [
        *ran("a"),
        StepStarted(path="b"),
        StepFailed(path="b", error=WRONG),
        StepStarted(path="c"),
        RunCompleted(status="failed", failures=["b"]),
        RunResumed(),
        *ran("b"),
        *ran("c"),
    ]

    def about(path):
        found = explain(log(*events), workflow, path)
        return [fact.text for fact in found.facts if fact.kind in ("reused", "resumed")]

    assert about("a") == [
        "its result was kept when the run was resumed 7.00 s after its start: it did not run again"
    ]
    assert about("b") == [
        "it had failed and ran again when the run was resumed 7.00 s after its start"
    ]
    assert about("c") == [
        "its process was gone in the middle of it; the run was taken up again"
        " 7.00 s after its start"
    ]


def test_what_a_rerun_took_over_and_what_it_did_again():
    began = RunStarted(workflow="w", reuses="old1")
    events = [began, *ran("a"), RunResumed(), *ran("b")]
    chronicle = Chronicle(
        msgspec.structs.replace(each, seq=seq, at=1000.0 + seq) for seq, each in enumerate(events)
    )
    workflow = flow(step("a"), step("b", needs=("a",)))

    def about(path):
        found = explain(chronicle, workflow, path)
        return [fact.text for fact in found.facts if fact.kind in ("reused", "resumed")]

    assert about("a") == ["its result was taken over from run old1: it did not run again"]
    assert about("b") == ["nothing was taken over for it from run old1"]


def test_needs_are_told_as_they_were_when_it_ran_again():
    workflow = flow(step("a"), step("b", needs=("a",)))
    events = [
        StepFailed(path="a", error=WRONG),
        StepSkipped(path="b", reason="'a' failed", because="a"),
        RunResumed(),
        *ran("a"),
        *ran("b"),
    ]

    assert told(events, workflow, "b")[1][0] == "it needs `a` (succeeded)"


@pytest.mark.parametrize(
    ("events", "headline"),
    [
        ([], "`b` has not begun"),
        ([StepStarted(path="b")], "`b` began 1.00 s into the run and has not ended"),
        ([StepStarted(path="b"), RunCompleted(status="failed")],
         "`b` began, and the run ended without a word of its end"),
        ([RunCompleted(status="cancelled")], "`b` never began: the run ended before"),
        (ran("b", cached=True), "`b` was answered from the cache"),
        ([StepStarted(path="b"), StepCompleted(path="b", attempt=2, duration=0.5)],
         "`b` succeeded with attempt 2, after 500 ms"),
    ],
)  # fmt: skip
def test_the_headline_says_how_it_stands(events, headline):
    assert told(events, flow(step("b")), "b")[0] == headline


def test_it_waits_for_what_has_not_ended():
    workflow = flow(step("a"), step("b", needs=("a",)))

    assert told([StepStarted(path="a")], workflow, "b")[1] == [
        "it needs `a` (pending); it waits for `a`"
    ]
    assert "`b` waits for it" in told([StepStarted(path="a")], workflow, "a")[1]


def test_the_last_need_and_the_idle_time_are_told():
    workflow = flow(step("a"), step("b"), step("c", needs=("a", "b")))
    events = [StepCompleted(path="b"), StepCompleted(path="a"), *ran("c")]

    assert told(events, workflow, "c")[1] == [
        "it needs `a` (succeeded), `b` (succeeded); `a` was the last to end, 2.00 s into the run",
        "it began 1.00 s after it was ready: other steps had the places",
    ]
    assert told(events, workflow, "a")[1][-1] == (
        "`c` ran (succeeded), which it was the last to free"
    )


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("verfy", "did you mean `verify`?"),
        ("groop/inner", "did you mean `group/inner`?"),
        ("innr", "did you mean `group/inner`?"),
        ("group/@catch0/x", "it has `verify`, `group`, `group/inner`"),
        ("@finally/x", "it has `verify`"),
        ("qqqq", "it has `verify`, `group`, `group/inner`"),
    ],
)
def test_an_unknown_step_names_the_nearest(path, hint):
    group = Step(id="group", body="group", blocks={"steps": block(step("inner"))})

    with pytest.raises(RunNotFoundError, match=f"there is no step `{path}`") as caught:
        told([], flow(step("verify"), group), path)
    assert hint in str(caught.value)


def row(created, **inputs):
    digests = {
        name: hashlib.sha256(msgspec.msgpack.encode(value)).hexdigest()[:16]
        for name, value in inputs.items()
    }
    parts = msgspec.msgpack.encode({"code": "v1", "inputs": digests})
    return Cached("k", b"", created, None, "w:a", parts)


@pytest.mark.parametrize(
    ("cached", "options", "rows", "said"),
    [
        (False, Cache(), [], "the cache had no answer: it was the first of its kind"),
        (False, Cache(scope="run"), [row(900, n=2)], "no answer: its scope is the run"),
        (False, Cache(refresh=True), [], "the cache was not asked: `refresh`"),
        (False, Cache(), [row(900, n=2)], "no answer, and its own is not kept (any more)"),
        (False, Cache(), [row(1002, n=2, m=1), row(990, n=1, m=1), row(980, n=5, m=6)],
         "the cache had no answer: since the one of 11.0 s before, input n changed"),
        (False, Cache(), [row(1002, n=2), row(900, n=1, m=1)], "input n and input m changed"),
        (False, Cache(), [row(1002, n=2), row(900, n=2)], "before was past its time"),
        (True, Cache(), [row(991, n=7), row(901, n=2)], "the answer: it was 1 m 40 s old"),
        (True, Cache(), [row(991, n=7), row(901, n=8)], "the cache had the answer"),
    ],
)  # fmt: skip
def test_the_cache_tells_what_changed(cached, options, rows, said):
    workflow = flow(step("a", cache=options, with_={"n": "${{ inputs.n }}"}))
    chronicle = log(*ran("a", cached=cached), inputs={"n": 2})

    found = explain(chronicle, workflow, "a", rows=lambda label: rows)

    (fact,) = [each for each in found.facts if each.kind == "cache"]
    assert said in fact.text


def test_events_of_plugins_are_passed_over():
    chronicle = log(*ran("a"))
    foreign = ForeignEvent(run="r", seq=9, at=1.0, type="Theirs", raw=b"")

    assert Chronicle([*chronicle.events, foreign]).events == chronicle.events
