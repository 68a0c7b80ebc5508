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
    asked = ClientRequests(offer)
    return Server(
        "onloop",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=asked.list_tools,
        on_call_tool=asked.call_tool,
        on_list_resources=asked.list_resources,
        on_list_resource_templates=asked.list_templates,
        on_read_resource=asked.read_resource,
    )


class ClientRequests:
    """What a client may ask, answered from what is offered."""

    def __init__(self, offer: ToolOffer) -> None:
        self._offer, self._turn = offer, threading.Lock()

    async def list_tools(self, _: Any, __: Any) -> Any:
        """All tools."""
        return types.ListToolsResult(tools=[_tool(tool) for tool in self._offer.tools])

    async def call_tool(self, _: Any, params: Any) -> Any:
        """What a tool answers; an error of the protocol where there is none of that name."""
        tool = next((tool for tool in self._offer.tools if tool.name == params.name), None)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name[:60]!r}")
        answer = await self._aside(partial(tool.call, params.arguments or {}))
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=json.dumps(answer.content))],
            structured_content=dict(answer.content),
            is_error=answer.is_error,
        )

    async def list_resources(self, _: Any, __: Any) -> Any:
        """What is there to read."""
        found = [each for each in self._offer.resources if not each.is_template]
        return types.ListResourcesResult(resources=[types.Resource(uri=each.uri, **_said(each)) for each in found])

    async def list_templates(self, _: Any, __: Any) -> Any:
        """What is there to read once its name is filled in."""
        found = [each for each in self._offer.resources if each.is_template]
        return types.ListResourceTemplatesResult(
            resource_templates=[types.ResourceTemplate(uri_template=each.uri, **_said(each)) for each in found]
        )

    async def read_resource(self, _: Any, params: Any) -> Any:
        """What is at a URI, as JSON."""
        uri = str(params.uri)
        try:
            text = await self._aside(partial(self._offer.read, uri))
        except OnloopError as problem:
            raise MCPError(types.INVALID_PARAMS, f"{problem.message}; {problem.hint}") from None
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=_JSON, text=text)])

    async def _aside(self, work: Callable[[], T]) -> T:
        def within() -> T:
            with self._turn:
                return work()

        return await anyio.to_thread.run_sync(within)


async def serve_stdio(offer: ToolOffer) -> None:
    """Serve over stdin and stdout until the client closes them; whatever else is printed goes to stderr."""
    server = mcp_server(offer)
    async with stdio_server() as (reads, writes):
        await server.run(reads, writes, server.create_initialization_options())


def _tool(tool: OfferedTool) -> Any:
    hints = types.ToolAnnotations(read_only_hint=tool.looks, open_world_hint=False)
    return types.Tool(name=tool.name, description=tool.summary, input_schema=dict(tool.schema), annotations=hints)


def _said(each: OfferedResource) -> dict[str, Any]:
    return {"name": each.name, "description": each.summary, "mime_type": _JSON}
