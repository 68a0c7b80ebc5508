"""The verbs of agents. In a worker's environment they need no arguments."""

from __future__ import annotations

import shlex
import time
from contextlib import suppress
from pathlib import Path

from onloop.access.histories.brought_histories import mirror_for_clone
from onloop.access.opening import check_agents_reach
from onloop.access.submission import submit as submit_head
from onloop.access.submission import wait_for_gates
from onloop.access.verifier_process import ensure_verifier, is_verifier_up
from onloop.agents.agent_verdict import verdict_on
from onloop.agents.reset_times import moment_given
from onloop.agents.workplace import fill_given, own_variables, prepare_workplace
from onloop.cli.arguments import (
    Arguments,
    AskArguments,
    ClaimArguments,
    HeartbeatArguments,
    KeyArguments,
    ReasonArguments,
    ReleaseArguments,
    ReviewArguments,
    SpawnArguments,
    SubmitArguments,
)
from onloop.cli.context import Context
from onloop.cli.given_amounts import OWN_FIGURES, usage_given
from onloop.cli.json_models.agent_models import (
    AskJson,
    ClaimJson,
    GivenBackJson,
    HeartbeatJson,
    NextJson,
    ReviewJson,
    SpawnJson,
    SubmitJson,
)
from onloop.cli.launcher_secret import launcher_secret
from onloop.cli.output import VerbOutput
from onloop.cli.render import answer_output, notes_json, verdict_json
from onloop.cli.running import say
from onloop.errors import BadInput, Exit, OnloopError, Refused
from onloop.gates.environment import address_of
from onloop.gateway.claims import ClaimGranted, ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat, TakeNotes
from onloop.gateway.message_sending import mark_shown
from onloop.gateway.upkeep import RecogniseAgent
from onloop.machine.commands import Ask, Fail, Judge, Release, ReleaseCause, ReportContext, ReportUsage, Spawn
from onloop.machine.definition import Isolation
from onloop.machine.principal import Principal
from onloop.machine.rules.message_rules import context_advice
from onloop.records import replace
from onloop.text import safe
from onloop.times import second_words
from onloop.views.answer import AgentAnswer, answer_lines
from onloop.views.note_words import note_lines
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.agent_reads import ReadStepBrief
from onloop.views.sub_agents import SubAgentNews
from onloop.workflow.duration import milliseconds
from onloop.workflow.percentage import percentage

NO_VERIFIER = "no verifier is running: onloop work, onloop verifier or the dashboard starts one, an agent cannot"


def claim(context: Context[ClaimArguments]) -> VerbOutput:
    """Take a lease; print what an agent must export to work under it."""
    args = context.args
    if args.token_fd is not None:
        context.open_as_launcher(launcher_secret(args.token_fd))
    opened = context.opened
    check_agents_reach(opened)
    agent = f"agent:{args.name or args.role}"
    lease_ms = milliseconds(args.lease)
    asked = ClaimTask(
        context.launcher(), agent, args.role, task=args.task, lease_ms=lease_ms, key=args.key, branch=args.branch
    )
    try:
        got = opened.gateway.perform(asked)
    except Refused as problem:
        from onloop.cli.name_checks import meant_role  # here: other verbs of agents do not need it

        raise meant_role(context, args.role, problem) from None
    place = _workplace(context, got)
    variables = opened.gateway.perform(ReadDefinition(got.task.definition)).environment.variables
    exports = own_variables(opened.home, got.task, got.secret, variables)
    lines = (
        f"# {got.task.id}, {got.task.step}, epoch {got.task.epoch}; the brief: onloop next",
        *(f"export {name}={shlex.quote(value)}" for name, value in exports.items()),
        f"cd {shlex.quote(str(place))}",
    )
    data = ClaimJson(got.task.id, got.task.step, got.task.epoch, got.expires, exports, str(place))
    return VerbOutput(lines=lines, data=data)


