"""The verb that is a worker."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from onloop.access.opening import open_home
from onloop.access.verifier_process import ensure_verifier
from onloop.agents.demand import CrewSize
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.agents.worker import Worker, WorkerSettings, command_words
from onloop.cli.arguments import WorkArguments
from onloop.cli.context import Context
from onloop.cli.name_checks import check_names, unknown_names
from onloop.cli.output import VerbOutput
from onloop.cli.running import pause_until, say, stop_signals
from onloop.errors import BadInput, NotAllowed
from onloop.gateway.claims import ClaimFilter
from onloop.inherited import variable_problem
from onloop.workflow.agent_file import agent_path
from onloop.workflow.duration import milliseconds
from onloop.workflow.hints import nearest
from onloop.workflow.model import AGENT

MOST_AGENTS = 100
"""How many agents one worker may run at once."""

_NOT_BY_AGENTS = "a person starts it, where ONLOOP_TOKEN is not set"


def work(context: Context[WorkArguments]) -> VerbOutput:
    """Be a worker until stopped."""
    if os.environ.get("ONLOOP_TOKEN"):
        raise NotAllowed("an agent may not be a worker: it would take both sides of a review", hint=_NOT_BY_AGENTS)
    args, settings = context.args, _settings(context.args)
    check_names(context, run=args.run)
    known = {"role": args.role, "repository": args.repo, "workflow": args.workflow, "label": args.label}
    for words in (*unknown_names(context, **known), *_unknown_agent(args.agent)):
        say(words)
    opened, turn = context.opened, threading.Lock()

    def keep_verifier() -> None:
        with turn:  # agents' threads ask for it as well
            ensure_verifier(context.home)

    keep_verifier()
    with stop_signals() as stop:
        worker = Worker(
            opened=opened,
            settings=settings,
            stopped=lambda: stop.is_set() or opened.home.is_gone,
            pause=pause_until(stop),
            say=say,
            ensure_verifier=keep_verifier,
            reopen=lambda: open_home(context.home),
        )
        code = worker.run(once=args.once)
    opened.home.check_there()
    return VerbOutput(code)


def _unknown_agent(name: str | None) -> Iterator[str]:
    """That a name is no vendor's and of no agent in this folder: that of a repository is looked for there."""
    if name and name not in VENDORS and not Path(agent_path(name)).exists():
        near = nearest(name, VENDORS)
        yield f"mind: {name} is no vendor; {near}each repository is looked through for {agent_path(name)}"


def _settings(args: WorkArguments) -> WorkerSettings:
    words = command_words(args.command)
    if not words and not args.agent:
        hint = f"onloop work --agent {'|'.join(VENDORS)}, or: onloop work --role ROLE -- CMD…"
        raise BadInput("there is no agent to run", hint=hint)
    if not args.agent and not args.role:
        raise BadInput("a command of your own needs a role to claim for", hint="onloop work --role ROLE -- CMD…")
    if args.agent and not re.match(AGENT, args.agent):
        hint = f"name a vendor ({', '.join(VENDORS)}), or a file in .onloop/agents without its .md"
        raise BadInput(f"{args.agent[:60]!r} cannot be an agent's name", hint=hint)
    who = "-".join(part for part in (args.agent, args.role) if part)
    return WorkerSettings(
        name=args.name or f"{who}-{os.getpid()}",
        role=args.role,
        argv=() if args.agent else words,
        lease_ms=milliseconds(args.lease),
        stall_ms=milliseconds(args.stall) if args.stall else 0,
        agent_env=_nameable(args.agent_env),
        agent=args.agent or "",
        flags=words if args.agent else (),
        among=ClaimFilter(args.run or "", args.repo or "", args.workflow or "", args.label or ""),
        crew=_crew(args),
    )


def _crew(args: WorkArguments) -> CrewSize:
    """How many agents at once: `--jobs`, or from `--min` to `--max`."""
    if args.jobs is not None and (args.min is not None or args.max is not None):
        raise BadInput("--jobs says both --min and --max", hint="give --jobs alone, or --min and --max")
    most = args.jobs if args.jobs is not None else args.max if args.max is not None else args.min or 1
    least = args.jobs if args.jobs is not None else args.min if args.min is not None else 1
    if not 1 <= least <= most <= MOST_AGENTS:
        raise BadInput(
            f"from {least} to {most} agents is not possible", hint=f"give 1 to {MOST_AGENTS}, and --min up to --max"
        )
    return CrewSize(least, most)


def _nameable(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each of which an agent may be given."""
    for name in names:
        if problem := variable_problem(name):
            raise BadInput(f"--agent-env: {problem}", hint="name a variable of your own, such as ANTHROPIC_API_KEY")
    return names
