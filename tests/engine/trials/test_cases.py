"""Cases of test files: stand-ins, virtual time, what is sent and answered, what is expected."""

import json
from xml.etree import ElementTree

import pytest

from ciranda.layer import StepPlan
from ciranda.settings import Configuration
from ciranda.testing.mocks import mock_action
from ciranda.trials import perform, read_tests
from ciranda.trials.case import Mock
from ciranda.trials.report import details, junit
from ciranda.trials.standin import mock_of
from ciranda.trials.verdict import Difference, Verdict
from ciranda.workflow.model import Step

FLOW = """\
ciranda: 1
name: flow
inputs: {n: {type: integer, default: 2}}
secrets: {KEY: {env: SHOP_KEY}}
env: {HOST: {from: SHOP_HOST, default: none}}
steps:
  load:
    uses: http.request
    with: {url: "https://shop.example/${{ env.HOST }}", headers: {key: "${{ secrets.KEY }}"}}
    retry: {attempts: 3, backoff: 1h, cap: 1h, jitter: none, on: [timeout, unavailable]}
    timeout: 10s
  each: {map: "${{ [1, 2, 3] }}", run: [echo, "${{ item }}"], parse: json, needs: [load]}
  other: {if: inputs.n > 2, uses: elsewhere.act, with: {a: 1}}
outputs:
  total: ${{ sum(one.data for one in steps.each.output) }}
"""
WAITS = """\
ciranda: 1
name: waits
steps:
  sign: {approve: {prompt: Sure?, who: [ann], form: {why: string}}}
  paid: {wait: {event: paid, where: event.data.n > 1}, needs: [sign]}
  nap: {sleep: 10d, needs: [paid]}
outputs: {why: "${{ steps.sign.output.form.why }}", n: "${{ steps.paid.output.n }}"}
"""
SHARED = """\
env: {SHOP_KEY: a-long-secret}
mocks:
  load: {output: {status: 200}}
  run: {output: {data: 7}}
  elsewhere.act: {output: 0}
"""


@pytest.fixture
def tried(tmp_path):
    """Try cases as written and return their verdicts by name."""
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "waits.yaml").write_text(WAITS)

    def tried(cases, name="flow", shared=SHARED):
        file = tmp_path / f"{name}.test.yaml"
        file.write_text(f"{shared}cases:\n{cases}")
        tests = read_tests(str(file))
        found = [perform(tests, case, Configuration(tmp_path)) for case in tests.cases]
        return found[0] if len(found) == 1 else found

    return tried


def wrong(verdict):
    return {each.what: (each.expected, each.got) for each in verdict.differences}


def test_a_stand_in_reads_what_it_is_given_and_the_nearest_wins(tried):
    verdict = tried("""
  - name: sums
    mocks:
      each: {output: {data: 5, stdout: "${{ given.argv[0] }}"}}
      each/1: {output: {data: 1}}
    expect:
      outputs: {total: 11}
      steps: {each/2: {output: {code: 0, data: 5, stdout: echo, stderr: ""}}}
""")

    assert (verdict.outcome, verdict.differences, verdict.faults) == ("passed", (), ())


def test_expectations_that_hold_and_values_that_are_equal_pass(tried):
    verdict = tried("""
  - name: sums
    expect:
      outputs: {total: "${{ 7 * (inputs.n + 1) }}"}
      steps:
        load: {output: {status: "${{ it >= 200 }}"}, attempts: 1, cached: false}
        each: {status: succeeded, counts: {succeeded: 3}}
        each/2: {output: {code: 0, data: 7, stdout: "", stderr: ""}}
      order: [load, each]
      not-run: [other]
      duration: "${{ it < 1 }}"
      holds: [inputs.n == 2, steps.each.counts.succeeded == 3]
""")

    assert (verdict.outcome, verdict.differences, verdict.faults) == ("passed", (), ())


def test_each_attempt_has_its_own_stand_in_and_takes_virtual_time(tried):
    verdict = tried("""
  - name: retries
    mocks:
      load:
        attempts:
          - {error: unavailable, duration: 5s}
          - {duration: 1m}
          - {output: {status: "${{ attempt }}"}}
    expect:
      steps: {load: {attempts: 3, output: {status: 3}}}
      duration: 2h15s
""")

    assert (verdict.outcome, verdict.differences) == ("passed", ())
    assert verdict.virtual == pytest.approx(7215.0)
    assert verdict.seconds < 30


