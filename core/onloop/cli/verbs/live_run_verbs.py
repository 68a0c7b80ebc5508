"""The verbs by which people put a live run right: its workflow, and where its work is done."""

from __future__ import annotations

from pathlib import Path

from onloop.access.preflight import preflight, wants_of
from onloop.access.runs import Workflow, amend_tasks, builtin_workflow, committed_workflow, is_builtin
from onloop.access.submission import task_of
from onloop.access.targets import target_of
from onloop.access.verifier_process import ensure_verifier_for
from onloop.cli.context import Context
from onloop.cli.json_models.start_models import AmendedJson
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import AmendArguments, RetargetArguments
from onloop.cli.verbs.bulk_verbs import bulk_exit, bulk_hints, bulk_lines, outcomes_json
from onloop.cli.verbs.people_verbs import decide
from onloop.errors import BadInput
from onloop.machine.commands import Retarget
from onloop.machine.task import Kind, Task
from onloop.store.port import TaskFilter
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadTasks


def amend(context: Context[AmendArguments]) -> VerbOutput:
    """Give a live task another workflow, or a run and every live task below it."""
    context.check_no_agent("amend")
    args, opened = context.args, context.opened
    root = task_of(opened, args.task)
    workflow = _workflow(context, root)
    person, voice = context.voice("amend")
    below = opened.gateway.perform(ReadTasks(TaskFilter(parent=root.id))) if root.kind is Kind.FLEET else ()
    named = [root.id, *(task.id for task in below if not task.ended)]
    outcomes = amend_tasks(opened, person, voice, workflow, named, args.reason)
    ensure_verifier_for(context.home, (outcome.after for outcome in outcomes))
    data = AmendedJson(workflow.definition.digest, outcomes_json(outcomes))
    return VerbOutput(bulk_exit(outcomes), bulk_lines(outcomes), data, bulk_hints(outcomes))


def _workflow(context: Context[AmendArguments], task: Task) -> Workflow:
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
