"""A model on loopback that follows a script, to prove without a network what a vendor's agent really does.

It speaks as much of Anthropic's Messages and OpenAI's Responses as the two agents need for a turn.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from onloop.records import Record

LARGEST_REQUEST = 32 * 1024 * 1024
MODEL = "loopback"


class Say(Record):
    """A turn in which the model says something and ends."""

    text: str


class Run(Record):
    """A turn in which the model asks for one shell command."""

    command: str


class Delegate(Record):
    """A turn in which the model asks for a sub-agent, which then takes turns of its own."""

    prompt: str


Turn = Say | Run | Delegate


@dataclass(slots=True)
class Script:
    """The turns in order; after the last one, it is repeated. `heard` are the requests received, as JSON.

    `sub_turns` are those of a sub-agent: a request without the words `told` comes from one.
    """

    turns: Sequence[Turn]
    sub_turns: Sequence[Turn] = ()
    told: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    sub_heard: list[dict[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_turn(self, request: dict[str, Any]) -> Turn:
        """The turn that answers this request."""
        is_sub = bool(self.sub_turns) and self.told not in json.dumps(request)
        turns, heard = (self.sub_turns, self.sub_heard) if is_sub else (self.turns, self.heard)
        with self._lock:
            heard.append(request)
            return turns[min(len(heard), len(turns)) - 1]

    @property
    def count(self) -> int:
        """How many turns have been taken."""
        return len(self.heard) + len(self.sub_heard)


@contextmanager
def loopback_model(script: Script) -> Iterator[str]:
    """Serve the script on a free port of 127.0.0.1 until the block ends; the value is the base address."""
    server = _Server(script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own word
        """Say nothing: the terminal is not ours."""

    def do_HEAD(self) -> None:
        self._answer("application/json", b"")

    def do_GET(self) -> None:
        self._answer("application/json", b'{"data": [], "models": []}')

    def do_POST(self) -> None:
        request, path, script = self._request(), self.path.partition("?")[0], self.server.script
        if path.endswith("/count_tokens"):
            self._answer("application/json", b'{"input_tokens": 1}')
        elif path.endswith("/messages"):
            self._answer("text/event-stream", _stream(_messages(script, request)))
        elif path.endswith("/responses"):
            self._answer("text/event-stream", _stream(_responses(script, request)))
        else:
            self._answer("application/json", b"{}")

    def _request(self) -> dict[str, Any]:
        size = min(int(self.headers.get("content-length") or 0), LARGEST_REQUEST)
        try:
            request = json.loads(self.rfile.read(size) or b"{}")
        except ValueError:
            return {}
        return request if isinstance(request, dict) else {}

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _stream(events: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def _messages(script: Script, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Anthropic's Messages as a stream. A call without a shell tool (for a title, say) does not use up a turn."""
    tools = {tool.get("name") for tool in request.get("tools") or ()}
    turn: Turn = script.next_turn(request) if "Bash" in tools else Say("ok")
    number = script.count
    if isinstance(turn, Say):
        block: dict[str, Any] = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": turn.text}
    else:
        name, asked = _tool_use(turn, tools)
        block = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(asked)}
    reason = "end_turn" if isinstance(turn, Say) else "tool_use"
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": request.get("model", MODEL)}
    message |= {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]


def _tool_use(turn: Run | Delegate, tools: set[str | None]) -> tuple[str, dict[str, str]]:
    """The tool for the turn, by the name under which the agent offers it, and its input."""
    words = {"description": "as the script says"}
    if isinstance(turn, Run):
        return "Bash", words | {"command": turn.command}
    offered = "Agent" if "Agent" in tools else "Task"
    return offered, words | {"prompt": turn.prompt, "subagent_type": "general-purpose"}


def _responses(script: Script, request: dict[str, Any]) -> list[dict[str, Any]]:
    """OpenAI's Responses as a stream; the shell tool has the name under which the agent offers it."""
    turn = script.next_turn(request)
    number = script.count
    if isinstance(turn, Say):
        content = [{"type": "output_text", "text": turn.text}]
        item: dict[str, Any] = {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": content}
    elif isinstance(turn, Run):
        name, arguments = _shell_call(request, turn.command)
        item = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}"}
        item |= {"name": name, "arguments": json.dumps(arguments)}
    else:
        item = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": "spawn_agent"}
        item |= {"namespace": "multi_agent_v1", "arguments": json.dumps({"message": turn.prompt})}
    usage = {"input_tokens": 1, "input_tokens_details": None, "output_tokens": 1, "output_tokens_details": None}
    done = {"id": f"resp_{number}", "usage": usage | {"total_tokens": 2}, "output": [item]}
    return [
        {"type": "response.created", "response": {"id": f"resp_{number}"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": done},
    ]


def _shell_call(request: dict[str, Any], command: str) -> tuple[str, dict[str, Any]]:
    names = [tool.get("name") for tool in request.get("tools") or ()]
    if "exec_command" in names:
        return "exec_command", {"cmd": command}
    if "shell_command" in names:
        return "shell_command", {"command": command}
    return "shell", {"command": ["bash", "-c", command]}
