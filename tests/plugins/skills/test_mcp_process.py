"""A server as a client starts it: a process of its own, the SDK's client, real pipes."""

import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters, stdio_client

from ciranda.errors import StepError
from ciranda.testing import harness

from .mcp_stage import alive_below, write_skills

pytestmark = pytest.mark.anyio
PROGRAM = str(Path(__file__).with_name("mcp_program.py"))


@pytest.fixture
def anyio_backend():
    return "asyncio"  # others run on trio too; here a process takes seconds to begin


@pytest.fixture
def skills(tmp_path):
    return write_skills(tmp_path / "skills")


async def test_a_process_serves_and_ends_with_its_client(skills, tmp_path):
    parameters = StdioServerParameters(command=sys.executable, args=[PROGRAM, str(skills)])
    begun = anyio.Event()

    async def hear(progress, total, message):
        if message == "half way":
            begun.set()

    with (tmp_path / "errors").open("w") as errors:
        async with Client(stdio_client(parameters, errlog=errors)) as client:
            result = await client.call_tool("text-tools_count", {"text": "ab"})
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(
                    lambda: client.call_tool("trouble_slow", {}, progress_callback=hear)
                )
                with anyio.fail_after(20):
                    await begun.wait()
                tasks.cancel_scope.cancel()
    said = (tmp_path / "errors").read_text()

    assert result.structured_content == {"text": "abab"}
    assert "this is no message" in said
    assert said.endswith("ended well\n")
    assert alive_below(skills) == []


async def test_a_program_made_with_the_sdk_is_used():
    program = {"command": sys.executable, "args": [str(Path(__file__).with_name("mcp_made.py"))]}
    async with harness() as opened:
        given = {"server": program, "tool": "add", "arguments": {"a": 1}}
        result = await opened.engine.call("mcp.call", given)
        with pytest.raises(StepError, match=r"The tool `fail` failed: .*cannot be done") as caught:
            await opened.engine.call("mcp.call", given | {"tool": "fail", "arguments": {}})

    assert result["structured"] == {"result": 3}
    assert result["content"][0]["text"] == "3"
    assert caught.value.kind == "mcp.tool-error"
