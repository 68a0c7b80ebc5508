"""Work that was made elsewhere becomes a task's submission: fetched by us, through the quarantine, like any other."""

from __future__ import annotations

from onloop.access.histories.kin import kin_of
from onloop.access.opening import GatewayHandle
from onloop.access.submission import submission_of, task_of
from onloop.errors import BadInput, Exit, Refused
from onloop.gates.intake.branch_collection import checked_ref, ref_collected, tip_there
from onloop.gates.intake.quarantine import arrived
from onloop.gates.repository.ref_names import check_ref_name
from onloop.gateway.command_operations import PerformCommand
from onloop.machine.definition import Definition
from onloop.machine.elsewhere import Adopt, EndElsewhere, PlaceEnd
from onloop.machine.principal import Principal, integration
from onloop.machine.rules.waiting_elsewhere import is_put_to_people, is_unheard
from onloop.machine.task import Task
from onloop.machine.work_elsewhere import PlaceKind, WorkPlace
from onloop.records import replace

PLAIN_GIT = integration("git")
"""Who brings the work of a branch where there is no forge."""


def branch_place(branch: str, step: str) -> WorkPlace:
    """A branch of the task's origin as the place where the work of `step` is made."""
    return WorkPlace(PlaceKind.BRANCH, step, check_ref_name(branch), PLAIN_GIT.id)


def full_ref(place: WorkPlace) -> str:
    """The full ref from which the work is fetched."""
    return checked_ref(f"refs/heads/{place.ref}" if place.kind is PlaceKind.BRANCH else place.ref)


def work_step(definition: Definition) -> str:
    """The first step whose agent must change something: that is the one whose work may come from elsewhere."""
    steps = (each for each in definition.steps if each.role is not None and each.fan_out is None)
    found = next((each.id for each in steps if definition.owes_change(each.id) and not each.review_gates), None)
    if found is None:
        raise BadInput(
            f"workflow {definition.name} has no step at which an agent changes something",
            hint="choose one that has: onloop help built-ins",
        )
    return found


def adopt_work(opened: GatewayHandle, task: Task, place: WorkPlace, by: Principal) -> Task:
    """Make what the place holds now the task's submission, if it is another commit than the one that is there.

    UnknownThing if the place is not there. What is recorded is the commit that was fetched, whatever was said before.
    """
    if task.origin is None:
        raise BadInput(f"{task.id} has no repository", hint="onloop start WORKFLOW --repo PATH gives a task one")
    mirror = opened.mirror(task.origin)
    mirror.create()
    mirror.refresh(task.target)
    with ref_collected(mirror, full_ref(place), task.target, kin_of(task)) as collection:
        commit = collection.manifest.commit
        if task.elsewhere == place and task.submission is not None and task.submission.head == commit:
            return task
        with arrived(opened.home.quarantine, collection) as arrival:
            submission = submission_of(opened, task, arrival, "", step=place.step)
    return opened.gateway.perform(PerformCommand(by, task.id, Adopt(by.id, submission, place)))


def look_at_branch(opened: GatewayHandle, task: Task, by: Principal = PLAIN_GIT) -> Task:
    """Take what was pushed to the task's branch since, or record that the branch is gone or its work is merged."""
    place = task.elsewhere
    if place is None or task.ended or task.origin is None:
        return task
    mirror = opened.mirror(task.origin)
    mirror.create()
    tip = tip_there(mirror, full_ref(place))
    if tip is None:
        return _gone(opened, task, by)
    if task.submission is not None and task.submission.head == tip and not place.lost:
        told = EndElsewhere(by.id, PlaceEnd.UNHEARD, "nobody there is told what came back")
        return ended_there(opened, task, by, told) if is_unheard(task) else task
    if is_put_to_people(task):  # it is fetched when they have answered
        return task
    return adopt_work(opened, task, replace(place, lost=""), by)


def _gone(opened: GatewayHandle, task: Task, by: Principal) -> Task:
    """Merged where the target holds our commit, else lost: nobody here deleted it."""
    work, mirror = task.submission, opened.mirror(task.origin or "")
    mirror.refresh(task.target)
    if work is not None and work.head != work.base and mirror.holds(task.target, work.head):
        ended = EndElsewhere(by.id, PlaceEnd.MERGED, f"merged into {task.target} elsewhere", work.head)
    else:
        ended = EndElsewhere(by.id, PlaceEnd.LOST, "the origin has no such branch")
    return ended_there(opened, task, by, ended)


def ended_there(opened: GatewayHandle, task: Task, by: Principal, ended: EndElsewhere) -> Task:
    """Record how it ended there; a task that is paused or has ended hears it later, or never."""
    try:
        return opened.gateway.perform(PerformCommand(by, task.id, ended))
    except Refused as no:
        if no.exit not in {Exit.HELD, Exit.ENDED}:
            raise
        return task_of(opened, task.id)
