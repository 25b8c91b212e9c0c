"""Tools of other servers in steps: good ones, and ones that break every rule."""

import re
import sys
from pathlib import Path

import anyio
import pytest

from ciranda.errors import StepError
from ciranda.events import Event, StepProgressed
from ciranda.testing import harness
from ciranda_skills.mcp import launch
from ciranda_skills.mcp.client import Server, connection, servers, spec_of

pytestmark = pytest.mark.anyio
PEER = Path(__file__).with_name("mcp_peer.py")


def peer(*way, **more):
    return {"command": sys.executable, "args": ["-I", "-S", str(PEER), *way], **more}


@pytest.fixture
async def opened():
    async with harness() as opened:
        yield opened


@pytest.fixture
async def call(opened):
    async def call(tool, arguments=None, *, server=None, within=20.0):
        given = {"server": peer() if server is None else server, "tool": tool, "timeout": within}
        if arguments is not None:
            given["arguments"] = arguments
        return await opened.engine.call("mcp.call", given)

    return call


@pytest.fixture
async def refused(call):
    """Call what must fail; returns the error."""

    async def refused(*arguments, **more):
        with pytest.raises(StepError) as caught:
            await call(*arguments, **more)
        return caught.value

    return refused


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    except FileNotFoundError:
        return False


async def test_a_tool_is_called_and_its_result_is_content_and_structure(call):
    result = await call("echo", {"n": 3})

    assert result["structured"]["arguments"] == {"n": 3}
    assert result["content"][0]["type"] == "text"
    assert result["is_error"] is False


async def test_one_process_serves_all_steps_that_name_it_alike(call):
    pids = []

    async def ask(**more):
        pids.append((await call("echo", server=peer(**more)))["structured"]["pid"])

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(ask)
    await ask(env={"OTHER": "1"})

    assert len(set(pids[:3])) == 1
    assert pids[3] not in pids[:3]


FLOW = f"""
ciranda: 1
secrets: {{key: {{env: PEER_KEY}}}}
steps:
  ask:
    uses: mcp.call
    with:
      server:
        command: {sys.executable}
        args: [-I, -S, {PEER}]
        env: {{KEY: "${{{{ secrets.key }}}}", PLAIN: "1"}}
      tool: TOOL
"""


@pytest.mark.parametrize("tool", ["environ", "tell"])
async def test_a_secret_that_a_server_is_given_and_tells_is_not_kept(tool):
    async with harness(environ={"PEER_KEY": "hunter22-secret"}) as opened:
        result = await opened.run(FLOW.replace("TOOL", tool))

        assert result.ok is (tool == "environ")
        kept = repr([result, *opened.events(Event)])
        assert "hunter22-secret" not in kept
        assert "***" in kept


async def test_the_environment_holds_what_is_allowed_and_no_more(call, monkeypatch):
    monkeypatch.setenv("ALLOWED", "yes")
    monkeypatch.setenv("FORBIDDEN", "no")
    told = (await call("environ", server=peer(inherit_env=["ALLOWED"], env={"X": "y"})))[
        "structured"
    ]

    assert told["ALLOWED"] == "yes"
    assert told["X"] == "y"
    assert set(told) <= {
        "PATH", "HOME", "LANG", "TZ", "TMPDIR", "ALLOWED", "X", "cwd", "LC_CTYPE",
    }  # fmt: skip


FAILING = [
    ("fail", {}, "mcp.tool-error", 'The tool `fail` failed: {"why": "so"}'),
    ("ecko", {}, "mcp.unknown-tool", "has no tool `ecko`. Did you mean `echo`?"),
    ("hang", {"n": "three"}, "mcp.arguments", 'n: "three" is not of type "integer"'),
    ("hang", {"m": 1}, "mcp.arguments", "'m' was unexpected"),
    ("wrong", {}, "mcp.schema", 'n: "none" is not of type "integer"'),
    ("regex", {}, "mcp.schema", "Max limit for backtracking"),
    ("remote", {}, "mcp.schema", "is not fetched"),
    ("refuse", {}, "mcp.refused", "refuses: not today"),
    ("odd", {}, "mcp.protocol", "gave an answer that is none"),
    ("deep", {}, "invalid-output", "nests deeper than 64 levels"),
]


async def test_each_way_to_fail_has_a_kind_and_a_sentence(refused):
    with anyio.fail_after(20):
        errors = [await refused(tool, arguments) for tool, arguments, *_ in FAILING]

    for error, (_, _, kind, text) in zip(errors, FAILING, strict=True):
        assert error.kind == kind
        assert text in error.message
    assert errors[0].detail["structured"] == {"why": "so"}
    assert errors[7].detail == {"code": -32000}


async def test_a_server_that_dies_is_told_and_the_next_call_has_a_new_one(call, refused):
    before = (await call("echo"))["structured"]["pid"]
    error = await refused("die")
    after = (await call("echo"))["structured"]["pid"]

    assert error.kind == "mcp.server-lost"
    assert error.message.endswith("ended with exit code 3: the last words")
    assert error.retryable
    assert before != after


