"""The answers of a model on loopback in the forms of three vendors' services."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from onloop.agents.hooks.loopback_script import MODEL, Delegate, Run, Say, Script, Turn


def stream(events: Sequence[dict[str, Any]]) -> bytes:
    """The events as the body of an answer."""
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


def messages(script: Script, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Anthropic's Messages as a stream. A call without a shell tool (for a title, say) does not use up a turn."""
    tools = {tool.get("name") for tool in request.get("tools") or ()}
    turn: Turn = script.next_turn(request) if tools & {"Bash", "bash"} else Say("ok")
    number = script.count
    if isinstance(turn, Say):
        block: dict[str, Any] = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": turn.text}
    else:
        name, asked = _tool_use(turn, tools)
        block = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(asked)}
    reason = "end_turn" if isinstance(turn, Say) else "tool_use"
    usage = {"input_tokens": script.tokens, "output_tokens": 1}
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
        return "Bash" if "Bash" in tools else "bash", words | {"command": turn.command}
    offered = "Agent" if "Agent" in tools else "Task"
    return offered, words | {"prompt": turn.prompt, "subagent_type": "general-purpose"}


def responses(script: Script, request: dict[str, Any]) -> list[dict[str, Any]]:
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


def content(script: Script, request: dict[str, Any]) -> dict[str, Any]:
    """Google's generateContent. A call without a shell tool does not use up a turn."""
    offered = {item.get("name") for tool in request.get("tools") or () for item in tool.get("functionDeclarations", ())}
    turn: Turn = script.next_turn(request) if "run_shell_command" in offered else Say("ok")
    if isinstance(turn, Run):
        part: dict[str, Any] = {"functionCall": {"name": "run_shell_command", "args": {"command": turn.command}}}
    else:
        part = {"text": turn.text if isinstance(turn, Say) else turn.prompt}
    usage = {"promptTokenCount": script.tokens, "candidatesTokenCount": 1, "totalTokenCount": script.tokens + 1}
    said = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    return {"candidates": [said], "usageMetadata": usage, "modelVersion": MODEL}
