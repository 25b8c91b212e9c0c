"""The server in the words of the SDK: which tools and files there are, calls, reads.

The SDK takes a second to import, so only who serves imports this module.
"""

from __future__ import annotations

import base64
import mimetypes
from importlib.metadata import version
from typing import Any, Final, final

import anyio.to_thread
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.shared.exceptions import MCPError

from ciranda.errors import CirandaError
from ciranda.workflow.nearest import nearest

from ...error import SkillError
from ...interpreters import interpreter_of
from ...running import priority_of
from .answer import Answer, answer_to, refusal
from .changes import Changes
from .offer import Offer
from .running import Limits, Running
from .telling import Report, telling
from .tool import Order, Tool
from .turns import CrowdedError, Turns
from .uris import BODY, TEMPLATE, parse_uri, uri_of

__all__ = ["Protocol"]

Context = ServerRequestContext[Any, Any]
# From this version on, a client's model is told what is wrong with its arguments.
_TOLD_OF_ARGUMENTS: Final = "2025-11-25"
_NOT_FOUND: Final = -32002  # of a resource, before 2026
_MARKDOWN: Final = "text/markdown"
_INSTRUCTIONS: Final = (
    "Each tool is a script of a skill. Before you use one, read how: the resource "
    "`skill://NAME/SKILL.md` of its skill."
)


class _Server(Server[dict[str, Any]]):
    """Says that it tells of changes."""

    def create_initialization_options(
        self, notification_options: NotificationOptions | None = None, *args: Any, **options: Any
    ) -> InitializationOptions:
        """Return what a client is told first."""
        told = notification_options or NotificationOptions(
            tools_changed=True, resources_changed=True
        )
        return super().create_initialization_options(told, *args, **options)


@final
class Protocol:
    """Answers requests of any number of clients.

    Args:
        offer: What there is.
        running: What runs scripts.
        limits: What each call may take.
    """

    def __init__(self, offer: Offer, running: Running, limits: Limits) -> None:
        self._offer: Final = offer
        self._running: Final = running
        self._limits: Final = limits
        self.turns: Final = Turns(limits.calls, limits.waiting)
        self.changes: Final = Changes(offer, limits.look)
        self.server: Final = _Server(
            "ciranda-skills",
            version=version("ciranda"),
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_subscriptions_listen=self.changes.listen,
        )

    async def _list_tools(
        self, context: Context, _: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        shown = await self._offer.shown()
        self.changes.listed(context, shown)
        tools = [
            types.Tool(name=tool.name, description=tool.description, input_schema=tool.schema)
            for tool in shown.tools.values()
        ]
        return types.ListToolsResult(tools=tools)

    async def _list_resources(
        self, context: Context, _: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        shown = await self._offer.shown()
        self.changes.listed(context, shown)
        resources = [
            types.Resource(
                name=entry.name,
                uri=uri_of(entry.name),
                description=entry.description,
                mime_type=_MARKDOWN,
            )
            for entry in shown.entries.values()
        ]
        return types.ListResourcesResult(resources=resources)

    async def _list_templates(
        self, _: Context, __: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        file = types.ResourceTemplate(
            name="file",
            uri_template=TEMPLATE,
            description="A file of a skill; reading its SKILL.md lists them.",
        )
        return types.ListResourceTemplatesResult(resource_templates=[file])

    async def _read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        try:
            skill, path = parse_uri(params.uri)
            contents = [_content(params.uri, path, await self._offer.file(skill, path))]
            if path == BODY:
                files = (await self._offer.skill(skill)).resources
                listed = "\n".join(uri_of(skill, each) for each in files)
                if listed:
                    contents.append(
                        types.TextResourceContents(
                            uri=uri_of(skill, ""), mime_type="text/uri-list", text=listed
                        )
                    )
        except SkillError as error:
            legacy = context.protocol_version <= _TOLD_OF_ARGUMENTS
            code = _NOT_FOUND if legacy else types.INVALID_PARAMS
            raise MCPError(code, str(error), {"uri": params.uri}) from None
        return types.ReadResourceResult(contents=contents)

    async def _call_tool(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = await self._offer.tool(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, await self._unknown(params.name))
        try:
            order = tool.order(params.arguments or {})
        except SkillError as error:
            if context.protocol_version < _TOLD_OF_ARGUMENTS:
                raise MCPError(types.INVALID_PARAMS, str(error)) from None
            return _result(refusal(str(error), error.kind))
        try:
            async with self.turns.one():
                asked = context.meta is not None and "progress_token" in context.meta
                report = context.session.report_progress if asked else None
                return _result(await self.perform(tool, order, report))
        except CrowdedError as error:
            return _result(refusal(str(error), "skills.crowded"))

    async def perform(self, tool: Tool, order: Order, report: Report | None) -> Answer:
        """Run a script, and return what to say of it.

        Args:
            tool: Which.
            order: What to run it with.
            report: Hears how it goes on; None does not.
        """
        limits = self._limits
        try:
            skill = await self._offer.skill(tool.skill)
            interpreter = await anyio.to_thread.run_sync(interpreter_of, skill, tool.script)
            async with telling(report) as listener:
                outcome = await self._running.run(
                    skill,
                    tool.script,
                    order.args,
                    order.stdin,
                    timeout=limits.timeout,
                    max_output=limits.max_output,
                    memory_mb=limits.memory_mb,
                    max_processes=limits.max_processes,
                    network=limits.network,
                    params=order.params,
                    require=limits.require,
                    on_chunk=listener,
                    interpreter=interpreter,
                    priority=priority_of(skill),
                )
        except CirandaError as error:
            return refusal(str(error), getattr(error, "kind", ""))
        return answer_to(outcome)

    async def _unknown(self, name: str) -> str:
        meant = nearest(name, (await self._offer.shown()).tools)
        hint = f": did you mean `{meant}`?" if meant else ""
        return f"there is no tool `{name[:80]}`{hint}"


def _result(answer: Answer) -> types.CallToolResult:
    result = types.CallToolResult(
        content=[types.TextContent(text=text) for text in answer.texts],
        structured_content=answer.structured,
        is_error=answer.failed,
    )
    try:
        result.model_dump_json()
    except ValueError:  # JSON that cannot be written again: half a surrogate, very deep
        return result.model_copy(update={"structured_content": None})
    return result


def _content(
    uri: str, path: str, data: bytes
) -> types.TextResourceContents | types.BlobResourceContents:
    kind = _MARKDOWN if path.endswith(".md") else mimetypes.guess_type(path)[0]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        blob = base64.b64encode(data).decode()
        return types.BlobResourceContents(
            uri=uri, mime_type=kind or "application/octet-stream", blob=blob
        )
    return types.TextResourceContents(uri=uri, mime_type=kind or "text/plain", text=text)
