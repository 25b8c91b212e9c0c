"""Skills as any MCP client sees them."""

import base64
import json
import os

import anyio
import pytest
from mcp import Client, MCPError
from mcp.shared.message import SessionMessage
from mcp.shared.subscriptions import ResourcesListChanged, ToolsListChanged
from mcp_types import JSONRPCNotification, JSONRPCRequest

from ciranda_skills.mcp.descriptors import write_all
from ciranda_skills.mcp.server import serve_stdio

from .mcp_stage import (
    NOBODY,
    alive_below,
    client_of,
    limits_of,
    offer_of,
    over,
    served,
    write_skill,
    write_skills,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def skills(tmp_path):
    return write_skills(tmp_path / "skills")


async def until(true):
    with anyio.fail_after(20):
        while not true():  # noqa: ASYNC110  (processes set no event)
            await anyio.sleep(0.01)


async def test_each_script_is_a_tool_with_the_schema_of_its_parameters(skills):
    async with client_of(offer_of(skills), runs=False) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}

        assert list(tools) == [
            "text-tools_count", "text-tools_echo", "trouble_fail", "trouble_slow", "trouble_told",
        ]  # fmt: skip
        assert tools["text-tools_count"].input_schema["required"] == ["text"]
        assert tools["text-tools_echo"].input_schema["properties"].keys() == {"args", "stdin"}
        assert tools["text-tools_echo"].description.startswith("Works on text.")


async def test_parameters_reach_the_function_and_its_result_is_structured(skills):
    async with client_of(offer_of(skills)) as client:
        result = await client.call_tool("text-tools_count", {"text": "ab"})

        assert not result.is_error
        assert result.structured_content == {"text": "abab"}
        assert json.loads(result.content[0].text) == {"text": "abab"}


async def test_words_and_text_reach_a_script_without_parameters(skills):
    async with client_of(offer_of(skills)) as client:
        result = await client.call_tool("text-tools_echo", {"args": ["a b", "-c"], "stdin": "é"})

        assert result.structured_content == {"args": ["a b", "-c"], "stdin": "é"}


async def test_a_script_that_fails_is_an_error_with_its_exit_code_and_stderr(skills):
    async with client_of(offer_of(skills)) as client:
        result = await client.call_tool("trouble_fail", {})

        assert result.is_error
        assert "exit code 3" in result.content[0].text
        assert "it broke" in result.content[0].text
        told = result.structured_content
        assert (told["status"], told["exit_code"]) == ("failed", 3)
        assert (told["stdout"], told["stderr"]) == ("so far so good\n", "it broke\n")


async def test_a_script_that_takes_too_long_is_an_error_and_gone(skills):
    async with client_of(offer_of(skills), limits_of(timeout=0.3)) as client:
        result = await client.call_tool("trouble_slow", {})

        assert result.is_error
        assert result.structured_content["status"] == "timeout"
        assert result.structured_content["stdout"] == "half way\n"
        assert alive_below(skills) == []


async def test_a_list_that_a_script_prints_is_wrapped_and_broken_text_is_left_out(tmp_path):
    write_skill(
        tmp_path,
        "lists",
        {"a.py": "print([1, 2])", "b.py": r"""print('{"x": "\\ud800"}')""", "c.py": "print('x')"},
    )
    async with client_of(offer_of(tmp_path)) as client:
        listed = await client.call_tool("lists_a", {})
        broken = await client.call_tool("lists_b", {})
        plain = await client.call_tool("lists_c", {})

        assert listed.structured_content == {"result": [1, 2]}
        assert (broken.structured_content, broken.is_error) == (None, False)
        assert broken.content[0].text == '{"x": "\\ud800"}\n'
        assert (plain.structured_content, plain.content[0].text) == (None, "x\n")


async def test_output_above_the_bound_is_cut_and_said_to_be(skills):
    async with client_of(offer_of(skills), limits_of(max_output=1000)) as client:
        result = await client.call_tool("text-tools_echo", {"args": ["x" * 5000]})

        assert len(result.content[0].text) <= 1000
        assert "not all is kept of 5,0" in result.content[1].text


async def test_an_unknown_tool_is_an_error_of_the_protocol(skills):
    async with client_of(offer_of(skills), runs=False) as client:
        with pytest.raises(MCPError, match="did you mean `text-tools_count`") as caught:
            await client.call_tool("text-tools_cuont", {})

        assert caught.value.code == -32602


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_arguments_that_do_not_fit_are_told_to_the_model(skills, mode):
    async with client_of(offer_of(skills), mode=mode, runs=False) as client:
        result = await client.call_tool("text-tools_count", {"text": "a", "times": "three"})
        other = await client.call_tool("text-tools_echo", {"argv": []})

        assert result.is_error
        assert 'times: "three" is not of type "integer"' in result.content[0].text
        assert result.structured_content["status"] == "refused"
        assert other.is_error


