"""`onloop acp`: owns the loop of an agent that speaks ACP, in the environment and in the name of that agent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType

from onloop.agents.acp.acp_agent import AcpAgent
from onloop.agents.acp.acp_loop import AcpLoop
from onloop.agents.acp.heard_line import line_of
from onloop.agents.acp.permission_call import Leaves, permitted
from onloop.agents.acp.rpc_line import LineEnded
from onloop.agents.hooks.ruling import HookReply
from onloop.agents.hooks.turn_end import hand_in_head
from onloop.agents.hooks.turn_judgement import judged_turn
from onloop.agents.vendors.vendor import Heard
from onloop.cli.agent_protocol_arguments import AcpArguments
from onloop.cli.context import Context
from onloop.cli.output import VerbOutput
from onloop.cli.verbs.agent_verbs import verdict
from onloop.errors import BadInput, Unavailable
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.message_sending import mark_shown
from onloop.known_secrets import known_secrets
from onloop.machine.commands import Ask
from onloop.machine.task import Task
from onloop.redaction import redacted
from onloop.text import safe_lines
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.agent_reads import ReadStepBrief
from onloop.views.sub_agents import SubAgentNews

GATES_S = 3_600.0
"""How long the end of a turn waits for its gates, in seconds."""
LARGEST_BRIEF = 1_048_576
LONGEST_SESSION = 200


class TaskLedger:
    """The gateway for one agent's task. Each request opens it anew: while the agent works, nothing of it is open."""

    def __init__(self, args: AcpArguments, stopped: list[int]) -> None:
        self._args, self._stopped = args, stopped

    def task(self) -> tuple[Task, str, tuple[str, ...]]:
        """The task as it is now, the brief of its step, and the kinds of calls that its workflow permits."""
        with closing(self._context()) as context:
            agent = context.agent()
            found = context.opened.gateway.perform(ReadStepBrief(agent.task or "", agent.step))
            mark_shown(context.opened.gateway, agent, found.task)
            step = context.opened.gateway.perform(ReadDefinition(found.task.definition)).step(agent.step)
            return found.task, found.text, step.permit

    def ask(self, question: str) -> None:
        """See AcpLedger."""
        with closing(self._context()) as context:
            agent = context.agent()
            context.opened.gateway.perform(
                PerformCommand(agent, agent.task or "", Ask(agent.id, agent.epoch, question))
            )

    def judge(self, said: str) -> HookReply:
        """See AcpLedger."""
        with closing(self._context()) as context:
            agent = context.agent()
            refusal = hand_in_head(context.opened, agent, said)
            return judged_turn(
                context.opened,
                agent,
                refusal,
                lambda: verdict(context, agent),
                patience_s=GATES_S,
                pause=self._pause,
            )

    def note(self, news: Sequence[SubAgentNews]) -> None:
        """See AcpLedger."""
        with closing(self._context()) as context:
            context.opened.gateway.perform(Heartbeat(context.agent(), progress=bool(news), news=news))

    def _context(self) -> Context[AcpArguments]:
        return Context(self._args, "acp")

    def _pause(self, seconds: float) -> None:
        if self._stopped:
            raise Unavailable("it was told to stop", hint="onloop acp goes on with the session that it is given")
        time.sleep(seconds)


def acp(context: Context[AcpArguments]) -> VerbOutput:
    """Drive the agent through this task's step."""
    args, words = context.args, context.args.command[context.args.command[:1] == ("--",) :]
    kinds = permitted(args.permit)
    if not words or shutil.which(words[0]) is None:
        what = f"no {words[0][:100]!r} is on the path" if words else "there is no agent to run"
        raise BadInput(what, hint="onloop acp -- CMD…, such as: onloop acp -- opencode acp")
    stopped, known = list[int](), known_secrets()
    _on_signals(stopped)
    ledger = TaskLedger(args, stopped)
    task, text, by_workflow = ledger.task()
    leaves = Leaves(kinds | {*by_workflow}, task.feedback)
    agent = AcpAgent.start(words, _folders(context.home.clone_of(task.id)), _told)
    try:
        agent.begin(args.session[:LONGEST_SESSION])
        loop = AcpLoop(agent, ledger, leaves, lambda line: redacted(line, known), lambda: bool(stopped))
        return VerbOutput(loop.run(_given() or text))
    except LineEnded as problem:  # as the last words for its log: they are the cause that people are shown
        _told(Heard(f"onloop: {problem.message}"))
        return VerbOutput(problem.exit)
    finally:
        agent.close()


def _folders(clone: Path) -> tuple[Path, ...]:
    """The agent's own folders, its clone first."""
    return (clone, *(Path(name) for name in map(os.environ.get, ("ONLOOP_OUT", "TMPDIR")) if name))


def _given() -> str:
    """The brief on standard input, where a worker gives one."""
    given = "" if sys.stdin.isatty() else sys.stdin.buffer.read(LARGEST_BRIEF).decode("utf-8", "replace")
    return given if given.strip() else ""


def _told(heard: Heard) -> None:
    """Print what was heard: words for whoever looks on, else a line for the worker."""
    if not sys.stdout.isatty():
        sys.stdout.write(json.dumps(line_of(heard)) + "\n")
    elif heard.words:
        sys.stdout.write(safe_lines(heard.words) + "\n")
    sys.stdout.flush()


def _on_signals(stopped: list[int]) -> None:
    def note(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, note)