def test_what_differs_is_told_with_its_place(tried):
    verdict = tried("""
  - name: wrong
    mocks: {load: {error: {kind: denied, message: Go away., retryable: false, detail: {a: 1}}}}
    expect:
      outputs: {total: 1}
      error: {kind: x}
      steps:
        load: {error: {kind: timeout, nothing: 1}}
        each: {status: succeeded}
      order: [each, load]
      not-run: [load]
      duration: 5m
      holds: [steps.load.status == 'x', steps.nobody.output]
""")

    assert verdict.outcome == "failed"
    assert {name: pair for name, pair in wrong(verdict).items() if name != "holds"} == {
        "status": ("succeeded", "failed"),
        "outputs.total": (1, None),
        "error.kind": ("x", None),
        "steps.load.error.kind": ("timeout", "denied"),
        "steps.load.error.nothing": (1, None),
        "steps.each.status": ("succeeded", "skipped"),
        "order": (["each", "load"], ["load"]),
        "steps.load": ("not run", "failed"),
        "duration": ("5m", "0s"),
    }
    assert [each.note for each in verdict.differences if each.what == "holds"] == [
        "`steps.load.status == 'x'` does not hold",
        "`steps.nobody.output`: there is no property 'nobody'",
    ]
    assert verdict.failures == ("load: denied: Go away.",)
    assert next(each for each in verdict.differences if each.what == "order").line == 16


@pytest.mark.parametrize(
    ("expected", "same"),
    [("7.0", False), ("true", False), ("[7]", False), ('"${{ it == 21 }}"', True),
     ('"${{ it > 21 }}"', False), ('"${{ nobody }}"', False), ('"${{ 3 * 7 }}"', True),
     ('"is ${{ it }}"', False)],
)  # fmt: skip
def test_a_value_is_compared_or_asked(tried, expected, same):
    verdict = tried(f"\n  - name: one\n    expect: {{outputs: {{total: {expected}}}}}\n")

    assert (verdict.outcome == "passed") is same


def test_events_answers_and_long_waits_take_no_time(tried):
    verdict = tried("""
  - name: waits
    approvals: {sign: {by: ann, form: {why: yes it is}, after: 2h}}
    events:
      - {event: paid, data: {n: 1}, at: 3h}
      - {event: paid, data: {n: 9}, at: 1d, source: bank, id: b1}
    expect:
      outputs: {why: yes it is, n: 9}
      duration: 11d
""", "waits", "")  # fmt: skip

    assert (verdict.outcome, verdict.differences) == ("passed", ())


def test_a_run_that_waits_for_ever_is_at_fault(tried):
    verdict = tried("  - name: waits\n    approvals: {sign: {by: ann, form: {why: x}}}\n",
                    "waits", "")  # fmt: skip

    assert verdict.outcome == "faulty"
    assert "step `paid` waits for what never comes (add `approvals` or" in verdict.faults[0]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("{by: bob, form: {why: x}}", "`bob` may not answer step `sign`: ann may (`by` says who"),
        ("{by: ann}", "the form of step `sign` needs `why`: write `form: {why: ...}`"),
    ],
)
def test_an_answer_that_does_not_count_is_at_fault(tried, answer, sentence):
    verdict = tried(f"  - name: asked\n    approvals: {{sign: {answer}}}\n", "waits", "")

    assert verdict.outcome == "faulty"
    assert f"the answer for `sign` does not count: {sentence}" in verdict.faults[0]


def test_names_of_cases_neither_move_the_cursor_nor_spoil_a_report():
    verdict = Verdict(
        file="a.test.yaml", line=3, name="red \x1b[31m", outcome="failed",
        differences=(Difference(what="status", expected="failed", got="succeeded"),),
    )  # fmt: skip

    assert "\x1b" not in "".join(details([verdict]))
    named = ElementTree.fromstring(junit([verdict], 0.0)).find("testsuite/testcase")
    assert named is not None
    assert named.get("name") == "red ?[31m"


def test_what_nothing_stands_in_for_is_named(tried):
    verdict = tried(
        "  - name: bare\n", shared="env: {SHOP_KEY: a-long-secret}\nmocks: {elsewhere.act: {}}\n"
    )

    assert verdict.outcome == "faulty"
    assert verdict.faults[0].startswith(str(verdict.file))
    assert "step `load` has no mock (add `mocks: {load: {output: ...}}`" in verdict.faults[0]


