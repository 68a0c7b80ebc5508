"""An MCP server over what is offered. It asks nothing of a client: no answer of an elicitation could be a person's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread
import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from onloop import __version__
from onloop.errors import OnloopError
from onloop.interop.mcp.offered_tools import OfferedResource, OfferedTool, ToolOffer

T = TypeVar("T")

INSTRUCTIONS = (
    "You work at one step of a task under onloop. `next` is your brief. Commit with git, then `submit`: it runs the "
    "gates. In each answer `exit` says what follows: 0 go on, 10 not yet, 11 a person must decide (stop), 12 mend it "
    "and submit again, 13 not yours (stop). Nothing here approves anything."
)
_JSON = "application/json"


def mcp_server(offer: ToolOffer) -> Any:
    """The server; its tools are carried out one after the other, each in a thread."""
    tools, turn = {tool.name: tool for tool in offer.tools}, threading.Lock()

    async def list_tools(_: Any, __: Any) -> Any:
        return types.ListToolsResult(tools=[_tool(tool) for tool in offer.tools])

    async def call_tool(_: Any, params: Any) -> Any:
        tool = tools.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name[:60]!r}")
        answer = await _aside(turn, partial(tool.call, params.arguments or {}))
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=json.dumps(answer.content))],
            structured_content=dict(answer.content),
            is_error=answer.is_error,
        )

    async def list_resources(_: Any, __: Any) -> Any:
        return types.ListResourcesResult(
            resources=[types.Resource(uri=each.uri, **_said(each)) for each in offer.resources if not each.is_template]
        )

    async def list_templates(_: Any, __: Any) -> Any:
        found = [each for each in offer.resources if each.is_template]
        return types.ListResourceTemplatesResult(
            resource_templates=[types.ResourceTemplate(uri_template=each.uri, **_said(each)) for each in found]
        )

    async def read_resource(_: Any, params: Any) -> Any:
        uri = str(params.uri)
        try:
            text = await _aside(turn, partial(offer.read, uri))
        except OnloopError as problem:
            raise MCPError(types.INVALID_PARAMS, f"{problem.message}; {problem.hint}") from None
        contents = [types.TextResourceContents(uri=uri, mime_type=_JSON, text=text)]
        return types.ReadResourceResult(contents=contents)

    return Server(
        "onloop",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
    )


async def serve_stdio(offer: ToolOffer) -> None:
    """Serve over stdin and stdout until the client closes them; whatever else is printed goes to stderr."""
    server = mcp_server(offer)
    async with stdio_server() as (reads, writes):
        await server.run(reads, writes, server.create_initialization_options())


async def _aside(turn: threading.Lock, work: Callable[[], T]) -> T:
    def within() -> T:
        with turn:
            return work()

    return await anyio.to_thread.run_sync(within)


def _tool(tool: OfferedTool) -> Any:
    hints = types.ToolAnnotations(read_only_hint=tool.looks, open_world_hint=False)
    return types.Tool(name=tool.name, description=tool.summary, input_schema=dict(tool.schema), annotations=hints)


def _said(each: OfferedResource) -> dict[str, Any]:
    return {"name": each.name, "description": each.summary, "mime_type": _JSON}
