"""An ACP agent as a process: started, a session begun or gone on with, prompted, and cancelled."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onloop import __version__
from onloop.agents.acp.acp_updates import AcpUpdates
from onloop.agents.acp.permission_call import PermissionCall, permission_call
from onloop.agents.acp.rpc_line import LineEnded, Message, RpcLine, line_ended
from onloop.agents.vendors.vendor import Fields, Heard, fields_of, text_of
from onloop.errors import BadInput
from onloop.text import safe

VERSION = 1
"""The version of ACP that is spoken."""
BEGIN_S = 120.0
"""How long an agent may take to begin, or to load a session, in seconds."""
CANCEL_S = 1.0
"""How long it has to end a turn that was cancelled; a worker that ends us waits two seconds."""
LOOK_S = 0.1
SETTLE_S = 2.0
"""How long calls that need leave are gathered at most, in seconds, so that a person is asked about all of them once."""
MOST_PENDING = 5_000
_NO_METHOD = -32601


@dataclass(slots=True)
class AcpAgent:
    """An agent, and the one session that it has with us.

    `tell` takes what it says for its log. What it says of earlier turns, where a session is loaded, is left out.
    """

    process: subprocess.Popen[bytes]
    line: RpcLine
    folders: Sequence[Path]
    tell: Callable[[Heard], None]
    updates: AcpUpdates = field(default_factory=AcpUpdates)
    can_load: bool = False
    can_resume: bool = False
    is_replay: bool = False
    _last: int = 0

    @classmethod
    def start(cls, words: Sequence[str], folders: Sequence[Path], tell: Callable[[Heard], None]) -> AcpAgent:
        """Start the program in the first of its folders, as the leader of a group of its own; BadInput if it cannot."""
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if os.isatty(2) else None,  # a terminal is shown nothing as it is
                cwd=folders[0],
                start_new_session=True,
            )
        except OSError as problem:
            raise BadInput(
                f"cannot run {safe(words[0], 100)!r}: {problem.strerror}", hint="check the command that speaks ACP"
            ) from None
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - they are pipes
        return cls(process, RpcLine(process.stdout.fileno(), process.stdin.fileno()), folders, tell)

    def begin(self, session: str) -> None:
        """Shake hands, and go on with the session of that name, where there is one and the agent can; else begin one.

        Nothing of ours is offered to the agent: it works with the files and programs of the environment that it is in.
        """
        asked = {
            "protocolVersion": VERSION,
            "clientCapabilities": {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False},
            "clientInfo": {"name": "onloop", "title": "onloop", "version": __version__},
        }
        found = self._call("initialize", asked, BEGIN_S)
        if found.get("protocolVersion") != VERSION:
            said = safe(str(found.get("protocolVersion")), 40)
            raise line_ended(f"the agent speaks version {said} of ACP, and this is version {VERSION}")
        able = fields_of(found.get("agentCapabilities"))
        self.can_load = able.get("loadSession") is True
        self.can_resume = isinstance(fields_of(able.get("sessionCapabilities")).get("resume"), dict)
        where: dict[str, Any] = {"cwd": str(self.folders[0]), "mcpServers": []}
        if session and (self.can_resume or self.can_load):
            self.updates.session, self.is_replay = session, True
            self._call(f"session/{'resume' if self.can_resume else 'load'}", {**where, "sessionId": session}, BEGIN_S)
            self.is_replay = False
        else:
            self.updates.session = text_of(self._call("session/new", where, BEGIN_S).get("sessionId"))
        if not self.updates.session:
            raise line_ended("the agent gave its session no name")

    def prompt(
        self,
        words: str,
        judge: Callable[[PermissionCall], str | None],
        idle: Callable[[Sequence[PermissionCall]], bool],
    ) -> str:
        """Have the agent work on `words` until its turn ends; the answer is why it ended.

        `judge` gives the option that answers a call, empty for none of them, or None where somebody must be asked.
        `idle` is shown the calls that wait, none while more may come; once it says so, the turn is cancelled, and with
        it whatever still waits.
        """
        asked = {"sessionId": self.updates.session, "prompt": [{"type": "text", "text": words}]}
        number, pending = self._ask("session/prompt", asked), list[PermissionCall]()
        looked = first = time.monotonic()
        self.updates.said = ""
        while True:
            message, now = self.line.receive(LOOK_S), time.monotonic()
            if message is not None and self._answers(message, number):
                break
            first = first if pending else now
            if message is not None:
                self._take(message, judge, pending)
            is_settled = message is None or len(pending) >= MOST_PENDING or now - first > SETTLE_S
            if (is_settled or now - looked > LOOK_S) and idle(pending if is_settled else ()):
                message = self._cancelled(number, pending)
                break
            looked = now if is_settled or now - looked > LOOK_S else looked
        for heard in self.updates.end():
            self.tell(heard)
        return "cancelled" if message is None else text_of(_result(message).get("stopReason")) or "nothing"

    def close(self) -> None:
        """End the agent and its group: its input first, as a program that reads it expects."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.3)
                return
            with suppress(OSError):
                os.killpg(self.process.pid, number)
        self.process.wait()

    def cancel(self) -> None:
        """Tell the agent that its turn is over, whatever it does."""
        with suppress(LineEnded):
            self.line.send({"method": "session/cancel", "params": {"sessionId": self.updates.session}})

    def _cancelled(self, number: int, pending: Sequence[PermissionCall]) -> Message | None:
        """Cancel a turn; the answer is how the agent says that it ended, if it says so in time."""
        self.cancel()
        with suppress(LineEnded):
            for call in pending:
                self._answer(call.id, "")
            ends = time.monotonic() + CANCEL_S
            while time.monotonic() < ends:
                message = self.line.receive(LOOK_S)
                if message is not None and self._answers(message, number):
                    return message
                if message is not None:
                    self._take(message, lambda _: "", [])
        return None

    def _ask(self, method: str, params: Mapping[str, Any]) -> int:
        self._last += 1
        self.line.send({"id": self._last, "method": method, "params": params})
        return self._last

    def _call(self, method: str, params: Mapping[str, Any], timeout_s: float) -> Fields:
        """What the agent answers; whatever else it sends meanwhile is taken, and no leave is given."""
        number, ends = self._ask(method, params), time.monotonic() + timeout_s
        while time.monotonic() < ends:
            message = self.line.receive(LOOK_S)
            if message is not None and self._answers(message, number):
                return _result(message)
            if message is not None:
                self._take(message, lambda _: "", [])
        raise line_ended(f"the agent did not answer {method} within {timeout_s:.0f} s")

    @staticmethod
    def _answers(message: Message, number: int) -> bool:
        return "method" not in message and message.get("id") == number and not isinstance(message.get("id"), bool)

    def _take(
        self, message: Message, judge: Callable[[PermissionCall], str | None], pending: list[PermissionCall]
    ) -> None:
        """Deal with what the agent sends of its own accord; an answer that nobody waits for is passed over."""
        for noise in self.line.noise:
            self.tell(Heard(noise))
        self.line.noise.clear()
        method, params, number = message.get("method"), fields_of(message.get("params")), message.get("id")
        if method is None or params.get("sessionId", self.updates.session) != self.updates.session:
            method = None if method is None else ""
        if method == "session/update" and not self.is_replay:
            for heard in self.updates.hear(fields_of(params.get("update"))):
                self.tell(heard)
        if not isinstance(number, (str, int)) or method is None:
            return
        if method != "session/request_permission":
            why = {"code": _NO_METHOD, "message": "onloop offers nothing of its own: use what is where you work"}
            self.line.send({"id": number, "error": why})
            return
        tool = text_of(fields_of(params.get("toolCall")).get("toolCallId"))
        call = permission_call(number, params, self.updates.calls.get(tool, {}), self.folders)
        option = judge(call)
        if option is None:
            pending.append(call)
        else:
            self._answer(number, option)

    def _answer(self, number: str | int, option: str) -> None:
        outcome = {"outcome": "selected", "optionId": option} if option else {"outcome": "cancelled"}
        self.line.send({"id": number, "result": {"outcome": outcome}})


def _result(message: Message) -> Fields:
    """The result in an answer; LineEnded, in the agent's words, for an error."""
    error = message.get("error")
    if error is not None:
        said = fields_of(error)
        more = fields_of(said.get("data"))
        words = " ".join(filter(None, (text_of(said.get("message")), text_of(more.get("message")))))
        raise line_ended(f"the agent says: {safe(words, 500) or 'an error'}")
    return fields_of(message.get("result"))
