"""`onloop mcp`: the verbs of agents as tools of MCP. Each tool is the verb: the same words, the same object."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from onloop.cli.agent_verb_table import AGENTS
from onloop.cli.arguments import Arguments
from onloop.cli.context import Context
from onloop.cli.main import answered
from onloop.cli.output import VerbOutput, error_text
from onloop.cli.verb import Argument, Verb
from onloop.errors import BadInput, Exit, UnknownThing
from onloop.interop.mcp.offered_tools import OfferedResource, OfferedTool, ToolAnswer, ToolOffer
from onloop.machine.digest import Json
from onloop.text import safe
from onloop.views.queries.agent_reads import ReadHeldTask

TOOLS = (
    *("next", "check", "submit", "ask", "tell", "inbox", "checkpoint", "handoff", "heartbeat"),
    *("review", "spawn", "release", "fail"),
)
"""The verbs that are tools: those by which an agent works at its task, and none by which anybody decides."""
LOOK = frozenset({"next", "check", "inbox"})
_WRITTEN = {"checkpoint": ("file", "text", "how far you are, as text")}
"""What a verb reads from a file, by the name under which its tool takes it as text: stdin is the protocol's."""
_NO_MCP = "MCP needs a package that is not here"


def mcp(context: Context[Arguments]) -> VerbOutput:
    """Serve until the client closes our input."""
    agent = context.agent()
    task = context.opened.gateway.perform(ReadHeldTask(agent.task or "")).task
    context.close()
    if find_spec("mcp") is None:
        raise BadInput(_NO_MCP, hint="pip install 'onloop[mcp]'")
    import anyio  # here: it comes with the package above, and so does what the next line loads

    server = import_module("onloop.interop.mcp.mcp_server")
    anyio.run(server.serve_stdio, offer_of(task.id, task.run))
    return VerbOutput(Exit.OK)


def offer_of(task: str, run: str) -> ToolOffer:
    """What the agent of a task is offered."""
    verbs = {verb.name: verb for verb in AGENTS}
    resources = (
        OfferedResource(f"run://{run}", run, "your run: its tasks and the gates of each"),
        OfferedResource(f"workflow://task/{task}", f"workflow of {task}", "the workflow that your task walks, drawn"),
        OfferedResource("run://{run}", "a run", "a run: its tasks and the gates of each"),
        OfferedResource("workflow://{name}", "a built-in workflow", "the text of a workflow that comes with onloop"),
    )
    return ToolOffer(tuple(_tool(verbs[name]) for name in TOOLS), resources, read)


def read(uri: str) -> str:
    """What is at a URI, as the verb says it that shows such things."""
    kind, _, name = uri.partition("://")
    about, _, task = name.partition("/")
    match kind, about, task:
        case "run", _, "":
            words: tuple[str, ...] = ("tree", f"--run={name}")
        case "workflow", "task", _ if task:
            words = ("graph", f"--task={task}")
        case "workflow", _, "":
            words = ("workflow", "print", "--", name)
        case _:
            raise _unknown(uri)
    code, text = answered(words)
    if code is not Exit.OK:
        raise _unknown(uri)
    return text


def _unknown(uri: str) -> UnknownThing:
    return UnknownThing(f"nothing is at {safe(uri, 100)!r}", hint="run://RUN, workflow://NAME, workflow://task/TASK")


def _tool(verb: Verb) -> OfferedTool:
    written = _WRITTEN.get(verb.name)
    taken = [each for each in verb.arguments if written is None or _field(each) != written[0]]
    properties: dict[str, Json] = {_field(each): _schema(each) for each in taken}
    required: list[Json] = [_field(each) for each in taken if _is_required(each)]
    if written is not None:
        properties[written[1]] = {"type": "string", "description": written[2]}
        required.append(written[1])
    schema: dict[str, Json] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    return OfferedTool(verb.name, verb.summary, schema, partial(_called, verb, tuple(taken)), verb.name in LOOK)


def _field(each: Argument) -> str:
    return str(each.options.get("dest") or each.names[0].lstrip("-").replace("-", "_"))


def _is_required(each: Argument) -> bool:
    is_option = each.names[0].startswith("-")
    return bool(each.options.get("required")) if is_option else each.options.get("nargs") != "?"


def _schema(each: Argument) -> dict[str, Json]:
    options, kind = each.options, "string"
    if options.get("action") == "store_true":
        kind = "boolean"
    elif options.get("type") is int:
        kind = "integer"
    one: dict[str, Json] = {"type": kind}
    if options.get("choices"):
        one["enum"] = list(options["choices"])
    if options.get("action") == "append":
        one = {"type": "array", "items": one}
    return {**one, "description": each.help}


def _called(verb: Verb, taken: tuple[Argument, ...], given: Mapping[str, Any]) -> ToolAnswer:
    """What the verb answers to what the tool was given."""
    try:
        with tempfile.TemporaryDirectory(prefix="onloop-mcp-") as folder:
            code, text = answered((verb.name, *_words(verb, taken, given, Path(folder))))
    except BadInput as problem:
        code, text = problem.exit, error_text(problem)
    content = json.loads(text)
    return ToolAnswer(content, is_error="error" in content or code is Exit.USAGE)


def _words(verb: Verb, taken: tuple[Argument, ...], given: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """The words of the command line; each value is one word, and none can be read as an option."""
    rest, written = dict(given), _WRITTEN.get(verb.name)
    if written is not None:
        path = folder / "text"
        path.write_text(str(rest.pop(written[1], "")), encoding="utf-8", errors="surrogateescape")
        yield f"--{written[0]}={path}"
    behind = list[str]()
    for each in taken:
        value = rest.pop(_field(each), None)
        if value is None or value is False:
            continue
        if each.names[0].startswith("-"):
            yield from _option(each.names[0], value)
        else:
            behind.append(_word(value))
    if rest:
        raise BadInput(f"{verb.name} takes no {safe(next(iter(rest)), 60)!r}", hint=f"onloop help {verb.name}")
    yield from ("--", *behind) if behind else ()


def _option(name: str, value: object) -> Iterator[str]:
    if value is True:
        yield name
    elif isinstance(value, list):
        yield from (f"{name}={_word(each)}" for each in value)
    else:
        yield f"{name}={_word(value)}"


def _word(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise BadInput(f"{safe(repr(value), 60)} is neither text nor a number", hint="give it as the schema says")
    return str(value)
