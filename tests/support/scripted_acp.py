"""An agent that speaks ACP and does what a script says: `scripted_acp.py FILE`, in which each turn is a list of acts.

An act is one of: say, think, plan, tool, run (a shell command), leave (a call that it asks leave for; then it runs its
`run`), many (that many calls at once), usage, raw (a line as it is), sleep_until (a file), stop (why the turn ends),
die. Beside FILE it keeps `.turns`, `.seen` (each message) and `.got` (each answer to a request for leave).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCRIPT = Path(sys.argv[1])
PLAN = json.loads(SCRIPT.read_text(encoding="utf-8"))
SESSION = "s-1"


class Cancelled(Exception):
    """The client cancelled the turn."""


def beside(suffix: str, words: str) -> None:
    with SCRIPT.with_suffix(suffix).open("a", encoding="utf-8") as file:
        file.write(f"{words}\n")


def turns() -> int:
    path = SCRIPT.with_suffix(".turns")
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def raw(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def send(**message: Any) -> None:
    raw(json.dumps({"jsonrpc": "2.0", **message}) + "\n")


def update(session_update: str, **more: Any) -> None:
    send(method="session/update", params={"sessionId": SESSION, "update": {"sessionUpdate": session_update, **more}})


def receive() -> dict[str, Any]:
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    message: dict[str, Any] = json.loads(line)
    beside(".seen", line.strip())
    return message


class Turn:
    """One turn of the script."""

    def __init__(self) -> None:
        self.asked = 0
        self.why = "end_turn"

    def say(self, words: str) -> None:
        update("agent_message_chunk", content={"type": "text", "text": words})

    def think(self, words: str) -> None:
        update("agent_thought_chunk", content={"type": "text", "text": words})

    def plan(self, entries: dict[str, str]) -> None:
        update("plan", entries=[{"content": c, "priority": "high", "status": s} for c, s in entries.items()])

    def tool(self, title: str) -> None:
        update("tool_call", toolCallId=title, title=title, kind="execute", status="in_progress")

    def usage(self, counts: list[int]) -> None:
        update("usage_update", used=counts[0], size=counts[1])

    def run(self, command: str) -> None:
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        sys.stderr.write(done.stdout + done.stderr)

    def raw(self, line: str) -> None:
        raw(line)

    def stop(self, why: str) -> None:
        self.why = why

    def die(self, code: int) -> None:
        sys.stdout.flush()
        os._exit(code)

    def sleep_until(self, path: str) -> None:
        beside(".waits", path)
        while not Path(path).exists():
            time.sleep(0.02)

    def until_cancelled(self, _: bool) -> None:
        beside(".waits", "cancel")
        while receive().get("method") != "session/cancel":
            pass
        raise Cancelled

    def leave(self, call: dict[str, Any]) -> None:
        self.ask(call, options=call.pop("options", None))
        if self.answers(1) == ["allow-once"] and "run" in call:
            self.run(call["run"])

    def many(self, count: int) -> None:
        for number in range(count):
            self.ask({"rawInput": {"command": f"step {number % 3}"}})
        self.answers(count)

    def ask(self, call: dict[str, Any], options: list[dict[str, str]] | None = None) -> None:
        self.asked += 1
        tool = {"toolCallId": f"t{self.asked}", "title": "a call", "kind": "execute", **call}
        tool.pop("run", None)
        kinds = ("allow_once", "allow_always", "reject_once")
        offered = [{"optionId": kind.replace("_", "-"), "name": kind, "kind": kind} for kind in kinds]
        params = {"sessionId": SESSION, "toolCall": tool, "options": offered if options is None else options}
        send(id=f"p{self.asked}", method="session/request_permission", params=params)

    def answers(self, count: int) -> list[str]:
        found: list[str] = []
        is_over = False
        while len(found) < count:
            message = receive()
            is_over = is_over or message.get("method") == "session/cancel"
            if "result" in message:
                outcome = message["result"]["outcome"]
                found.append(outcome.get("optionId", outcome["outcome"]))
                beside(".got", found[-1])
        if is_over or "cancelled" in found:
            raise Cancelled
        return found


def prompt(number: int) -> None:
    script = PLAN["turns"][min(turns(), len(PLAN["turns"]) - 1)]
    beside(".turns", "turn")
    turn = Turn()
    try:
        for act in script:
            for name, given in act.items():
                getattr(turn, name)(given)
    except Cancelled:
        turn.why = "cancelled"
    send(id=number, result={"stopReason": turn.why})


def main() -> None:
    answers: dict[str, Callable[[], Any]] = {
        "initialize": lambda: {
            "protocolVersion": PLAN.get("version", 1),
            "agentCapabilities": {"loadSession": PLAN.get("loads", True)},
        },
        "session/new": lambda: {"sessionId": SESSION},
        "session/load": lambda: update("agent_message_chunk", content={"type": "text", "text": "said before"}),
    }
    raw(PLAN.get("noise", ""))
    while True:
        message = receive()
        method, number = message.get("method"), message.get("id")
        if method == "session/prompt":
            prompt(message["id"])
        elif method in PLAN.get("fails", {}):
            send(id=number, error={"code": -32000, "message": PLAN["fails"][method]})
        elif method in answers and number is not None:
            send(id=number, result=answers[method]())


if __name__ == "__main__":
    main()
