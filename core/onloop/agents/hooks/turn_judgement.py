"""What the end of an agent's turn is answered: its work is handed in, gates are waited for, the ledger rules."""

from __future__ import annotations

from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.access.submission import wait_for_gates
from onloop.agents.hooks.payload import START, Payload
from onloop.agents.hooks.ruling import HookReply, Ruling, ruling_on
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.machine.commands import EndTurn
from onloop.machine.digest import Json
from onloop.machine.principal import Principal
from onloop.machine.state import Reason
from onloop.views.answer import AgentAnswer, answer_lines
from onloop.views.sub_agents import SubAgentNews, cut

STILL_RUNNING = (
    "your work is handed in, and its gates still run. Stop here: if they fail, you are told what to mend; "
    "`onloop check` asks how they stand"
)


def judged_turn(
    opened: GatewayHandle,
    agent: Principal,
    refusal: str,
    verdict: Callable[[], AgentAnswer],
    *,
    patience_s: float,
    pause: Callable[[float], None],
) -> HookReply:
    """The ruling once the work is handed in (`refusal`: why it was not); who is sent on is counted in the log."""
    task = wait_for_gates(opened, agent.task or "", timeout_s=patience_s, pause=pause, beat=lambda: None)
    if task.reason is Reason.GATES_RUNNING:
        return HookReply(Ruling.STOP, STILL_RUNNING)
    answer = verdict()
    told = ruling_on(answer.exit, "\n".join(filter(None, (refusal, *answer_lines(answer)))))
    if told.ruling is not Ruling.BLOCK:
        return told
    command = EndTurn(agent.id, agent.epoch, f"{answer.verdict}: {answer.why}"[:1000])
    before = answer.blocks
    after = opened.gateway.perform(PerformCommand(agent, answer.task, command))
    if after.blocks > before:
        return told
    return HookReply(
        Ruling.STOP, f"onloop has sent you on {before} times in a row, and nothing was handed in\n{told.why}"
    )


def note_sub_agent(opened: GatewayHandle, agent: Principal, payload: Payload, *, ended: bool) -> None:
    """Say to the gateway which sub-agent begins or ends. One that ends does not say that the agent is done."""
    news = cut(SubAgentNews(payload.sub_agent, payload.kind, ended=ended))
    opened.gateway.perform(Heartbeat(agent, progress=True, news=(news,)))


def greeting(words: str) -> dict[str, Json]:
    """The answer to a session that begins."""
    return {"hookSpecificOutput": {"hookEventName": START, "additionalContext": words}}