async def test_its_death_is_told_to_all_calls_that_wait(call, refused):
    errors = []

    async def wait():
        errors.append(await refused("hang"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        tasks.start_soon(wait)
        await call("echo")
        await refused("die")

    assert [error.kind for error in errors] == ["mcp.server-lost"] * 2
    assert errors[0] is not errors[1]


async def test_a_server_that_hangs_is_given_up_and_serves_on_when_it_answers(call, refused):
    pid = (await call("echo"))["structured"]["pid"]
    error = await refused("hang", within=0.1)

    assert error.kind == "timeout"
    assert (await call("echo"))["structured"]["pid"] == pid


async def test_a_server_that_does_not_answer_any_more_is_replaced(call, refused, monkeypatch):
    monkeypatch.setattr(connection, "_PONG", 0.2)
    pid = (await call("echo"))["structured"]["pid"]
    error = await refused("freeze", within=0.1)
    after = (await call("echo"))["structured"]["pid"]

    assert error.kind == "timeout"
    assert after != pid
    assert not alive(pid)


async def test_an_answer_that_comes_late_is_nobodys(call, refused):
    await call("echo")
    error = await refused("late", within=0.05)
    result = await call("echo", {"n": 1})

    assert error.kind == "timeout"
    assert result["structured"]["arguments"] == {"n": 1}


async def test_an_answer_that_comes_twice_counts_once(call):
    twice = await call("twice")
    result = await call("echo", {"n": 1})

    assert "first" in twice["structured"]
    assert result["structured"]["arguments"] == {"n": 1}


async def test_what_is_no_message_breaks_the_protocol(call, refused):
    error = await refused("garbage")

    assert error.kind == "mcp.protocol"
    assert error.message.endswith("printed what is no message: DEBUG: this is no message")
    assert (await call("echo"))["structured"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
@pytest.mark.parametrize("tool", ["flood", "storm"])
async def test_a_flood_is_stopped(call, refused, tool):
    pid = (await call("echo"))["structured"]["pid"]
    error = await refused(tool)

    assert error.kind == "mcp.flood"
    assert not alive(pid)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
@pytest.mark.parametrize(
    ("way", "kind", "text"),
    [
        ("silent", "timeout", "did not answer within 0.2 s"),
        ("noisy", "mcp.protocol", "printed what is no message: noise"),
        ("broken", "mcp.server-lost", "ended with exit code 1: cannot begin"),
    ],
)
async def test_a_server_that_does_not_begin_is_told(refused, way, kind, text):
    error = await refused("echo", server=peer(way), within=0.2 if way == "silent" else 20.0)

    assert error.kind == kind
    assert text in error.message


async def test_a_list_of_tools_without_end_has_one(call):
    assert (await call("echo", server=peer("endless")))["structured"]


async def test_a_program_that_does_not_exist_is_told(refused, tmp_path):
    error = await refused("echo", server={"command": "no-such-server"})
    folder = await refused("echo", server=peer(cwd=str(tmp_path / "absent")))

    assert error.kind == folder.kind == "mcp.start"
    assert error.message.startswith("`no-such-server` cannot be started")
    assert not error.retryable


@pytest.mark.parametrize("way", ["well", "stays"])
async def test_all_that_a_server_started_is_gone_with_the_engine(way):
    async with harness() as opened:
        given = {"server": peer(way), "tool": "daemon"}
        called = await opened.engine.call("mcp.call", given)
        pid = called["structured"]["pid"]
        given["tool"] = "echo"
        server = (await opened.engine.call("mcp.call", given))["structured"]["pid"]
        assert alive(pid)
        assert alive(server)

    assert not alive(pid)
    assert not alive(server)


async def test_progress_of_a_tool_is_progress_of_the_step(opened):
    flow = f"""
ciranda: 1
steps:
  ask:
    uses: mcp.call
    with:
      server: {{command: {sys.executable}, args: [-I, -S, {PEER}]}}
      tool: progress
"""
    result = await opened.run(flow)

    assert result.ok
    assert [(each.done, each.total) for each in opened.events(StepProgressed)][-1] == (2, 2)


async def test_tools_are_listed_with_their_schemas(opened):
    tools = await opened.engine.call("mcp.tools", {"server": peer()})

    assert [tool["name"] for tool in tools] == sorted(tool["name"] for tool in tools)
    assert tools[0] == {
        "name": "daemon",
        "description": "Daemon",
        "input_schema": {
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "additionalProperties": False,
        },
    }


@pytest.mark.parametrize(
    ("server", "text"),
    [
        ({}, "takes either `command` or `url`"),
        ({"command": "a", "url": "http://b"}, "takes either `command` or `url`"),
        ({"url": "http://b", "args": ["c"]}, "go with `command`, not `url`"),
        ({"url": "http://"}, "names no host"),
        ({"command": "a", "headers": {"b": "c"}}, "go with `url`, not `command`"),
        ({"command": "a", "env": {"B=C": "d"}}, "cannot be handed to a program"),
        ({"command": "a", "args": ["\0"]}, "cannot be handed to a program"),
    ],
)
def test_a_server_that_is_named_wrongly_is_told(server, text):
    with pytest.raises(StepError, match=re.escape(text)) as caught:
        spec_of(Server(**server), Path(), {})

    assert caught.value.kind == "invalid-input"


async def test_a_key_that_no_server_has_is_told(refused):
    assert "comand" in (await refused("echo", server={"comand": "a"})).message
    assert (await refused("echo", server={"url": "ftp://b"})).kind == "invalid-input"


async def test_without_the_sdk_a_sentence_names_the_extra(refused, monkeypatch):
    monkeypatch.setattr(servers, "find_spec", lambda _: None)

    error = await refused("echo")

    assert error.message == "mcp.call needs the MCP SDK: pip install 'ciranda[mcp]'."


def test_a_folder_that_does_not_exist_is_told_before_anything_is_started(tmp_path):
    payload = {"argv": ["true"], "env": {}, "cwd": str(tmp_path / "absent")}

    with pytest.raises(StepError, match=r"`true` cannot be started in .*absent: no such file"):
        launch.setup(None)["serve"](payload, None)
