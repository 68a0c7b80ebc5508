"""The verb that is a worker."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from onloop.access.far_handles import FarHandles
from onloop.access.opening import GatewayHandle, check_agents_reach, open_home, wall_clock
from onloop.access.verifier_process import ensure_verifier
from onloop.agents.acp.permission_call import permitted
from onloop.agents.demand import CrewSize
from onloop.agents.places.environment_settings import MOST_WARM, EnvironmentSettings, Reuse
from onloop.agents.places.lent_place import host_name
from onloop.agents.places.opening_pool import lines_here, opened_pool, with_template
from onloop.agents.places.place_pool import LAUNCHER
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.agents.worker import Worker, WorkerSettings, command_words
from onloop.agents.worker_presence import WorkerPresence
from onloop.cli.arguments import WorkArguments
from onloop.cli.context import Context
from onloop.cli.launcher_secret import launcher_secret
from onloop.cli.name_checks import check_names, unknown_names
from onloop.cli.output import VerbOutput
from onloop.cli.running import drain_signal, pause_until, say, stop_signals
from onloop.environments.egress_proxy import named
from onloop.environments.offers import offer
from onloop.environments.port import EnvironmentLimits, Offer
from onloop.errors import BadInput, NotAllowed
from onloop.gateway.claims import ClaimFilter
from onloop.identity.process_privacy import keep_others_out
from onloop.inherited import variable_problem
from onloop.machine.agent_environment import EnvironmentKind
from onloop.records import replace
from onloop.remote.relay.agent_relay import AgentRelay
from onloop.text import safe
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
    if context.home.url:
        return _work_elsewhere(context, settings)
    if args.token_fd is not None:
        raise BadInput("--token-fd goes with a gateway elsewhere", hint="ONLOOP_URL=https://HOST:PORT onloop work …")
    settings = replace(settings, places=with_template(context.home, settings.places))
    check_names(context, run=args.run)
    known = {"role": args.role, "repository": args.repo, "workflow": args.workflow, "label": args.label}
    for words in (*unknown_names(context, **known), *_unknown_agent(args.agent)):
        say(words)
    opened, turn = context.opened, threading.Lock()
    check_agents_reach(opened)

    def keep_verifier() -> None:
        with turn:  # agents' threads ask for it as well
            ensure_verifier(context.home)

    keep_verifier()
    with stop_signals() as stop, drain_signal() as drain, ExitStack() as leaving:
        lines = lines_here(opened, leaving, say)
        worker = Worker(
            opened=opened,
            settings=settings,
            stopped=lambda: stop.is_set() or opened.home.is_gone,
            pause=pause_until(stop),
            say=say,
            ensure_verifier=keep_verifier,
            reopen=lambda: open_home(context.home),
            pool=opened_pool(opened, settings.places, lambda: open_home(context.home), lines, say),
            drained=drain.is_set,
            presence=_presence(settings, lambda: open_home(context.home)),
        )
        code = worker.run(once=args.once)
    opened.home.check_there()
    return VerbOutput(code)


def _work_elsewhere(context: Context[WorkArguments], settings: WorkerSettings) -> VerbOutput:
    """Be a worker of a gateway that has a URL, as the launcher whose token it was given; its agents get a socket."""
    for words in _unknown_agent(context.args.agent):
        say(words)
    keep_others_out()
    secret = launcher_secret(context.args.token_fd)
    with (
        stop_signals() as stop,
        drain_signal() as drain,
        closing(FarHandles.of(context.home, secret, stop.is_set)) as handles,
    ):
        path = handles.home.relays / f"{os.getpid()}.sock"
        with AgentRelay(path, handles.agents_line) as relay:
            opened = handles.handle()
            settings = replace(settings, places=with_template(opened.home, settings.places))
            worker = Worker(
                opened=opened,
                settings=replace(settings, url=relay.url),
                stopped=stop.is_set,
                pause=pause_until(stop),
                say=say,
                ensure_verifier=lambda: None,
                reopen=handles.handle,
                pool=opened_pool(opened, settings.places, handles.handle, lambda: handles.agents_line, say),
                drained=drain.is_set,
                presence=_presence(settings, handles.handle),
            )
            return VerbOutput(worker.run(once=context.args.once))


def _presence(settings: WorkerSettings, reopen: Callable[[], GatewayHandle]) -> WorkerPresence:
    """What tells the gateway of this worker."""
    host, most = host_name(), settings.crew.most
    return WorkerPresence(settings.name, host, settings.role, most, LAUNCHER, wall_clock(), reopen, say)


def _unknown_agent(name: str | None) -> Iterator[str]:
    """That a name is no vendor's and of no agent in this folder: that of a repository is looked for there."""
    if name and name not in VENDORS and not Path(agent_path(name)).exists():
        near = nearest(name, VENDORS)
        yield f"mind: {name} is no vendor; {near}each repository is looked through for {agent_path(name)}"


