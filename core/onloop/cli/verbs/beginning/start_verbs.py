"""The verbs that begin work, and put a live run right. Each target is looked at before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from onloop.access.elsewhere.ticket_briefs import source_of
from onloop.access.elsewhere.ticket_tasks import given_by, linked
from onloop.access.preflight import TargetLook, preflight, wants_of
from onloop.access.project_folder import committed_in, repository_here
from onloop.access.reach import closed_gates, reachable
from onloop.access.run_inputs import attached
from onloop.access.runs import (
    Workflow,
    amend_tasks,
    builtin_workflow,
    committed_workflow,
    is_builtin,
    start_run,
    wait_for_base,
)
from onloop.access.submission import task_of
from onloop.access.targets import RunTarget, target_of
from onloop.access.verifier_process import ensure_verifier, ensure_verifier_for
from onloop.cli.arguments import Arguments, StartArguments
from onloop.cli.budget_argument import budget_given
from onloop.cli.context import Context
from onloop.cli.fleet_arguments import FleetArguments
from onloop.cli.json_models.start_models import AmendedJson, PreflightJson, TargetLookJson, TroubleJson
from onloop.cli.json_models.work_models import TaskJson
from onloop.cli.output import VerbOutput, columns
from onloop.cli.people_arguments import AmendArguments, RetargetArguments
from onloop.cli.render import task_json
from onloop.cli.running import say
from onloop.cli.verbs.beginning.adopt_verb import (
    ElsewhereBeginning,
    brought_in,
    follow_words,
    place_there,
    pull_beginning,
    ticket_beginning,
)
from onloop.cli.verbs.bulk_verbs import bulk_exit, bulk_hints, bulk_lines, outcomes_json
from onloop.cli.verbs.people_verbs import decide
from onloop.errors import BadInput, Exit
from onloop.gates.repository.ref_names import without_credentials
from onloop.machine.commands import Retarget
from onloop.machine.rules.looking_first import checked_step, is_held_by_base
from onloop.machine.state import Reason
from onloop.machine.task import Kind, Task
from onloop.store.port import TaskFilter
from onloop.text import safe
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadStoreState, ReadTasks
from onloop.workflow.duration import milliseconds

MOST_TOLD = 5


def start(context: Context[StartArguments]) -> VerbOutput:
    """Begin one task."""
    args = context.args
    begins = _beginning(context)
    workflow = _workflow(context, begins.target)
    target = begins.target
    (look,) = preflight([target], context.opened.mirror, wants_of(workflow.definition))
    if args.dry_run:
        return looks_table([look])
    check_ready([look], "--repo")
    title = _title(args.title or begins.title, workflow)
    by, checks = context.launcher(), not args.no_base_check
    budget = budget_given("--budget", args.budget)
    given = attached(context.opened, args.brief, args.attach, args.label, budget)
    place = place_there(context.opened, begins, args.from_branch, workflow.definition)
    ticket = begins.ticket
    given = given if ticket is None else given_by(context.opened, ticket, given)
    begin = partial(start_run, context.opened, by, workflow, look.target, title, check_base=checks, key=args.key)
    task = begin(given=given, elsewhere=place, source=None if ticket is None else source_of(ticket))
    if ticket is not None:
        task = linked(context.opened, task, ticket)
    if place is not None:
        task = brought_in(context, task)
        return VerbOutput(Exit.OK, (safe(f"{task.id} {task.title}"),), task_json(task), (follow_words(task),))
    following = "onloop work --agent claude"
    return begun(context, task, lambda now: task_json(now), following, workflow, [look])


def _beginning(context: Context[StartArguments]) -> ElsewhereBeginning:
    """Where it is done: what is named, else where a pull request is, else this folder."""
    args = context.args
    named = target_of(args.repo, args.branch, Path.cwd()) if args.repo else None
    if args.from_pull_request is not None:
        return pull_beginning(context.opened, args.from_pull_request, named)
    if args.ticket is not None:
        return ticket_beginning(context.opened, args.ticket, named, args.branch)
    return ElsewhereBeginning(named or repository_here(Path.cwd(), args.branch))


def _workflow(context: Context[StartArguments], target: RunTarget) -> Workflow:
    name, mirror = context.args.workflow, context.opened.mirror(target.origin)
    if name is None:
        return committed_in(mirror, target.branch, Path.cwd())
    return builtin_workflow(name) if is_builtin(name) else committed_workflow(mirror, target.branch, name)


def check_ready(looks: Sequence[TargetLook], where: str) -> None:
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


def looks_table(looks: Sequence[TargetLook]) -> VerbOutput:
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


def begun(
    context: Context[StartArguments] | Context[FleetArguments],
    task: Task,
    data: Callable[[Task], TaskJson],
    following: str,
    workflow: Workflow,
    looks: Sequence[TargetLook],
    minded: Sequence[str] = (),
) -> VerbOutput:
    """What is said of a run that was begun, after what gates found on its bases."""
    args = context.args
    notes = (*minded, *told_looks(looks), *_closed(context, workflow), safe(f"begun in {context.home.name}"))
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
    waiting = sum(task.reason is Reason.DEPENDENCY and not task.waits_to_begin for task in walking)
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


def told_looks(looks: Sequence[TargetLook]) -> tuple[str, ...]:
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