async def test_before_2025_11_they_are_an_error_of_the_protocol(skills):
    async with served(offer_of(skills), runs=False) as (read, write), over(read, write) as streams:
        reading, writing = streams

        async def ask(number, method, params):
            request = JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params=params)
            await writing.send(SessionMessage(request))
            return (await reading.receive()).message

        about = {"name": "old", "version": "1"}
        hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about}
        welcome = await ask(1, "initialize", hello)
        ready = JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized")
        await writing.send(SessionMessage(ready))
        refused = await ask(2, "tools/call", {"name": "text-tools_count", "arguments": {}})

        assert welcome.result["protocolVersion"] == "2025-06-18"
        assert refused.error.code == -32602
        assert '"text" is a required property' in refused.error.message


async def test_what_is_no_message_is_answered_and_the_next_is_served(skills):
    async with served(offer_of(skills), runs=False) as (read, write):
        await write_all(write, b"hello\n[1, 2\n\n")
        async with Client(over(read, write), mode="legacy") as client:
            assert (await client.list_tools()).tools


async def test_a_message_without_end_ends_the_connection(skills):
    requests, ours = os.pipe()
    theirs, answers = os.pipe()
    sent = 0
    async with anyio.create_task_group() as tasks:

        async def serve():
            await serve_stdio(offer_of(skills), NOBODY, stdin=requests, stdout=answers)
            tasks.cancel_scope.cancel()

        tasks.start_soon(serve)
        with anyio.fail_after(20):
            while True:
                await write_all(ours, b"x" * 65536)
                sent += 65536
    for each in (requests, ours, theirs, answers):
        os.close(each)

    assert sent < 6 << 20


async def test_a_cancelled_call_is_killed_with_all_that_it_started(skills):
    begun = anyio.Event()

    async def hear(progress, total, message):
        if message == "half way":
            begun.set()

    async with client_of(offer_of(skills)) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: client.call_tool("trouble_slow", {}, progress_callback=hear))
        with anyio.fail_after(20):
            await begun.wait()
        assert len(alive_below(skills)) >= 2
        tasks.cancel_scope.cancel()
    # The client has left by now, but its cancellation was served before.
    await until(lambda: alive_below(skills) == [])


async def test_after_a_cancelled_call_others_go_on(skills):
    async with client_of(offer_of(skills), limits_of(calls=1)) as client:
        with anyio.move_on_after(0.3):
            await client.call_tool("trouble_slow", {})
        result = await client.call_tool("text-tools_count", {"text": "x"})

        assert result.structured_content == {"text": "xx"}
        assert alive_below(skills) == []


async def test_progress_grows_and_shows_the_last_line(skills):
    heard = []

    async def hear(progress, total, message):
        heard.append((progress, message))

    async with client_of(offer_of(skills)) as client:
        await client.call_tool("trouble_told", {}, progress_callback=hear)

    assert [number for number, _ in heard] == sorted({number for number, _ in heard})
    assert heard[-1][1] == "line 2"


async def test_calls_beyond_the_bound_wait_and_too_many_are_refused(skills):
    results = []
    async with client_of(offer_of(skills), limits_of(calls=1, waiting=1, timeout=1.0)) as client:

        async def call():
            results.append(await client.call_tool("trouble_told", {}))

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(call)

    refused = [result for result in results if result.is_error]
    assert len(results) - len(refused) == 2
    assert refused[0].structured_content["kind"] == "skills.crowded"


async def test_bodies_are_listed_and_read_with_the_names_of_files(skills):
    async with client_of(offer_of(skills), runs=False) as client:
        listed = (await client.list_resources()).resources
        body, files = (await client.read_resource(listed[0].uri)).contents

        assert [each.uri for each in listed] == [
            "skill://text-tools/SKILL.md", "skill://trouble/SKILL.md",
        ]  # fmt: skip
        assert listed[0].description == "Works on text."
        assert body.text == "# How to use text-tools\n"
        assert "skill://text-tools/references/notes%20on%20it.md" in files.text.split("\n")


async def test_files_are_read_by_address_as_text_or_bytes(skills):
    async with client_of(offer_of(skills), runs=False) as client:
        (template,) = (await client.list_resource_templates()).resource_templates
        notes = await client.read_resource("skill://text-tools/references/notes%20on%20it.md")
        data = await client.read_resource("skill://text-tools/data.bin")

        assert template.uri_template == "skill://{skill}/{+path}"
        assert (notes.contents[0].text, notes.contents[0].mime_type) == (
            "# Notes\n",
            "text/markdown",
        )
        assert base64.b64decode(data.contents[0].blob) == b"\xff\x00"


