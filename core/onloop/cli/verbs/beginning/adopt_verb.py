"""Adopt: what is made elsewhere is a task's work; and the same for a task that begins with it."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

from onloop.access.elsewhere.adopted_work import branch_place, full_ref, work_step
from onloop.access.elsewhere.elsewhere_watch import look_at
from onloop.access.elsewhere.foreign_words import one_line
from onloop.access.elsewhere.forge_views import check_repository, forge_view, known_view, pull_named
from onloop.access.elsewhere.pull_work import SeenThere, pull_place
from onloop.access.elsewhere.ticket_briefs import title_of
from onloop.access.elsewhere.ticket_tasks import check_free, ticket_named
from onloop.access.opening import GatewayHandle, open_file
from onloop.access.project_folder import repository_here
from onloop.access.submission import task_of
from onloop.access.targets import RunTarget
from onloop.access.verifier_process import ensure_verifier
from onloop.cli.context import Context
from onloop.cli.elsewhere_verb_table import AdoptArguments
from onloop.cli.output import VerbOutput
from onloop.cli.render import task_json
from onloop.cli.running import say
from onloop.errors import BadInput, Exit, OnloopError, Refused, UnknownThing
from onloop.forges.port import PullRequest, PullState
from onloop.forges.ticket_port import Ticket
from onloop.gates.intake.branch_collection import tip_there
from onloop.gates.repository.ref_names import without_credentials
from onloop.gateway.command_operations import PerformCommand
from onloop.machine.definition import Definition
from onloop.machine.elsewhere import Follow
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.machine.work_elsewhere import WorkPlace
from onloop.records import Record, replace
from onloop.text import safe
from onloop.views.pinned_workflow import ReadDefinition
from onloop.workflow.duration import milliseconds

POLL_S = 0.05


class ElsewhereBeginning(Record):
    """What a task begins with whose work is made elsewhere: where, and what it is called there."""

    target: RunTarget
    title: str = ""
    place: WorkPlace | None = None
    """Of a pull request, at no step yet."""
    ticket: Ticket | None = None


def adopt(context: Context[AdoptArguments]) -> VerbOutput:
    """Have a task wait for what is pushed elsewhere, and say how it stands when that was fetched."""
    context.check_no_agent("adopt")
    args, opened = context.args, context.opened
    task = task_of(opened, args.task)
    if task.origin is None:
        raise BadInput(f"{task.id} has no repository", hint="onloop start WORKFLOW --repo PATH gives a task one")
    definition = opened.gateway.perform(ReadDefinition(task.definition))
    target = RunTarget(task.repo or "", task.origin, task.target)
    begins = (
        ElsewhereBeginning(target) if args.pull_request is None else pull_beginning(opened, args.pull_request, target)
    )
    place = place_there(opened, begins, args.branch, definition)
    if place is None:
        raise BadInput("where is its work made", hint="--branch NAME, or --pull-request URL")
    task = opened.gateway.perform(PerformCommand(context.launcher(), task.id, Follow(place), key=args.key))
    task = brought_in(context, task)
    task = fetched(opened, task, milliseconds(args.wait))
    return VerbOutput(Exit.OK, (safe(f"{task.id} {task.title}"),), task_json(task), (follow_words(task),))


def brought_in(context: Context[Any], task: Task) -> Task:
    """What is there now is fetched at once where the store is ours; else, and from now on, the verifier looks."""
    home = context.home
    if context.opened.apart is None and home.is_ours:
        with closing(open_file(home)) as opened:
            try:
                task = look_at(opened, task, forge_view, SeenThere())
            except OnloopError as problem:  # it is followed all the same: the next push may be another
                say(f"{problem.message}; it is looked at again every minute")
    ensure_verifier(home)
    return task


def checked_branch(opened: GatewayHandle, target: RunTarget, branch: str, definition: Definition) -> WorkPlace:
    """A branch as the place where work is made; UnknownThing if the origin has none of that name."""
    place, mirror = branch_place(branch, work_step(definition)), opened.mirror(target.origin)
    if branch == target.branch:
        raise BadInput(f"{branch} is the branch that effects move", hint="name the one that the work is pushed to")
    mirror.create()
    if tip_there(mirror, full_ref(place)) is None:
        words = f"{without_credentials(target.origin)} has no branch {branch!r}"
        raise UnknownThing(words, hint=f"push the work there: git push origin HEAD:{branch}")
    return place


def place_there(
    opened: GatewayHandle, begins: ElsewhereBeginning, branch: str | None, definition: Definition
) -> WorkPlace | None:
    """Where the work of a workflow is made, if that is a branch or a pull request elsewhere."""
    if branch is not None and begins.place is not None:
        raise BadInput("its work is made at one place", hint="--from-branch or --from-pull-request")
    if branch is not None:
        return checked_branch(opened, begins.target, branch, definition)
    return None if begins.place is None else replace(begins.place, step=work_step(definition))


def pull_beginning(opened: GatewayHandle, words: str, target: RunTarget | None) -> ElsewhereBeginning:
    """What a pull request begins with: its repository and the branch that it is for; refused where it has ended."""
    named = pull_named(opened, words, target.origin if target is not None else None)
    if target is not None:
        check_repository(opened, named.repo, target.origin)
    view = known_view(opened, named.repo)
    pull = view.forge.pull_request(named.repo, named.number)
    _check_open(pull, named.repo.words)
    if target is None:
        target = RunTarget(named.repo.name, view.forge.repository(named.repo).clone_url)
    if target.branch not in {None, pull.base_ref}:
        what = f"pull request #{pull.number} is for {pull.base_ref}, not for {target.branch}"
        raise BadInput(what, hint=f"--branch {pull.base_ref}, or have it retargeted there")
    title = one_line(f"{pull.title} ({named.repo.words}#{pull.number})", 300)
    return ElsewhereBeginning(replace(target, branch=pull.base_ref), title, pull_place(view, named.repo, pull, ""))


def ticket_beginning(
    opened: GatewayHandle, words: str, named: RunTarget | None, branch: str | None
) -> ElsewhereBeginning:
    """What a ticket begins with: where it is done, and what it is called; refused where it has a task, or is closed.

    It is done in the repository that is named, else in the ticket's own, else in that of this folder.
    """
    is_number = words.removeprefix("#").isdecimal()
    place = named or (repository_here(Path.cwd(), branch) if is_number else None)
    found = ticket_named(opened, words, place.origin if place is not None and is_number else None)
    check_free(opened, found.ticket)
    return ElsewhereBeginning(
        place or found.target or repository_here(Path.cwd(), branch), title_of(found.ticket), ticket=found.ticket
    )


def _check_open(pull: PullRequest, repo: str) -> None:
    if pull.state is not PullState.OPEN:
        words = f"pull request {repo}#{pull.number} is {pull.state.value}"
        raise Refused(words, exit=Exit.ENDED, hint="open it again, or name another")


def fetched(opened: GatewayHandle, task: Task, timeout_ms: int) -> Task:
    """The task when the verifier has looked at where its work is made, or after that time."""
    began = opened.gateway.clock()
    while task.reason is Reason.ELSEWHERE and opened.gateway.clock() - began < timeout_ms:
        time.sleep(POLL_S)
        task = task_of(opened, task.id)
    return task


def follow_words(task: Task) -> str:
    """How a task stands whose work is made elsewhere."""
    where = task.elsewhere.words if task.elsewhere is not None else "elsewhere"
    if task.reason is Reason.ELSEWHERE:
        return safe(f"it waits for {where}; the verifier looks there every minute")
    head = task.submission.head[:12] if task.submission is not None else "nothing"
    return safe(f"its work is made at {where}: {head}; onloop show {task.id}")
