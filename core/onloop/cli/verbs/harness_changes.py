"""A failure that comes again, as a task that changes files against it: an ordinary run, held by its own gates."""

from __future__ import annotations

from pathlib import Path

from onloop.access.preflight import preflight, wants_of
from onloop.access.project_folder import repository_here
from onloop.access.run_inputs import Attached
from onloop.access.runs import builtin_workflow, committed_workflow, is_builtin, start_run
from onloop.access.targets import target_of
from onloop.cli.context import Context
from onloop.cli.harness_verb_table import HarnessArguments
from onloop.cli.output import VerbOutput
from onloop.cli.render import task_json
from onloop.cli.verbs.beginning.start_verbs import check_ready
from onloop.gateway.upkeep import KeepContent
from onloop.insight.harness.encodings import Encoding, change_brief, change_title
from onloop.insight.harness.harness_figures import FailureFigures
from onloop.known_secrets import known_secrets
from onloop.machine.artefacts import Artefact
from onloop.redaction import redacted
from onloop.text import safe
from onloop.views.given_files import BRIEF

USUAL = "feature"
"""The workflow that a change walks where none is named: people approve before it is merged."""


def begin_change(context: Context[HarnessArguments], encoding: Encoding, failure: FailureFigures) -> VerbOutput:
    """Begin the task that encodes something against a failure, with the evidence as its brief."""
    args = context.args
    target = target_of(args.repo, args.branch, Path.cwd()) if args.repo else repository_here(Path.cwd(), args.branch)
    name, mirror = args.workflow or USUAL, context.opened.mirror(target.origin)
    workflow = builtin_workflow(name) if is_builtin(name) else committed_workflow(mirror, target.branch, name)
    (look,) = preflight([target], context.opened.mirror, wants_of(workflow.definition))
    check_ready([look], "--repo")
    text = redacted(change_brief(encoding, failure), known_secrets()).encode()
    given = Attached((Artefact(BRIEF, context.opened.gateway.perform(KeepContent(text)), len(text)),))
    title = change_title(encoding, failure)
    task = start_run(
        context.opened, context.launcher(), workflow, look.target, title, key=args.key, given=given
    )  # fmt: skip
    notes = (safe(f"begun in {context.home.name}"), "next: onloop work --agent claude")
    return VerbOutput(lines=(safe(f"{task.id} {task.title}"),), data=task_json(task), notes=notes)
