"""`ciranda skills serve`: what it offers to whom, and how it ends."""

import json
import signal
import socket

import pytest

from .commanding import CASES, cli, copied, process, project
from .mcp_stage import SLOW, alive_below, write_skill

__all__ = ["cli", "project"]

HELLO = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    },
}  # fmt: skip
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
TOOLS = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


def call(name, arguments, **more):
    params = {"name": name, "arguments": arguments, **more}
    return {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params}


def test_a_client_lists_and_calls_until_a_signal_ends_it_and_what_it_runs(project):
    copied("exit-three", project / ".agents/skills")
    own = project.parent / "home" / ".claude" / "skills"
    write_skill(own, "trouble", {"slow.sh": SLOW})
    with process("serve", "--mcp", stdin=-1) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for message in (HELLO, READY, TOOLS, call("text-metrics_measure", {"text": "One two."})):
            child.stdin.write(json.dumps(message) + "\n")
        child.stdin.flush()
        answers = {
            told["id"]: told for told in (json.loads(child.stdout.readline()) for _ in "123")
        }
        slow = call("trouble_slow", {}, _meta={"progressToken": "t"})
        child.stdin.write(json.dumps(slow) + "\n")
        child.stdin.flush()
        while "half way" not in child.stdout.readline():
            pass
        child.send_signal(signal.SIGTERM)
        _, said = child.communicate(timeout=30)

    tools = [each["name"] for each in answers[2]["result"]["tools"]]
    assert "text-metrics_measure" in tools
    assert not any("exit-three" in each for each in tools)
    assert answers[3]["result"]["structuredContent"]["words"] == 2
    assert "`exit-three` is not trusted" in said
    assert child.returncode == 0
    assert alive_below(own) == []


def test_over_http_it_says_where_and_ends_on_a_signal(project):
    with process("serve", "--mcp", CASES, "--http", "127.0.0.1:0") as child:
        assert child.stderr is not None
        line = child.stderr.readline()
        child.send_signal(signal.SIGTERM)
        child.wait(30)

    assert line.startswith("serving MCP at http://127.0.0.1:")
    assert child.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing option '--mcp'"),
        (["--mcp", "--http", "8080"], "write HOST:PORT"),
        (["--mcp", "--http", "localhost:99999"], "write HOST:PORT"),
        (["--mcp", "nowhere"], "nowhere is not a folder"),
        (["--mcp", "--http", "0.0.0.0:0"], "can be reached from other machines: give a token"),
        (["--mcp", "--slots", "0"], "0 is not in the range"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(cli, arguments, said):
    assert said in cli("serve", *arguments, code=2).err


def test_an_address_that_is_taken_is_said(cli):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        said = cli("serve", "--mcp", "--http", f"127.0.0.1:{port}", code=2)

    assert "cannot be listened at" in said.err