def _workplace(context: Context[Arguments], got: ClaimGranted) -> Path:
    """Create the folder in which the agent works; if that fails, the task is released for others."""
    opened, gateway = context.opened, context.opened.gateway
    agent = gateway.perform(RecogniseAgent(got.secret))
    try:
        ensure_verifier(context.home)
        asked = gateway.perform(ReadDefinition(got.task.definition)).environment
        mirror = mirror_for_clone(opened, agent, got.task, asked, say)
        place = prepare_workplace(opened.home, got.task, agent.name, mirror, asked)
        fill_given(opened, got.task)
        return place
    except BaseException:
        with suppress(OnloopError):
            why = "its workplace could not be created"
            gateway.perform(
                PerformCommand(agent, got.task.id, Release(agent.id, agent.epoch, ReleaseCause.STOPPED, why))
            )
        raise


def next_step(context: Context[Arguments]) -> VerbOutput:
    """Print the brief of the agent's step; the exit code is the verdict."""
    agent = context.agent()
    answer = verdict(context, agent)
    found = context.opened.gateway.perform(ReadStepBrief(answer.task, agent.step))
    text = found.text
    if text:
        mark_shown(context.opened.gateway, agent, found.task)
    lines = (text.rstrip(), *answer_lines(replace(answer, notes=()) if text else answer))  # the brief has them
    return VerbOutput(answer.exit, lines, verdict_json(answer, NextJson, brief=text))


def check(context: Context[Arguments]) -> VerbOutput:
    """Say whether the last submitted commit achieves the step. Of a task it changes only which notes were shown."""
    return answer_output(verdict(context, context.agent()))


def submit(context: Context[SubmitArguments]) -> VerbOutput:
    """Submit HEAD to the gates, wait for them, and print the verdict."""
    agent, opened = context.agent(), context.opened
    task, manifest = submit_head(opened, agent, context.args.statement, key=context.args.key, ref=context.args.ref)
    left = manifest.left
    missing = () if opened.apart is not None or is_verifier_up(context.home) else (NO_VERIFIER,)
    wait_for_gates(
        opened,
        task.id,
        timeout_s=milliseconds(context.args.wait) / 1000,
        pause=time.sleep,
        beat=lambda: None,
    )
    answer = verdict(context, agent, manifest.commit)
    note = (f"changed but not committed, and so not submitted: {', '.join(left[:10])}",) if left else ()
    data = verdict_json(answer, SubmitJson, **({"uncommitted": left} if left else {}))
    return VerbOutput(answer.exit, answer_lines(answer), data, (*note, *missing))


def ask(context: Context[AskArguments]) -> VerbOutput:
    """Ask a person; the lease ends and the answer comes in the next brief."""
    agent = context.agent()
    command = Ask(agent.id, agent.epoch, context.args.question)
    task = context.opened.gateway.perform(PerformCommand(agent, agent.task or "", command, key=context.args.key))
    why = "asked; stop here: the answer comes in the next brief"
    data = AskJson("held", task.id, task.state, why, "stop here")
    return VerbOutput(Exit.HELD, (f"held  {task.id}  {why}",), data)


def review(context: Context[ReviewArguments]) -> VerbOutput:
    """Judge the work; the lease ends with it."""
    agent, args = context.agent(), context.args
    command = Judge(agent.id, agent.epoch, args.verdict == "pass", args.reason, address_of(agent.name))
    task = context.opened.gateway.perform(PerformCommand(agent, agent.task or "", command, key=args.key))
    data = ReviewJson(task.id, "pass" if command.passes else "fail", task.state, task.step)
    return VerbOutput(lines=(safe(f"{task.id} judged {args.verdict}: {task.state.value}, {task.detail}"),), data=data)


