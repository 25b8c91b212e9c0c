"""What is told of handlers that failed."""

FAILING = """\
ciranda: 1
steps:
  book:
    run: [echo, booked]
    compensate: {undo: {run: [sh, -c, exit 3]}}
  rooms:
    map: [1, 2]
    run: [echo, "${{ item }}"]
    compensate: {undo: {run: [sh, -c, "exit ${{ item }}"], if: item == 2}}
  pay: {run: ["false"], needs: [book, rooms], on-failure: {tell: {run: [sh, -c, exit 4]}}}
finally: {sweep: {run: [sh, -c, exit 5]}}
"""


def test_handlers_that_failed_are_told_with_their_errors(cli, project):
    (project / "failing.yaml").write_text(FAILING)

    said = cli("run", "failing.yaml", "-o", "json", code=1)

    failures = said.data["failures"]
    kinds = {path: (error["kind"], error["place"]) for path, error in failures.items()}
    assert kinds == {
        "pay": ("exit.1", "failing.yaml:10"),
        "pay/@on-failure/tell": ("exit.4", "failing.yaml:10"),
        "rooms/1/@compensate/undo": ("exit.2", "failing.yaml:9"),
        "book/@compensate/undo": ("exit.3", "failing.yaml:5"),
        "@finally/sweep": ("exit.5", "failing.yaml:11"),
    }
    assert "made up for" not in said.err
    for path in ("rooms/1/@compensate/undo", "book/@compensate/undo", "@finally/sweep"):
        assert f"✗ {path}: exit." in said.err
