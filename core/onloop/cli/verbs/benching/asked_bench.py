"""What `onloop bench` is asked for: tasks, configurations and settings, from the command line and a suite."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.agents.agent_command import VendorPrograms, named_agent
from onloop.agents.places.place_makers import maker_of
from onloop.bench.bench_plan import (
    MOST_CONFIGURATIONS,
    MOST_REPEATS,
    MOST_TASKS,
    REPEAT,
    BenchPlan,
    Configuration,
    ReplayedTask,
    TrialSettings,
)
from onloop.bench.replayable import replayed
from onloop.bench.suite_file import MODEL, NAME, Suite, load_suite, read_brief
from onloop.cli.bench_verb_table import BenchArguments
from onloop.environments.offers import offer
from onloop.environments.port import Offer
from onloop.errors import BadInput, Unavailable
from onloop.gates.repository.mirror import Mirror
from onloop.inherited import variable_problem
from onloop.machine.agent_environment import EnvironmentKind
from onloop.machine.definition import Isolation
from onloop.records import replace
from onloop.text import safe
from onloop.workflow.duration import milliseconds
from onloop.workflow.model import AGENT

OWN = "own"
"""The task's own brief, among those that are compared."""

NOWHERE = "none"
LONGEST_TRIAL_MS = 7 * 86_400_000
_OURS = frozenset({EnvironmentKind.BOX, EnvironmentKind.CLONE, EnvironmentKind.NONE})
"""Where agents see the programs of this machine."""


def asked_plan(opened: GatewayHandle, args: BenchArguments) -> BenchPlan:
    """The bench that is asked for; refused with what would work before anything is made."""
    suite = load_suite(Path(args.suite)) if args.suite is not None else Suite((), (), 0)
    offered = _offered(opened, args.isolation)
    named = tuple(dict.fromkeys((*suite.tasks, *((task, "") for task in args.tasks))))
    tasks = _tasks(opened, named, offered)
    configurations = _distinct((*suite.configurations, *_configurations(args)))
    if not configurations:
        hint = "name what to compare: --agent claude --agent mine='CMD…', or configurations in --suite FILE"
        raise BadInput("there is nothing to try", hint=hint)
    repeat = args.repeat if args.repeat is not None else suite.repeat or REPEAT
    if not 1 <= repeat <= MOST_REPEATS:
        raise BadInput(f"--repeat {repeat} is not possible", hint=f"give 1 to {MOST_REPEATS}")
    if offered is None or offered.kind in _OURS:
        _check_programs(tasks, configurations)
    return BenchPlan(tasks, configurations, repeat, _settings(args, offered))


def _tasks(opened: GatewayHandle, named: Sequence[tuple[str, str]], offered: Offer | None) -> tuple[ReplayedTask, ...]:
    if not named:
        raise BadInput("there is no task to replay", hint="onloop bench TASK --agent A --agent B, or --suite FILE")
    if len(named) > MOST_TASKS:
        raise BadInput(f"{len(named)} tasks are too many", hint=f"give at most {MOST_TASKS}")
    isolation = Isolation.NONE if offered is None else offered.gives
    found = (replayed(opened, task, isolation, base) for task, base in named)
    return tuple({task.id: task for task in found}.values())


def _offered(opened: GatewayHandle, asked: str) -> Offer | None:
    """In what agents work; None for none. Unavailable where this machine makes nothing of the kind."""
    if asked == NOWHERE:
        return None
    offered = offer(asked)
    if offered.kind is EnvironmentKind.TEMPLATE:
        raise BadInput("trials are not made on another platform", hint="--isolation box, container:IMAGE or vm")
    if offered.kind in {EnvironmentKind.CLONE, EnvironmentKind.NONE}:
        return None
    if problem := maker_of(offered.kind, opened.home).problem():
        hint = "onloop doctor says what there is; --isolation none lets agents work in clones, as you"
        raise Unavailable(f"no {offered.kind.value} can be made here: {problem}", hint=hint)
    return offered