ASTRAY = [
    "skill://text-tools/../trouble/SKILL.md",
    "skill://text-tools/%2e%2e/trouble/SKILL.md",
    "skill://text-tools//etc/passwd",
    "skill://text-tools/%00",
    "skill://text-tools/absent",
    "skill://nobody/SKILL.md",
    "skill://text-tools",
    "skill://text-tools/%ff",
    "file:///etc/passwd",
]


async def test_no_address_leads_out_of_a_skill(skills):
    async with client_of(offer_of(skills), mode="legacy", runs=False) as client:
        for uri in ASTRAY:
            with pytest.raises(MCPError) as caught:
                await client.read_resource(uri)

            assert caught.value.code == -32002
            assert caught.value.data == {"uri": uri}


async def test_skills_of_a_project_are_not_offered_until_they_are_trusted(tmp_path):
    place = tmp_path / ".agents" / "skills"
    write_skill(place, "known", {"a.py": "print(1)"})
    write_skill(place, "foreign", {"a.py": "print(2)"})
    offer = offer_of(project=tmp_path, trusted=("known",))
    async with client_of(offer, runs=False) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["known_a"]
        assert [each.name for each in (await client.list_resources()).resources] == ["known"]
        with pytest.raises(MCPError, match="there is no tool `foreign_a`"):
            await client.call_tool("foreign_a", {})
        with pytest.raises(MCPError, match="there is no skill `foreign`"):
            await client.read_resource("skill://foreign/SKILL.md")

    assert (await offer.shown()).withheld == ("`foreign` is not trusted",)


async def test_trust_that_is_taken_back_counts_at_once(tmp_path):
    place = tmp_path / ".agents" / "skills"
    write_skill(place, "known", {"a.py": "print(1)"})
    trusted = ["known"]
    async with client_of(offer_of(project=tmp_path, trusted=trusted)) as client:
        await client.call_tool("known_a", {})
        trusted.clear()
        result = await client.call_tool("known_a", {})

        assert result.is_error
        assert result.structured_content["kind"] == "skills.unknown"


async def test_a_skill_that_comes_later_is_found(skills):
    async with client_of(offer_of(skills)) as client:
        await client.list_tools()
        write_skill(skills, "late", {"a.py": "print('here')"})
        result = await client.call_tool("late_a", {})

        assert result.content[0].text == "here\n"


async def test_a_client_that_listens_is_told_of_other_skills(skills):
    async with (
        client_of(offer_of(skills), limits_of(look=0.02), runs=False) as client,
        client.listen(tools_list_changed=True, resources_list_changed=True) as events,
    ):
        await client.list_tools()
        write_skill(skills, "later", {"a.py": "print(1)"})
        with anyio.fail_after(20):
            told = {await anext(events), await anext(events)}

        assert told == {ToolsListChanged(), ResourcesListChanged()}
        assert "later_a" in {tool.name for tool in (await client.list_tools()).tools}


async def test_an_older_client_is_told_where_it_listed(skills):
    heard = []

    async def hear(message):
        heard.append(type(message).__name__)

    served = client_of(
        offer_of(skills), limits_of(look=0.02), mode="legacy", runs=False, message_handler=hear
    )
    async with served as client:
        assert client.server_capabilities.tools.list_changed
        await client.list_tools()
        (skills / "trouble" / "scripts" / "told.py").unlink()

        await until(lambda: heard)
    assert heard == ["ToolListChangedNotification"]


async def test_a_script_whose_schema_is_none_is_withheld_alone(skills):
    (skills / "trouble" / "scripts" / "fail.schema.json").write_text("[]")
    shown = await offer_of(skills).shown()

    assert "trouble_fail" not in shown.tools
    assert "trouble_slow" in shown.tools
    assert shown.withheld[0].startswith("`scripts/fail.py` of `trouble` is not offered: ")


async def test_two_clients_at_once_get_their_own_answers(skills):
    offer = offer_of(skills)
    async with client_of(offer) as one, client_of(offer) as other:
        answers = {}

        async def ask(client, text):
            result = await client.call_tool("text-tools_count", {"text": text})
            answers[text] = result.structured_content["text"]

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(ask, one, f"a{number}")
                tasks.start_soon(ask, other, f"b{number}")

    assert answers == {text: text * 2 for text in ("a0", "a1", "a2", "b0", "b1", "b2")}
