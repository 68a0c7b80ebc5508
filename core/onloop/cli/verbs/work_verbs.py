"""The verbs that begin work and do it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from onloop.access.opening import open_file
from onloop.access.reach import closed_gates, reachable
from onloop.access.run_inputs import attached
from onloop.access.runs import (
    Workflow,
    builtin_workflow,
    committed_workflow,
    is_builtin,
    read_targets,
    start_fleet,
    start_run,
    target_of,
)
from onloop.access.verifier_process import only_verifier
from onloop.cli.arguments import Arguments, FleetArguments, StartArguments, VerifierArguments
from onloop.cli.context import Context
from onloop.cli.json_models.envelope import extended
from onloop.cli.json_models.work_models import FleetJson, TaskJson
from onloop.cli.output import VerbOutput
from onloop.cli.render import task_json
from onloop.cli.running import pause_until, say, stop_signals
from onloop.errors import BadInput, Exit, NotAllowed
from onloop.gates.repository.git import check_git
from onloop.gates.toolchain import toolchain_of
from onloop.machine.principal import verifier as verifier_principal
from onloop.machine.task import Task
from onloop.text import safe
from onloop.verifier.effects.away import Away
from onloop.verifier.effects.executor import EffectExecutor
from onloop.verifier.effects.recorder import EffectRecorder
from onloop.verifier.gate_context import gate_context_for, prover_of
from onloop.verifier.pool import MOST_AT_ONCE, Verifier, usual_at_once
from onloop.verifier.runner import Runner
from onloop.views.queries.reads import ReadStoreState
from onloop.workflow.duration import milliseconds

LARGEST_TARGETS = 1_048_576


def start(context: Context[StartArguments]) -> VerbOutput:
    """Begin one task."""
    args = context.args
    target = target_of(args.repo, args.branch, Path.cwd())
    if is_builtin(args.workflow):
        workflow = builtin_workflow(args.workflow)
    else:
        workflow = committed_workflow(context.opened.mirror(target.origin), target.branch, args.workflow)
    given = attached(context.opened, args.brief, args.attach, args.label)
    task = start_run(
        context.opened, context.launcher(), workflow, target, _title(args.title, workflow), key=args.key, given=given
    )
    following = "onloop work --agent claude"
    return _begun(task, task_json(task), following, _closed(context, workflow))


def fleet(context: Context[FleetArguments]) -> VerbOutput:
    """Begin a task per repository."""
    args = context.args
    if args.max_parallel is not None and args.max_parallel < 1:
        raise BadInput(f"--max-parallel {args.max_parallel} lets nothing run", hint="use 1 or more, or leave it out")
    workflow = _fleet_workflow(context)
    path = Path(args.targets)
    targets = read_targets(_read(path), args.targets, path.absolute().parent)
    title = _title(args.title, workflow)
    given = attached(context.opened, args.brief, args.attach, args.label)
    root = start_fleet(
        context.opened, context.launcher(), workflow, targets, title, args.max_parallel, key=args.key, given=given
    )
    data = extended(FleetJson, task_json(root), tasks=len(targets))
    return _begun(root, data, f"onloop tree --run {root.id}", _closed(context, workflow))


def _fleet_workflow(context: Context[FleetArguments]) -> Workflow:
    args = context.args
    if args.control is None:
        return builtin_workflow(args.workflow)
    control = target_of(args.control, args.control_branch, Path.cwd())
    return committed_workflow(context.opened.mirror(control.origin), control.branch, args.workflow)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_TARGETS:
            raise BadInput(f"{path} is larger than {LARGEST_TARGETS} bytes", hint="split the fleet")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(f"{path} cannot be read: {problem}", hint="give a text file, one PATH-OR-URL a line") from None


def _title(given: str | None, workflow: Workflow) -> str:
    return given or workflow.definition.description or workflow.definition.name


def _begun(task: Task, data: TaskJson, following: str, closed: Sequence[str]) -> VerbOutput:
    return VerbOutput(lines=(safe(f"{task.id} {task.title}"),), data=data, notes=(*closed, f"next: {following}"))


def _closed(context: Context[Arguments], workflow: Workflow) -> tuple[str, ...]:
    """A warning for each gate that nobody can pass in this store, so that people see it before work begins."""
    gateway = context.opened.gateway
    level = reachable(context.home, gateway.perform(ReadStoreState()), gateway.clock())
    return tuple(f"mind: {safe(words)} in this store" for words in closed_gates(workflow.definition, level))


def verifier(context: Context[VerifierArguments]) -> VerbOutput:
    """Be the verifier until stopped. Agents are refused, because they would choose what judges their own work."""
    if os.environ.get("ONLOOP_TOKEN"):
        context.note_denied("verify")
        raise NotAllowed(f"{context.agent().id} may not verify", hint="stop here; onloop work starts a verifier")
    idle = milliseconds(context.args.idle_exit) if context.args.idle_exit else None
    principal, away = verifier_principal(str(os.getpid())), Away()

    def runner(stopped: Callable[[], bool]) -> Runner:
        opened = open_file(context.home)
        gate_context = gate_context_for(opened, principal)
        return Runner(
            opened,
            principal,
            gate_context,
            EffectExecutor(EffectRecorder(opened, gate_context, stopped, lambda _point: None), away),
            stopped,
        )

    opened_file = (
        context.opened_file
    )  # before the lock: a verifier that cannot open the store must not look as if it were running
    os.environ["PATH"] = toolchain_of(context.home.store).path  # the caller's PATH must not choose which programs run
    check_git()  # here: which git is used depends on the line above
    with only_verifier(context.home), stop_signals() as stop:
        Verifier(
            opened=opened_file,
            principal=principal,
            runner=runner,
            at_once=jobs_at_once(context.args.jobs) or usual_at_once(),
            stopped=lambda: stop.is_set() or context.home.is_gone,
            pause=pause_until(stop),
            say=say,
            keep_shown=prover_of(opened_file, principal, stop.is_set).keep_shown,
        ).run(idle_exit_ms=idle)
    context.home.check_there()
    return VerbOutput(Exit.OK)


def jobs_at_once(words: str) -> int:
    """The number given to `--jobs`, or 0 if it is empty; BadInput unless it is a number in range."""
    if not words:
        return 0
    if not words.isascii() or not words.isdigit() or not 1 <= int(words[:4]) <= MOST_AT_ONCE:
        raise BadInput(f"--jobs {words[:20]!r} is not valid", hint=f"give a number from 1 to {MOST_AT_ONCE}")
    return int(words)