def spawn(context: Context[SpawnArguments]) -> VerbOutput:
    """Create a child task, which waits for another agent."""
    agent, args = context.agent(), context.args
    wish = Isolation(args.environment) if args.environment else None
    command = Spawn(agent.id, agent.epoch, args.title, args.brief, wish, args.after or ())
    task = context.opened.gateway.perform(PerformCommand(agent, agent.task or "", command, key=args.key))
    made = next(child for child in reversed(task.children) if child.title == " ".join(args.title.split()))
    data = SpawnJson(task.id, made.id, made.title, len(task.children), made.isolation)
    where = f", in an environment of its own: {made.isolation.value}" if wish else ""
    waits = f" after {', '.join(made.after)}" if made.after else ""
    return VerbOutput(lines=(safe(f"{made.id} begins{waits}: {made.title}{where}"),), data=data)


def heartbeat(context: Context[HeartbeatArguments]) -> VerbOutput:
    """Renew the lease, and record what the agent says of its context, its sub-agents, its tokens and its cost."""
    agent, gateway, args = context.agent(), context.opened.gateway, context.args
    percent = None if args.context is None else percentage(args.context)
    news = [SubAgentNews(name, ended=True) for name in args.ended or ()]
    if args.sub_agent is not None:
        news.append(SubAgentNews(args.sub_agent, args.kind, args.doing))
    elif args.kind or args.doing:
        raise BadInput("--kind and --doing describe a sub-agent, and --sub-agent is missing", hint="--sub-agent ID")
    expires = gateway.perform(Heartbeat(agent, progress=True, news=news))
    advice = ""
    if percent is not None:
        task = gateway.perform(PerformCommand(agent, agent.task or "", ReportContext(agent.id, agent.epoch, percent)))
        advice = context_advice(gateway.perform(ReadDefinition(task.definition)).step(agent.step), task)
    used = usage_given(args)
    if used.is_told:
        said = ReportUsage(agent.id, agent.epoch, OWN_FIGURES, used, args.model)
        gateway.perform(PerformCommand(agent, agent.task or "", said))
    told = gateway.perform(TakeNotes(agent, context.verb))
    data = HeartbeatJson(expires, percent, (advice,) if advice else (), notes_json(told))
    lines = (f"the lease ends at {second_words(expires)}", *(line for note in told for line in note_lines(note)))
    return VerbOutput(lines=lines, data=data, notes=(advice,) if advice else ())


def release(context: Context[ReleaseArguments]) -> VerbOutput:
    """Give the task back; it counts as an attempt, unless it is said until when it cannot be worked on."""
    agent, args = context.agent(), context.args
    why = args.why or args.reason
    command = Release(agent.id, agent.epoch, ReleaseCause.RETURNED, why)
    if args.until is not None:
        until = moment_given(args.until, context.opened.gateway.clock())
        command = replace(command, cause=ReleaseCause.NOT_NOW, detail=why or "the agent says so", until=until)
    return _given_back(context, agent, command)


def fail(context: Context[ReasonArguments]) -> VerbOutput:
    """Say that the step cannot be done; it counts as an attempt."""
    agent = context.agent()
    return _given_back(context, agent, Fail(agent.id, agent.epoch, context.args.reason))


def _given_back(context: Context[KeyArguments], agent: Principal, command: Release | Fail) -> VerbOutput:
    task = context.opened.gateway.perform(PerformCommand(agent, agent.task or "", command, key=context.args.key))
    data = GivenBackJson(task.id, task.state, task.reason, task.detail)
    return VerbOutput(lines=(safe(f"{task.id} {task.state.value}: {task.detail}"),), data=data)


def verdict(context: Context[Arguments], agent: Principal, head: str | None = None) -> AgentAnswer:
    """The verdict as of now, for the commit `head`, or for HEAD of the clone if that is None; with notes of people.

    An agent with a superseded token never gets here: RecogniseAgent has refused it.
    """
    return verdict_on(context.opened.gateway, agent, head or (lambda task: context.head(task.id)), context.verb)