def test_an_action_that_is_not_installed_needs_no_plugin(tried):
    verdict = tried("""
  - name: other
    inputs: {n: 3}
    mocks: {elsewhere.act: {output: "${{ given.a + 1 }}"}}
    expect: {steps: {other: {output: 2}}}
""")

    assert (verdict.outcome, verdict.faults, verdict.differences) == ("passed", (), ())


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("mocks: {laod: {output: 1}}", "has no step `laod` (did you mean `load`?)"),
        ("approvals: {qqqqqq: {}}", "has no step `qqqqqq` (`ciranda plan` shows the paths)"),
        ("expect: {steps: {eahc/2: {}}}", "has no step `eahc/2`"),
        ("expect: {order: [load, x1]}", "has no step `x1`"),
        ("expect: {not-run: [othr]}", "did you mean `other`?"),
        ("expect: {duration: soon}", "`soon` is not a duration"),
        ("expect: {holds: ['1 +']}", "the expression ends too early"),
        ("expect: {outputs: {total: '${{ 1 + }}'}}", "the expression ends too early"),
        ("inputs: {m: 1}", "has no input `m`"),
        ("env: {SHOP_KEY: x}", "the secret `KEY` has 1 characters"),
        ("workflow: waits.yaml", "has no step `other`"),
    ],
)
def test_names_that_the_workflow_does_not_have_are_faults(tried, case, said):
    more = "\n    expect: {not-run: [other]}" if case.startswith("workflow") else ""

    verdict = tried(f"  - name: one\n    {case}{more}\n")

    assert verdict.outcome == "faulty"
    assert said in str(verdict.faults)


def test_wrong_inputs_fail_as_they_would(tried, tmp_path):
    (tmp_path / "flow.yaml").write_text(
        "ciranda: 1\nsteps:\n  a: {uses: data.read, with: {path: x}}\n"
        "  b: {uses: data.read, with: {path: y, format: '${{ steps.a.output }}'}}\n"
    )

    verdict = tried(
        "  - name: one\n    mocks: {a: {output: 5}, b: {output: '${{ nobody }}'}}\n"
        "    expect: {status: failed, steps: {b: {error: {kind: invalid-input}}}}\n"
        "  - name: two\n    mocks: {a: {output: text}, b: {output: '${{ nobody }}'}}\n"
        "    expect: {status: failed, steps: {b: {error: {kind: invalid-output}}}}\n",
        shared="",
    )  # fmt: skip

    assert [each.outcome for each in verdict] == ["passed", "passed"]


def test_real_actions_run_where_the_file_says_so(tried, tmp_path):
    (tmp_path / "note.txt").write_text("hello")
    (tmp_path / "flow.yaml").write_text(
        "ciranda: 1\nsteps:\n  a: {uses: data.read, with: {path: note.txt}}\n"
        "  b: {run: [echo, '${{ steps.a.output }}'], parse: text}\n"
    )

    verdicts = tried(
        "  - name: a\n    mocks: {a: {real: true}, b: {}}\n"
        "    expect: {steps: {a: {output: hello}, b: {output: null}}}\n"
        "  - name: b\n    real: true\n    time: real\n"
        "    expect: {steps: {b: {output: '${{ it.data == \"hello\" }}'}}}\n",
        shared="",
    )

    assert [(each.outcome, each.differences) for each in verdicts] == [("passed", ())] * 2


@pytest.mark.parametrize(
    ("path", "uses", "found"),
    [
        ("g/1/x", "a.b", "g/1/x"),
        ("g/2/x", "a.b", "g/x"),
        ("h/x", "a.b", "x"),
        ("y", "a.b", "a.b"),
        ("y", "program.run", "run"),
        ("y", "c.d", None),
    ],
)
def test_the_nearest_name_stands_in(path, uses, found):
    mocks = {name: Mock(real=True, at=(name,)) for name in ("g/1/x", "g/x", "x", "a.b", "run")}
    step = Step(id=path.rpartition("/")[2], uses=uses)
    plan = StepPlan(step.id, uses, mock_action(uses, None), step)

    chosen = mock_of(mocks, path, plan)

    assert (chosen and chosen.at) == (found and (found,))


def test_verdicts_are_plain_data(tried):
    from ciranda.trials.report import plain

    verdict = tried("  - name: one\n    expect: {outputs: {total: 1}}\n")

    told = json.loads(json.dumps(plain([verdict], 0.5)))
    assert (told["passed"], told["failed"], told["faulty"]) == (0, 1, 0)
    assert told["cases"][0]["differences"][0]["what"] == "outputs.total"
