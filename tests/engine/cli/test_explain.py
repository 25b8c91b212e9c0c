"""`ciranda explain`: the log of a real run, in sentences."""

FLOW = """\
ciranda: 1
name: flow
inputs: {f: {type: string, default: text}}
steps:
  load: {uses: data.read, with: {path: rows.txt, format: "${{ inputs.f }}"}, cache: {ttl: 1h}}
  each: {map: "${{ [1, 2] }}", when: item < 2, uses: data.read, with: {path: rows.txt}}
  bad: {uses: data.read, with: {path: gone.txt}, needs: [load]}
  later: {uses: data.read, with: {path: rows.txt}, needs: [bad]}
"""


def test_a_run_explains_itself(cli, project):
    (project / "flow.yaml").write_text(FLOW)
    (project / "rows.txt").write_text("[1]")
    cli("run", "flow.yaml", "-q", code=1)
    cli("run", "flow.yaml", "-q", "-i", "f=json", code=1)

    later = cli("explain", "last", "later").out.splitlines()
    item = cli("explain", "last", "each/1").out
    load = cli("explain", "last", "load", "-o", "json").data
    unknown = cli("explain", "last", "lod", code=2).err

    assert later[0] == "`later` was skipped: 'bad' failed (at flow.yaml:8)"
    assert later[1].startswith("- it goes back to `bad`, which failed first: data.not_found")
    assert "- it is item 1 of `each`: item = 2\n- `when: item < 2` was false, with item = 2" in item
    (cache,) = [fact for fact in load["facts"] if fact["kind"] == "cache"]
    assert cache["data"] == {"state": "miss", "changed": ["input format"]}
    assert load["status"] == "succeeded"
    assert "did you mean `load`?" in unknown

    cli("run", "flow.yaml", "-q", code=1)
    assert "- the cache had the answer" in cli("explain", "last", "load").out


INSIDE = """\
ciranda: 1
name: inside
steps:
  files:
    map: "${{ ['rows.txt', 'gone.txt'] }}"
    as: file
    on-item-failure: keep
    steps:
      read: {uses: data.read, with: {path: "${{ file }}"}}
      more: {if: steps.read.output != '', uses: data.read, with: {path: rows.txt}}
  pay:
    try: {x: {uses: data.read, with: {path: gone.txt}}}
    catch: [{on: [data.not_found], as: e, steps: {tell: {if: e.kind != 'timeout', uses: data.read,
                                               with: {path: rows.txt}}}}]
    finally: {close: {uses: data.read, with: {path: rows.txt}}}
  pick:
    switch: [{if: "steps.pay.status == 'failed'", fail: {kind: odd, message: no}}, {sleep: 1ms}]
  racing:
    join: race
    steps: {slow: {sleep: 1h}, fast: {sleep: 1ms}}
  sub: {uses: ./inner.yaml, with: {n: 3}}
"""
INNER = """\
ciranda: 1
inputs: {n: {type: integer}, m: {type: integer, default: 0}}
steps: {a: {if: inputs.n > inputs.m, sleep: 1ms}, b: {if: inputs.m > 0, sleep: 1ms}}
"""


def test_steps_at_any_depth_of_a_real_run_are_explained(cli, project):
    (project / "inside.yaml").write_text(INSIDE)
    (project / "inner.yaml").write_text(INNER)
    (project / "rows.txt").write_text("[1]")
    plan = cli("plan", "inside.yaml", "-o", "json").data["steps"]
    cli("run", "inside.yaml", "-q")

    def told(path):
        return cli("explain", "last", path).out

    assert '- it is item 1 of `files`: file = "gone.txt"\n- it failed with' in told("files/1")
    assert "- `files/1` failed with it" in told("files/1/read")
    assert "- it goes back to `files/1/read`, which failed first: data.not" in told("files/1/more")
    assert 'held, with steps.read.output = "[1]"' in told("files/0/more")
    assert (
        "failed with `pay/x`, and the `catch` for data.not_found took it\n- its `finally`"
        in told("pay")
    )
    assert 'held, with e.kind = "data.not_found"' in told("pay/@catch0/tell")
    assert "the `finally` of `pay` began" in told("pay/@finally/close")
    assert "- no other case held, so the last one was taken" in told("pick")
    assert "- `fast` won" in told("racing")
    assert told("racing/slow").startswith("`racing/slow` was cancelled: 'fast' has won")
    assert "held, with inputs.n = 3, inputs.m = 0" in told("sub/a")
    assert "(at inner.yaml:3)" in told("sub/b")
    assert (plan["sub/a"]["would"], plan["sub/b"]["would"]) == ("run", "skip")
    assert plan["files"]["items"] == 2
