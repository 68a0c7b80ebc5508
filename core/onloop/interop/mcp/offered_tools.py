"""What an MCP server of ours offers, without a word of MCP: tools that are carried out, and things that are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onloop.machine.digest import Json
from onloop.records import Record


class ToolAnswer(Record):
    """What a tool answers: one object, and whether it is an error."""

    content: Mapping[str, Json]
    is_error: bool = False


class OfferedTool(Record):
    """A tool: its name, what it is for, the JSON Schema of what it takes, and what carries it out.

    One that `looks` changes nothing.
    """

    name: str
    summary: str
    schema: Mapping[str, Json]
    call: Callable[[Mapping[str, object]], ToolAnswer]
    looks: bool = False


class OfferedResource(Record):
    """Something to read; `uri` may have a part in braces, which the reader fills in."""

    uri: str
    name: str
    summary: str

    @property
    def is_template(self) -> bool:
        """Whether the reader has to fill in a part."""
        return "{" in self.uri


class ToolOffer(Record):
    """All that is offered. `read` gives what is at a URI, as JSON text; UnknownThing where nothing is."""

    tools: tuple[OfferedTool, ...]
    resources: tuple[OfferedResource, ...]
    read: Callable[[str], str]
