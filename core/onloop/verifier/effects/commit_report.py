"""What is said of the work's commit: a status, or a check run, one of each name; neither needs anything verified."""

from __future__ import annotations

from onloop.forges.port import CheckRun
from onloop.machine.effect_specs import OWN_CHECK, CheckRunSpec, StatusSpec, is_own_check
from onloop.machine.events import EffectProblem
from onloop.machine.links import LinkKind
from onloop.machine.task import Task
from onloop.text import safe
from onloop.verifier.effects.outside_deed import CannotBeDone, OutsideDeed


def status(deed: OutsideDeed, spec: StatusSpec) -> str:
    """Carry out the effect; the answer says how it ended."""
    head, context = deed.submission.head, spec.context or f"{OWN_CHECK}/{deed.step.id}"
    _check_name(context)
    deed.begin(head, head)
    known = [each for each in deed.forge.statuses(deed.repo, head) if each.context.casefold() == context.casefold()]
    us = deed.forge.identity(deed.repo).author
    said = spec.description or _words(deed.task)
    if not any(each.state == "success" and each.creator.login.lower() == us for each in known):
        deed.check_may_act()
        deed.forge.set_status(deed.repo, sha=head, context=context, state="success", description=said)
    return deed.done(head, f"status {context} of {head[:12]}")


def check_run(deed: OutsideDeed, spec: CheckRunSpec) -> str:
    """Carry out the effect; the answer says how it ended."""
    head = deed.submission.head
    _check_name(spec.name)
    deed.begin(head, head)
    run = own_run(deed, spec.name, head, deed.key)
    title = spec.title or _words(deed.task)
    if run is None:
        deed.check_may_act()
        run = deed.forge.create_check_run(
            deed.repo,
            name=spec.name,
            sha=head,
            external_id=deed.key,
            status="completed",
            conclusion="success",
            title=title,
            summary=title,
        )
    elif (run.status, run.conclusion, run.title) != ("completed", "success", title):
        deed.check_may_act()
        deed.forge.update_check_run(deed.repo, run.id, status="completed", conclusion="success", title=title)
    deed.link(LinkKind.CHECK_RUN, run.id, run.url)
    return deed.done(head, f"check run {spec.name} of {head[:12]}")


def _check_name(name: str) -> None:
    """CannotBeDone where a forge would take it for the own check, which no step may forge: it opens branches."""
    if is_own_check(name):
        words = f"{name} is the gateway's own check, which no step says; call it {OWN_CHECK}/…"
        raise CannotBeDone(EffectProblem.REFUSED, words)


def own_run(deed: OutsideDeed, name: str, sha: str, key: str) -> CheckRun | None:
    """Our check run of that name and key on a commit: what other apps say under our name is not ours."""
    named = [run for run in deed.forge.check_runs(deed.repo, sha) if (run.name, run.external_id) == (name, key)]
    if not named:
        return None
    app = deed.forge.identity(deed.repo).app_id
    return next((run for run in named if app is None or run.app_id == app), None)


def _words(task: Task) -> str:
    return safe(f"onloop task {task.id}: its gates passed up to {task.step}", 140)
