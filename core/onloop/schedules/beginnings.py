"""What a firing begins: a run or a fleet, under an id that follows from the firing, so that it exists once."""

from __future__ import annotations

from onloop.access.fleet_file import order_in
from onloop.access.opening import GatewayHandle
from onloop.access.preflight import preflight, wants_of
from onloop.access.run_inputs import Attached
from onloop.access.runs import Workflow, start_fleet, start_run
from onloop.access.targets import RunTarget
from onloop.errors import BadInput, Unavailable
from onloop.gateway.upkeep import KeepContent
from onloop.machine.artefacts import Artefact
from onloop.machine.links import Source
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.task import Task
from onloop.records import replace
from onloop.schedules.firings import DueFiring
from onloop.schedules.pinned_beginnings import kept_fleet, kept_workflow
from onloop.views.given_files import BRIEF
from onloop.views.queries.reads import ReadTask

CLOCK = Principal(PrincipalKind.INTEGRATION, "schedule")
"""Who begins what a schedule says."""


def begin(opened: GatewayHandle, due: DueFiring) -> Task:
    """Begin what the firing says, or find what an earlier try has begun; an error says why it cannot."""
    known = _begun(opened, due)
    if known is not None:
        return known
    try:
        return _fleet(opened, due) if due.schedule.begins.fleet else _run(opened, due)
    except BadInput:
        known = _begun(opened, due)  # somebody else's try may have been quicker
        if known is None:
            raise
        return known


def _begun(opened: GatewayHandle, due: DueFiring) -> Task | None:
    return opened.gateway.perform(ReadTask(due.run))


def _run(opened: GatewayHandle, due: DueFiring) -> Task:
    begins = due.schedule.begins
    target = RunTarget(begins.repo, begins.origin, begins.branch or None)
    workflow = kept_workflow(opened, begins)
    _check(opened, workflow, target)
    given = _given(opened, due)
    title = begins.title or workflow.definition.description or workflow.definition.name
    return start_run(
        opened, CLOCK, workflow, target, title, check_base=True, given=given, run=due.run, source=_source(due)
    )


def _source(due: DueFiring) -> Source:
    return Source("schedule", due.schedule.name, title=f"{due.schedule.cron} in {due.schedule.zone}")


def _check(opened: GatewayHandle, workflow: Workflow, *targets: RunTarget) -> tuple[RunTarget, ...]:
    """The targets in which work can begin; an error says what is wrong where there is none."""
    looks = preflight(targets, opened.mirror, wants_of(workflow.definition))
    ready = tuple(look.target for look in looks if not look.stops)
    if not ready:
        trouble = next(trouble for look in looks for trouble in look.troubles if trouble.stops)
        raise Unavailable(trouble.what, hint=trouble.works)
    return ready


def _given(opened: GatewayHandle, due: DueFiring) -> Attached:
    begins = due.schedule.begins
    labels = (*begins.labels, f"schedule:{due.schedule.name}")
    if not begins.brief:
        return Attached((), labels)
    content = begins.brief.encode()
    digest = opened.gateway.perform(KeepContent(content))
    return Attached((Artefact(BRIEF, digest, len(content)),), labels)


def _fleet(opened: GatewayHandle, due: DueFiring) -> Task:
    begins = due.schedule.begins
    part, listed = kept_fleet(opened, begins)
    workflow = kept_workflow(opened, begins)
    targets = _check(opened, workflow, *listed)
    order, given = order_in(part), _given(opened, due)
    title = begins.title or order.title or workflow.definition.description or workflow.definition.name
    given = replace(given, labels=tuple(dict.fromkeys((*order.given.labels, *given.labels))))
    order = replace(order, title=title, check_base=True, given=given)
    return start_fleet(opened, CLOCK, workflow, targets, order, run=due.run, source=_source(due))
