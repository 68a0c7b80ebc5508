"""The verbs that begin work, and put a live run right. Each target is looked at before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from onloop.access.preflight import TargetLook, preflight, wants_of
from onloop.access.project_folder import committed_in, repository_here
from onloop.access.reach import closed_gates, reachable
from onloop.access.run_inputs import attached
from onloop.access.runs import (
    Workflow,
    add_targets,
    amend_tasks,
    builtin_workflow,
    committed_workflow,
    is_builtin,
    start_fleet,
    start_run,
    wait_for_base,
)
from onloop.access.submission import task_of
from onloop.access.targets import RunTarget, read_targets, target_of
from onloop.access.verifier_process import ensure_verifier, ensure_verifier_for
from onloop.cli.arguments import Arguments, FleetArguments, StartArguments
from onloop.cli.context import Context
from onloop.cli.json_models.envelope import extended
from onloop.cli.json_models.start_models import AddedJson, AmendedJson, PreflightJson, TargetLookJson, TroubleJson
from onloop.cli.json_models.work_models import FleetJson, TaskJson
from onloop.cli.output import VerbOutput, columns
from onloop.cli.people_arguments import AmendArguments, RetargetArguments
from onloop.cli.render import task_json
from onloop.cli.running import say
from onloop.cli.verbs.bulk_verbs import bulk_exit, bulk_hints, bulk_lines, outcomes_json
from onloop.cli.verbs.people_verbs import decide
from onloop.errors import BadInput, Exit, UnknownThing
from onloop.gates.repository.ref_names import without_credentials
from onloop.machine.commands import Retarget
from onloop.machine.rules.looking_first import checked_step, is_held_by_base
from onloop.machine.state import Reason
from onloop.machine.task import Kind, Task
from onloop.store.port import TaskFilter
from onloop.text import safe
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadStoreState, ReadTask, ReadTasks
from onloop.workflow.duration import milliseconds

LARGEST_TARGETS = 1_048_576
MOST_TOLD = 5
ADD = "add"
"""The word in the place of a workflow that adds targets to a live fleet."""


def start(context: Context[StartArguments]) -> VerbOutput:
    """Begin one task."""
    args = context.args
    target = target_of(args.repo, args.branch, Path.cwd()) if args.repo else repository_here(Path.cwd(), args.branch)
    workflow = _workflow(context, target)
    (look,) = preflight([target], context.opened.mirror, wants_of(workflow.definition))
    if args.dry_run:
        return _table([look])
    _check_ready([look], "--repo")
    title = _title(args.title, workflow)
    by, checks = context.launcher(), not args.no_base_check
    given = attached(context.opened, args.brief, args.attach, args.label)
    task = start_run(context.opened, by, workflow, look.target, title, check_base=checks, key=args.key, given=given)
    following = "onloop work --agent claude"
    return _begun(context, task, lambda now: task_json(now), following, workflow, [look])


def fleet(context: Context[FleetArguments]) -> VerbOutput:
    """Begin a task per repository, or more tasks in a live fleet."""
    args = context.args
    if args.workflow == ADD:
        return _add(context)
    if args.run is not None:
        raise BadInput(f"{args.run!r} is one word too many", hint="onloop fleet WORKFLOW --targets FILE")
    if args.max_parallel is not None and args.max_parallel < 1:
        raise BadInput(f"--max-parallel {args.max_parallel} lets nothing run", hint="use 1 or more, or leave it out")
    workflow = _fleet_workflow(context)
    targets = _targets(context)
    looks = preflight(targets, context.opened.mirror, wants_of(workflow.definition))
    if args.dry_run:
        return _table(looks)
    ready = _ready(looks, args)
    title, checks = _title(args.title, workflow), not args.no_base_check
    by, most = context.launcher(), args.max_parallel
    given = attached(context.opened, args.brief, args.attach, args.label)
    root = start_fleet(context.opened, by, workflow, ready, title, most, check_base=checks, key=args.key, given=given)
    following = f"onloop tree --run {root.id}"

    def data(now: Task) -> TaskJson:
        return extended(FleetJson, task_json(now), tasks=len(ready))

    return _begun(context, root, data, following, workflow, looks)


def _add(context: Context[FleetArguments]) -> VerbOutput:
    args, gateway = context.args, context.opened.gateway
    root = gateway.perform(ReadTask(args.run or ""))
    if root is None or root.kind is not Kind.FLEET:
        raise UnknownThing(f"there is no fleet {args.run or ''!r}", hint="onloop fleet add RUN --targets FILE")
    targets = _targets(context)
    looks = preflight(targets, context.opened.mirror, wants_of(gateway.perform(ReadDefinition(root.definition))))
    if args.dry_run:
        return _table(looks)
    ready = _ready(looks, args)
    made = add_targets(context.opened, context.launcher(), root, ready)
    if root.check_base:
        ensure_verifier(context.home)
    lines = tuple(f"{task} {target.name}" for task, target in zip(made, ready, strict=True))
    return VerbOutput(lines=lines, data=AddedJson(made), notes=(*_told(looks), f"next: onloop tree --run {root.id}"))


def _workflow(context: Context[StartArguments], target: RunTarget) -> Workflow:
    name, mirror = context.args.workflow, context.opened.mirror(target.origin)
    if name is None:
        return committed_in(mirror, target.branch, Path.cwd())
    return builtin_workflow(name) if is_builtin(name) else committed_workflow(mirror, target.branch, name)


def _fleet_workflow(context: Context[FleetArguments]) -> Workflow:
    args = context.args
    if args.control is None:
        return builtin_workflow(args.workflow)
    control = target_of(args.control, args.control_branch, Path.cwd(), "--control")
    return committed_workflow(context.opened.mirror(control.origin), control.branch, args.workflow)


def _targets(context: Context[FleetArguments]) -> tuple[RunTarget, ...]:
    path = Path(context.args.targets)
    return read_targets(_read(path), context.args.targets, path.absolute().parent)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_TARGETS:
            raise BadInput(f"{path} is larger than {LARGEST_TARGETS} bytes", hint="split the fleet")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(f"{path} cannot be read: {problem}", hint="give a text file, one PATH-OR-URL a line") from None


def _ready(looks: Sequence[TargetLook], args: FleetArguments) -> tuple[RunTarget, ...]:
    """The targets in which work begins: all, or with `--skip-bad` those that nothing speaks against."""
    if not args.skip_bad:
        _check_ready(looks, args.targets)
    ready = tuple(look.target for look in looks if not look.stops)
    if not ready:
        raise BadInput("no target is ready", hint="--dry-run shows what is wrong with each, and what would work")
    return ready


def _check_ready(looks: Sequence[TargetLook], where: str) -> None:
    """Refuse to begin while something is wrong with a target; the message names every trouble."""
    wrong = [trouble for look in looks for trouble in look.troubles if trouble.stops]
    if not wrong:
        return
    if len(looks) == 1:
        raise BadInput(f"{where}: {'; '.join(trouble.what for trouble in wrong)}", hint=wrong[0].works)
    stopped = sum(look.stops for look in looks)
    for trouble in wrong:
        say(trouble.what)
        say(f"  → {trouble.works}")
    raise BadInput(
        f"{where}: {stopped} of {len(looks)} targets are not ready, so nothing has begun",
        hint="put them right, or --skip-bad begins without them; --dry-run shows all in a table",
    )


def _table(looks: Sequence[TargetLook]) -> VerbOutput:
    """What was found of every target."""
    rows = [
        (
            "✗" if look.stops else "!" if look.troubles else "✓",
            look.target.name,
            look.target.branch or "",
            look.tip[:12],
            f"{look.size / 1_000_000:.1f} MB" if look.tip else "",
            "; ".join(f"{trouble.what} → {trouble.works}" for trouble in look.troubles),
        )
        for look in looks
    ]
    lines = columns(rows, header=("", "TARGET", "BRANCH", "TIP", "SIZE", "WHAT IS WRONG → WHAT WOULD WORK"))
    ready = sum(not look.stops for look in looks)
    data = PreflightJson(False, ready, [_look_json(look) for look in looks])
    code = Exit.OK if ready == len(looks) else Exit.USAGE
    return VerbOutput(code, lines, data, (f"{ready} of {len(looks)} are ready; nothing has begun",))


def _look_json(look: TargetLook) -> TargetLookJson:
    troubles = [TroubleJson(t.kind, safe(t.what), safe(t.works), t.stops) for t in look.troubles]
    origin = without_credentials(look.target.origin)
    return TargetLookJson(
        look.target.name, origin, look.target.branch, look.tip or None, look.size, not look.stops, troubles
    )


def _title(given: str | None, workflow: Workflow) -> str:
    return given or workflow.definition.description or workflow.definition.name


def _begun(
    context: Context[StartArguments] | Context[FleetArguments],
    task: Task,
    data: Callable[[Task], TaskJson],
    following: str,
    workflow: Workflow,
    looks: Sequence[TargetLook],
) -> VerbOutput:
    args = context.args
    notes = (*_told(looks), *_closed(context, workflow), safe(f"begun in {context.home.name}"))
    lines = (safe(f"{task.id} {task.title}"),)
    if args.no_base_check:
        notes += ("mind: no gate was run on the base, so agents may start on one that is red",)
    step = checked_step(workflow.definition)
    if args.no_base_check or step is None:
        return VerbOutput(lines=lines, data=data(task), notes=(*notes, f"next: {following}"))
    ensure_verifier(context.home)
    say(f"the verifier runs the gates of {step.id} on the base; no agent starts before they pass")
    tasks = wait_for_base(context.opened, task.id, milliseconds(args.wait) / 1000, time.sleep)
    now = next(each for each in tasks if each.id == task.id)
    walking = [each for each in tasks if each.kind is Kind.WORK]
    code = Exit.HELD if all(is_held_by_base(each) for each in walking) else Exit.OK
    return VerbOutput(code, lines, data(now), (*notes, *_base_words(tasks), f"next: {following}"))


def _base_words(tasks: Sequence[Task]) -> Iterator[str]:
    """What the gates said on the bases."""
    walking = [task for task in tasks if task.kind is Kind.WORK]
    red = [task for task in walking if is_held_by_base(task)]
    waiting = sum(task.reason is Reason.DEPENDENCY for task in walking)
    green = len(walking) - len(red) - waiting
    if len(walking) > 1 or not red:
        yield f"on the base: {green} green, {len(red)} red, {waiting} still running"
    for task in red[:MOST_TOLD]:
        yield f"{task.id} ({task.repo}): {task.detail}"
    if red:
        yield (
            f"a person decides: onloop retry {red[0].id} --no-worse-than-base, "
            f"onloop amend {red[0].id} --workflow FILE, or onloop cancel {red[0].id}"
        )


def _told(looks: Sequence[TargetLook]) -> tuple[str, ...]:
    """Everything that was found and does not keep work from beginning, and everything that was left out."""
    return tuple(
        safe(f"{'left out' if look.stops else 'mind'}: {trouble.what}; {trouble.works}")
        for look in looks
        for trouble in look.troubles
        if trouble.stops or not look.stops
    )


def _closed(context: Context[Arguments], workflow: Workflow) -> tuple[str, ...]:
    """A warning for each gate that nobody can pass in this store, so that people see it before work begins."""
    gateway = context.opened.gateway
    level = reachable(context.home, gateway.perform(ReadStoreState()), gateway.clock())
    return tuple(f"mind: {safe(words)} in this store" for words in closed_gates(workflow.definition, level))


def amend(context: Context[AmendArguments]) -> VerbOutput:
    """Give a live task another workflow, or a run and every live task below it."""
    context.check_no_agent("amend")
    args, opened = context.args, context.opened
    root = task_of(opened, args.task)
    workflow = _amended_workflow(context, root)
    person, voice = context.voice("amend")
    below = opened.gateway.perform(ReadTasks(TaskFilter(parent=root.id))) if root.kind is Kind.FLEET else ()
    named = [root.id, *(task.id for task in below if not task.ended)]
    outcomes = amend_tasks(opened, person, voice, workflow, named, args.reason)
    ensure_verifier_for(context.home, (outcome.after for outcome in outcomes))
    data = AmendedJson(workflow.definition.digest, outcomes_json(outcomes))
    return VerbOutput(bulk_exit(outcomes), bulk_lines(outcomes), data, bulk_hints(outcomes))


def _amended_workflow(context: Context[AmendArguments], task: Task) -> Workflow:
    args, opened = context.args, context.opened
    if is_builtin(args.workflow):
        return builtin_workflow(args.workflow)
    if args.control is not None:
        control = target_of(args.control, args.control_branch, Path.cwd(), "--control")
        return committed_workflow(opened.mirror(control.origin), control.branch, args.workflow)
    if task.origin is None:
        hint = "name the repository that holds it: --control REPO"
        raise BadInput(f"{task.id} has no repository of its own in which {args.workflow!r} could be", hint=hint)
    return committed_workflow(opened.mirror(task.origin), args.control_branch or task.target, args.workflow)


def retarget(context: Context[RetargetArguments]) -> VerbOutput:
    """Put right where a task works. The new place is looked at before."""
    context.check_no_agent("retarget")
    args, opened = context.args, context.opened
    task = task_of(opened, args.task)
    if args.branch is None and args.origin is None:
        raise BadInput("nothing is put right", hint=f"onloop retarget {task.id} --branch B, --origin O, or both")
    target = target_of(args.origin or task.origin or "", args.branch, Path.cwd(), "--origin")
    wants = wants_of(opened.gateway.perform(ReadDefinition(task.definition)))
    (look,) = preflight([target], context.opened.mirror, wants)
    wrong = [trouble for trouble in look.troubles if trouble.stops]
    if wrong:
        raise BadInput("; ".join(trouble.what for trouble in wrong), hint=wrong[0].works)
    person, voice = context.voice("retarget")
    found = look.target
    command = Retarget(found.name, found.origin, found.branch or "", voice, args.reason, args.version)
    return decide(context, person, task.id, args.key, command)
