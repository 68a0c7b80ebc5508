"""The loop of an ACP agent at one step: prompt, gates, prompt with the reasons, until the ledger ends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from onloop.agents.acp.acp_agent import AcpAgent
from onloop.agents.acp.permission_call import CallLeave, Leaves, PermissionCall, question_of
from onloop.agents.acp.rpc_line import line_ended
from onloop.agents.hooks.ruling import HookReply, Ruling
from onloop.agents.vendors.vendor import Heard
from onloop.errors import Exit, OnloopError
from onloop.views.sub_agents import SubAgentNews

MOST_TURNS = 100
"""How many turns one run of the loop has at most; rounds and the ledger's own count end it long before."""
END_TURN = "end_turn"
NEWS_S = 2.0
"""How often what the agent says of its plan and calls is told at most, in seconds."""
BEAT_S = 20.0


class AcpLedger(Protocol):
    """What the loop asks of the gateway, in the name of the agent."""

    def ask(self, question: str) -> None:
        """Ask a person; the lease ends with it."""
        ...

    def judge(self, said: str) -> HookReply:
        """Hand in what was committed, wait for its gates, and say what follows."""
        ...

    def note(self, news: Sequence[SubAgentNews]) -> None:
        """Keep the lease, and say what stands below the task; Refused where the lease is lost."""
        ...


@dataclass(slots=True)
class AcpLoop:
    """Drives one agent through its step. `masked` takes secrets out of words, as the gateway does with a question."""

    agent: AcpAgent
    ledger: AcpLedger
    leaves: Leaves
    masked: Callable[[str], str]
    stopped: Callable[[], bool]
    _told_at: float = 0.0
    _ended: Exit | None = None

    def run(self, brief: str) -> Exit:
        """Work on the brief; 0 where the ledger has the word: the step is achieved, or somebody else must act."""
        words = brief
        for _ in range(MOST_TURNS):
            why = self.agent.prompt(words, self._judge, self._idle)
            if self._ended is not None:
                return self._ended
            self._told(self.agent.updates.take_news())
            if self._ended is not None:
                return self._ended
            if why != END_TURN:
                raise line_ended(f"the agent's turn ended with {why[:60]!r}, which says nothing of its work")
            reply = self.ledger.judge(self.agent.updates.said)
            if reply.ruling is not Ruling.BLOCK:
                self._say(f"its turn is over. {reply.why}")
                return Exit.OK
            self._say(f"sent on: {reply.why}")
            words = reply.why
        raise line_ended(f"the agent had {MOST_TURNS} turns, and its gates still fail")

    def _judge(self, call: PermissionCall) -> str | None:
        """The option that answers a call; None where a person must be asked. Leave is given for this one time only."""
        leave = self.leaves.on(call, self.masked)
        if leave is CallLeave.ALLOW and not call.allow:  # it offers to allow such calls for ever, or nothing
            leave = CallLeave.DENY
        self._say(f"leave {_SAID[leave]} {call.line}", works=True)
        if leave is CallLeave.ASK:
            return None
        return call.allow if leave is CallLeave.ALLOW else call.deny

    def _idle(self, pending: Sequence[PermissionCall]) -> bool:
        """Whether the turn must be cancelled now; people are asked here about all that waits, once."""
        if self.stopped():
            self._ended = Exit.UNAVAILABLE
        elif pending:
            self._ended = self._asked(pending)
        else:
            self._keep()
        return self._ended is not None

    def _asked(self, pending: Sequence[PermissionCall]) -> Exit:
        """Ask a person. Where that cannot be, nothing is allowed, and the turn ends all the same."""
        try:
            self.ledger.ask(question_of(pending))
        except OnloopError as problem:
            self._say(f"nobody could be asked: {problem.message}")
            return problem.exit if problem.exit is not Exit.OK else Exit.INTERNAL
        self._say("a person was asked; the session goes on once they answer")
        return Exit.OK

    def _keep(self) -> None:
        """Tell what is new, and keep the lease, each from time to time."""
        since = time.monotonic() - self._told_at
        if since > BEAT_S or (self.agent.updates.news and since > NEWS_S):
            self._told(self.agent.updates.take_news())

    def _told(self, news: Sequence[SubAgentNews]) -> None:
        self._told_at = time.monotonic()
        try:
            self.ledger.note(news)
        except OnloopError as problem:
            self._say(problem.message)
            if problem.exit is Exit.NOT_YOURS:  # paused, canceled, or given to another
                self._ended = Exit.NOT_YOURS

    def _say(self, words: str, *, works: bool = False) -> None:
        self.agent.tell(Heard(f"[onloop: {words}]", self.agent.updates.session, works=works))


_SAID = {CallLeave.ALLOW: "given for", CallLeave.DENY: "not given for", CallLeave.ASK: "is a person's to give for"}
