"""Calls over the real command line: rules that people adopt, a verifier that sends, and a stream for scripts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.serving import serving
from support.channel_servers import HttpChannel, http_channel
from support.waiting import DEADLINE_S, wait_for
from support.world import PASSPHRASE, Ran, World

RULES = """\
recipients:
  - {name: ana, by: [hook]}
  - {name: ben, by: [gone]}
rules:
  - {id: all, dwell: 0s, digest: 0s, to: [ana], then: [{after: 1h, to: [ben]}]}
"""
CHANNELS = """\
link = "https://onloop.example/tasks/{task}"
[channel.hook]
kind = "webhook"
url = "%s"
secret = {env = "HOOK_SECRET"}
"""


@pytest.fixture
def hook() -> Iterator[HttpChannel]:
    with http_channel() as channel:
        yield channel


@pytest.fixture
def on_call(world: World, hook: HttpChannel) -> World:
    """A store in which a question waits for a person, who is to be called."""
    world.extra = {"HOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}
    world.init()
    (world.store / "calls.toml").write_text(CHANNELS % hook.url("/in?key=hidden"))
    (world.store / "calls.toml").chmod(0o600)
    (world.folder / "calls.yaml").write_text(RULES)
    return world


def question(world: World, name: str = "shop") -> str:
    task: str = world.onloop("start", "feature", "--repo", str(world.origin(name)), "--no-base-check", "--json").json[
        "task"
    ]
    claimed = world.onloop("claim", task, "--role", "planner", "--json").json
    assert world.onloop("ask", "Which of <!channel> the two?", env=claimed["env"]).code == 11
    return task


def adopt(world: World, *words: str) -> Ran:
    given = words or ("adopt", str(world.folder / "calls.yaml"))
    return world.onloop("calls", *given, "--reason", "on call", "--as", "ana", "--json", passphrase=PASSPHRASE)


def test_somebody_is_called_once_about_what_needs_them_and_all_of_it_can_be_looked_at(
    on_call: World, hook: HttpChannel
) -> None:
    assert on_call.onloop("calls", "list").out.startswith("nobody is called")
    task = question(on_call)
    assert adopt(on_call).json["rules"] == ["all"]

    with on_call.running("verifier"):
        wait_for(lambda: hook.got, lambda: on_call.onloop("calls", "test").out)
        wait_for(
            lambda: on_call.onloop("calls", "log", "--json").json["calls"][-1]["state"] == "sent",
            lambda: on_call.onloop("calls", "log").out,
        )

    (posted,) = hook.got
    cause = json.loads(posted.body)["data"]["causes"][0]
    assert (cause["tasks"], cause["reason"]) == ([task], "question")
    assert cause["command"].startswith(f"onloop show {task}")
    assert cause["link"] == f"https://onloop.example/tasks/{task}"
    log = on_call.onloop("calls", "log").out
    assert "sent ana by hook" in log and "waiting ben by gone" in log and "hidden" not in log
    tested = on_call.onloop("calls", "test")
    assert "ana by hook (all): called " in tested.out
    assert "declares no channel gone" in tested.err
    assert all(word not in tested.out + tested.err for word in ("hidden", "whsec_"))
    rules = on_call.onloop("calls", "list", "--json").json
    assert (rules["channels"], rules["recipients"][1]["channels"]) == (["hook"], ["gone"])


def test_what_would_be_sent_is_shown_and_nothing_is_sent(on_call: World, hook: HttpChannel) -> None:
    assert "nobody is called" in on_call.onloop("calls", "test").out
    adopt(on_call)
    end(on_call)
    question(on_call)
    tested = on_call.onloop("calls", "test", "--json").json

    now = next(each for each in tested["calls"] if each["recipient"] == "ana")
    assert (now["state"], "onloop show" in now["text"]) == ("now", True), tested
    assert adopt(on_call, "drop").json["rules"] == []
    assert on_call.onloop("calls", "list", "--json").json["rules"] == []


def end(world: World) -> None:
    """End the verifier that was started: here nothing is to be sent."""
    from e2e.conftest import end_verifier

    end_verifier(world)


def lines(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.out.splitlines()]


def test_a_stream_tells_each_change_once_and_goes_on_where_it_ended(on_call: World) -> None:
    nothing = lines(on_call.onloop("watch", "--json", "--until", "0s"))
    assert [set(line) for line in nothing] == [{"exit", "seq"}]
    task = question(on_call)

    (new, end) = lines(on_call.onloop("watch", "--json", "--until", "0s"))
    assert (new["change"], new["tasks"], new["reason"]) == ("new", [task], "question")
    since = str(end["seq"])
    assert len(lines(on_call.onloop("watch", "--json", "--since", since, "--until", "0s"))) == 1
    assert on_call.onloop("answer", task, "the first", "--as", "ana", passphrase=PASSPHRASE).code == 0

    decided, cleared, _ = lines(on_call.onloop("watch", "--json", "--since", since, "--until", "0s"))
    assert (decided["change"], decided["tasks"], decided["by"]) == ("decided", [task], "human:ana")
    assert (cleared["change"], cleared["cause"]) == ("cleared", new["cause"])
    text = on_call.onloop("watch", "--since", "0", "--until", "0s").out
    assert "decided answer by human:ana" in text


@pytest.mark.parametrize("is_served", [False, True])
def test_a_stream_that_stays_tells_at_once_by_file_and_by_socket(on_call: World, is_served: bool) -> None:
    words = [sys.executable, "-m", "onloop.cli.entry", "watch", "--json", "--until", f"{int(DEADLINE_S)}s"]
    if is_served:
        with serving(on_call):
            told = watched(on_call, words)
    else:
        told = watched(on_call, words)

    assert told["change"] == "new"


def watched(world: World, words: list[str]) -> dict[str, Any]:
    """The first line of a stream that was there before."""
    with subprocess.Popen(words, env=world.environment, stdout=subprocess.PIPE, text=True) as process:
        question(world)
        assert process.stdout is not None
        line: dict[str, Any] = json.loads(process.stdout.readline())
        process.terminate()
    return line
