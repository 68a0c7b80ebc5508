"""`onloop mcp` through the protocol's own client: the verbs as tools, and nothing by which a person decides."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from onloop.cli.verb_table import VERBS
from onloop.cli.verbs.mcp_verb import TOOLS
from support.waiting import wait_for
from support.world import World

mcp = pytest.importorskip("mcp", reason="the package mcp is not here: pip install 'onloop[mcp]'")
SCENARIOS = ("server-initialize", "ping", "tools-list", "resources-list", "dns-rebinding-protection")
"""Those of the public suite that ask for no tool, resource or prompt of their own."""


def claimed(world: World) -> Any:
    world.init()
    world.fleet(world.origin())
    return world.onloop("claim", "--role", "implementer", "--name", "alfa", "--json").json


def talking(world: World, env: dict[str, str], clone: Path, story: Any) -> None:
    """Have `story` talk to the server as a client does; elicitations would be accepted, and are none."""
    asked: list[object] = []

    async def accept(_: object, params: object) -> Any:
        asked.append(params)
        return mcp.types.ElicitResult(action="accept", content={"approve": True})

    async def talk() -> None:
        server = mcp.StdioServerParameters(command="onloop", args=["mcp"], env=world.environment | env, cwd=str(clone))
        async with mcp.Client(server, elicitation_callback=accept) as client:
            await story(client)

    asyncio.run(talk())
    assert asked == []


def test_an_agent_does_its_step_by_tools_that_answer_as_the_verbs_do(world: World) -> None:
    got = claimed(world)
    task, env, clone = got["task"], got["env"], Path(got["place"])

    async def story(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == set(TOOLS)
        people = {verb.name for verb in VERBS if verb.group == "people"}
        assert not people & set(tools), "nothing here decides"

        first = await client.call_tool("next", {})
        same = await asyncio.to_thread(world.onloop, "next", "--json", env=env)
        assert first.structured_content == same.json
        assert not first.is_error and json.loads(first.content[0].text)["exit"] == 10

        (clone / "hello.txt").write_text("hello\n", encoding="utf-8")
        world.git(clone, "add", "--all")
        world.git(clone, "commit", "--quiet", "-m", "Say hello")
        kept = (await client.call_tool("checkpoint", {"text": "half \u001b[2J done"})).structured_content
        assert kept["size"] == len("half \u001b[2J done")
        done = (await client.call_tool("submit", {"statement": "--key=x", "wait": "0s"})).structured_content
        assert done["task"] == task and done["exit"] == 10

        for name, given in (
            ("tell", {"text": "-", "to": "parent"}),
            ("ask", {"question": "May I?", "approve": True}),
            ("spawn", {"title": ["x"]}),
            ("ask", {}),
        ):
            no = await client.call_tool(name, given)
            assert no.is_error and no.structured_content["hint"], (name, no)
        with pytest.raises(mcp.MCPError):
            await client.call_tool("approve", {"task": task})

        run, drawn = [str(each.uri) for each in (await client.list_resources()).resources]
        read = await client.read_resource(run)
        assert json.loads(read.contents[0].text)["tasks"][-1]["task"] == task
        assert "develop.write" in (await client.read_resource(drawn)).contents[0].text
        assert "steps:" in (await client.read_resource("workflow://feature")).contents[0].text
        for wrong in ("run://nope", "file:///etc/passwd", "workflow://../x"):
            with pytest.raises(mcp.MCPError):
                await client.read_resource(wrong)

    talking(world, env, clone, story)


def test_without_a_token_nothing_is_served(world: World) -> None:
    world.init()

    no = world.onloop("mcp")

    assert no.code == 2 and "ONLOOP_TOKEN is not set" in no.err


@contextlib.contextmanager
def over_http() -> Iterator[str]:
    """What `onloop mcp` serves, over HTTP: the public suite speaks nothing else."""
    import uvicorn

    from onloop.cli.verbs.mcp_verb import offer_of
    from onloop.interop.mcp.mcp_server import mcp_server

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = uvicorn.Config(
        mcp_server(offer_of("r7k2m.1", "r7k2m")).streamable_http_app(), port=port, log_level="error"
    )
    server = uvicorn.Server(settings)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started, lambda: "the server does not start")
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.mark.agents
@pytest.mark.filterwarnings("ignore")
def test_the_public_conformance_suite_passes_where_it_applies(tmp_path: Path) -> None:
    folder = os.environ.get("ONLOOP_AGENTS", "")
    suite = shutil.which("conformance", path=folder)
    if suite is None:
        pytest.skip("no conformance in $ONLOOP_AGENTS: npm install @modelcontextprotocol/conformance node@22")
    environment = os.environ | {"PATH": os.pathsep.join((folder, os.environ["PATH"]))}
    with over_http() as url:
        for scenario in SCENARIOS:
            words = (suite, "server", "--url", url, "--scenario", scenario)
            done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
