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