def _settings(args: BenchArguments, offered: Offer | None) -> TrialSettings:
    limit = milliseconds(args.deadline)
    if not 0 < limit <= LONGEST_TRIAL_MS:
        raise BadInput(f"--deadline {args.deadline} is not possible", hint="more than 0s, and at most 7d")
    if offered is None and (args.reach or args.show):
        words = "--reach and --show are about environments, and agents would work in clones"
        raise BadInput(words, hint="leave out --isolation none")
    for folder in args.show:
        if not Path(folder).exists():
            raise BadInput(f"--show {safe(folder, 200)}: there is no such folder", hint="give a folder of this machine")
    for name in args.agent_env:
        if problem := variable_problem(name):
            raise BadInput(f"--agent-env: {problem}", hint="name a variable of your own, such as ANTHROPIC_API_KEY")
    return TrialSettings(
        "" if offered is None else offered.words,
        limit,
        args.reach,
        tuple(str(Path(folder).absolute()) for folder in args.show),
        args.agent_env,
    )


def _configurations(args: BenchArguments) -> Iterator[Configuration]:
    """Each agent, with each model where it takes one, with each brief."""
    briefs = [(Path(name).stem, read_brief(Path(name))) if name != OWN else (OWN, "") for name in args.brief]
    for agent in (each for asked in args.agent for each in _agents(asked, args.model)):
        for label, text in briefs or [("", "")]:
            name = f"{agent.name}-{label}" if len(briefs) > 1 else agent.name
            yield replace(agent, name=_plain(name), brief=text)


def _agents(asked: str, models: Sequence[str]) -> Iterator[Configuration]:
    name, equals, command = asked.partition("=")
    if equals:
        yield _command(name, command)
        return
    if not re.match(AGENT, asked):
        hint = "name a vendor, a file in .onloop/agents without its .md, or NAME='CMD…'"
        raise BadInput(f"{safe(asked, 60)!r} cannot be an agent's name", hint=hint)
    for model in models:
        if not re.match(MODEL, model):
            raise BadInput(f"--model {safe(model, 60)!r} cannot be a model", hint="write it as the vendor does: opus")
        yield Configuration(_plain(f"{asked}-{model}"), asked, model=model)
    if not models:
        yield Configuration(asked, asked)


def _command(name: str, command: str) -> Configuration:
    try:
        words = tuple(shlex.split(command))
    except ValueError as problem:
        raise BadInput(f"--agent {safe(name, 60)}: {problem}".lower(), hint="close its quotes") from None
    if not re.match(NAME, name) or not words:
        raise BadInput(f"--agent {safe(name, 60)}= is not complete", hint="give NAME='CMD…': mine='my-agent -q'")
    return Configuration(name, argv=words)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:60]


def _distinct(configurations: Sequence[Configuration]) -> tuple[Configuration, ...]:
    """The configurations, with the programs of commands by their whole paths; BadInput where two have one name."""
    names = [each.name for each in configurations]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInput(f"two configurations are called {twice}", hint="give commands names of their own: NAME='CMD…'")
    if len(names) > MOST_CONFIGURATIONS:
        raise BadInput(f"{len(names)} configurations are too many", hint=f"give at most {MOST_CONFIGURATIONS}")
    return tuple(replace(each, argv=_whole(each.argv)) for each in configurations)


def _whole(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a command whose program, where it is a path, is found from any folder."""
    return (str(Path(argv[0]).absolute()), *argv[1:]) if argv and "/" in argv[0] else argv


def _check_programs(tasks: Sequence[ReplayedTask], configurations: Sequence[Configuration]) -> None:
    """BadInput where an agent's program is not on this machine; UnknownThing where a task's repository has no such."""
    programs = VendorPrograms(os.environ)
    for configuration in configurations:
        if configuration.argv:
            if shutil.which(configuration.argv[0]) is None:
                words = f"{configuration.name}: no {safe(configuration.argv[0], 200)!r} is here"
                raise BadInput(words, hint="install it, or give the path of a program that may be run")
            continue
        for task in tasks:
            programs.of(named_agent(configuration.agent, Mirror(task.mirror, ""), task.base).vendor)