def _settings(args: WorkArguments) -> WorkerSettings:
    words = command_words(args.command)
    spoken = _speaking_acp(args)
    if not words and not args.agent and not spoken:
        hint = f"onloop work --agent {'|'.join(VENDORS)}, or: onloop work --role ROLE -- CMD…"
        raise BadInput("there is no agent to run", hint=hint)
    if not args.agent and not args.role and not spoken:
        raise BadInput("a command of your own needs a role to claim for", hint="onloop work --role ROLE -- CMD…")
    if args.agent and not re.match(AGENT, args.agent):
        hint = f"name a vendor ({', '.join(VENDORS)}), or a file in .onloop/agents without its .md"
        raise BadInput(f"{args.agent[:60]!r} cannot be an agent's name", hint=hint)
    who = "-".join(part for part in (args.agent, Path(spoken[0]).name if spoken else "", args.role) if part)
    return WorkerSettings(
        name=args.name or f"{who}-{os.getpid()}",
        role=args.role,
        argv=() if args.agent else (*spoken, *words),
        lease_ms=milliseconds(args.lease),
        stall_ms=milliseconds(args.stall) if args.stall else 0,
        agent_env=_nameable(args.agent_env),
        agent=args.agent or "",
        flags=words if args.agent else (),
        among=ClaimFilter(args.run or "", args.repo or "", args.workflow or "", args.label or ""),
        crew=_crew(args),
        places=_places(args),
        acp=bool(spoken),
        permit=args.permit,
    )


def _speaking_acp(args: WorkArguments) -> tuple[str, ...]:
    """The words of the agent that `--acp` names, which no shell reads; BadInput for what cannot be run."""
    if args.acp is None:
        if args.permit:
            raise BadInput("--permit is about agents that speak ACP", hint="onloop work --acp CMD --permit KIND")
        return ()
    permitted(args.permit)
    try:
        words = tuple(shlex.split(args.acp))
    except ValueError as problem:
        raise BadInput(f"--acp {safe(args.acp, 100)!r}: {problem}".lower(), hint="close its quotes") from None
    if args.agent or not words:
        what = "--acp and --agent both name an agent" if args.agent else "--acp names no agent"
        raise BadInput(what, hint="give one of them, such as --acp 'opencode acp'")
    if args.environment is None and shutil.which(words[0]) is None:
        raise BadInput(f"no {safe(words[0], 100)!r} is on the path", hint="install the agent that --acp names")
    return words


def _places(args: WorkArguments) -> EnvironmentSettings:
    """In what agents work: `--environment` and what goes with it."""
    offered = _offered(args)
    settings = EnvironmentSettings(
        offered,
        tuple(each.words for each in named(args.reach)),
        tuple(map(_folder, args.show)),
        Reuse(args.reuse),
        args.warm,
        limits=EnvironmentLimits() if args.memory is None else EnvironmentLimits(memory_mib=args.memory),
    )
    if not settings.is_enclosed and (args.reach or args.show or args.warm or args.memory is not None):
        words = "--reach, --show, --warm and --memory are about environments, and agents would work in clones"
        raise BadInput(words, hint="onloop work --environment box … (onloop help environments)")
    if args.warm and offered is not None and offered.kind is EnvironmentKind.DEVCONTAINER:
        raise BadInput("no devcontainer is made ahead of time: its task says which", hint="leave out --warm")
    if not 0 <= args.warm <= MOST_WARM:
        raise BadInput(f"{args.warm} environments cannot be kept warm", hint=f"give 0 to {MOST_WARM}")
    if args.memory is not None and not 64 <= args.memory <= 4_194_304:
        raise BadInput(f"{args.memory} MiB is no limit of memory", hint="give 64 or more, such as --memory 4096")
    return settings


def _offered(args: WorkArguments) -> Offer | None:
    """What `--environment` says; of a template, its file says how far it separates."""
    offered = offer(args.environment) if args.environment is not None else None
    if offered is not None and offered.kind is EnvironmentKind.TEMPLATE and args.reach:
        raise BadInput("--reach says nothing of a template", hint="its network is its platform's")
    return offered


def _folder(name: str) -> Path:
    """A folder that agents may read, by its absolute path; BadInput for one that is not there."""
    path = Path(name).absolute()
    if not path.exists():
        raise BadInput(f"--show {safe(name, 200)}: there is no such folder", hint="give a folder of this machine")
    return path


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
