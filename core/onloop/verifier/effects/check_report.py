"""The gateway's own check run: one on each head of a task's pull request, kept up to date, never a second one."""

from __future__ import annotations

from onloop.errors import FailureKind
from onloop.forges.port import ForgeRefused, ForgeTrouble
from onloop.gateway.jobs import PerformJob, PutOffJob
from onloop.machine.commands import RecordLink, ReportCheck
from onloop.machine.effect_specs import OWN_CHECK
from onloop.machine.forge_check import CheckStanding, OwnCheck
from onloop.machine.links import Link, LinkKind
from onloop.machine.own_check import due_check
from onloop.machine.principal import EFFECTS
from onloop.machine.task import Task
from onloop.records import Record
from onloop.store.rows import Job
from onloop.text import safe
from onloop.verifier.effects.outside_deed import CannotBeDone, FindForge, ForgePlace, is_refusal
from onloop.verifier.effects.recorder import EffectRecorder

PAUSE_MS = 20_000
"""How long a forge that was not reached is left alone."""

REFUSED_PAUSE_MS = 60_000
"""How long a forge is left alone that refuses to take a success back, or to show one."""

LONG_PAUSE_MS = 600_000
"""The same once the task has ended."""

_AS_RUN = "check run"
_STATES = {CheckStanding.SUCCESS: "success", CheckStanding.FAILURE: "failure"}


class CheckReport(Record):
    """Has the forge show how a task stands, for the verifier that has leased the job."""

    recorder: EffectRecorder
    find_forge: FindForge
    job: Job

    def carry_out(self, task: Task) -> str:
        """Show it as a check run, or as a status to a forge that lets no app of ours speak; then record that."""
        check = due_check(task)
        if check is None:
            return "is no longer needed"
        try:
            how = self._shown(task, check)
        except ForgeTrouble as trouble:
            return self._put_off(trouble.message, PAUSE_MS, trouble.until)
        except (CannotBeDone, ForgeRefused) as no:
            if _matters(task, check):
                return self._put_off(no.message, LONG_PAUSE_MS if task.ended else REFUSED_PAUSE_MS)
            how = f"refused: {no.message}"
        self.recorder.opened.gateway.perform(PerformJob(EFFECTS, self.job, ReportCheck(check, safe(how, 300))))
        return f"{'not ' if how.startswith('refused') else ''}shown: {check.standing.value} on {check.head[:12]}"

    def _put_off(self, words: str, pause_ms: int, until: int | None = None) -> str:
        gateway = self.recorder.opened.gateway
        gateway.perform(PutOffJob(self.job, max(until or 0, gateway.clock() + pause_ms)))
        return f"left for later: {words}"

    def _shown(self, task: Task, check: OwnCheck) -> str:
        try:
            place = self.find_forge(self.recorder.opened, task)
            self._check_lease(task)
            if self._is_changed(place, task, check):
                return _AS_RUN
            app = place.forge.identity(place.repo).app_id
            return self._as_status(place, task, check) if app is None else self._as_run(place, task, check, app)
        except ForgeRefused as no:
            if no.kind is FailureKind.AUTH:
                raise ForgeTrouble(no.message, hint=no.hint or "look at the token") from no
            raise

    def _is_changed(self, place: ForgePlace, task: Task, check: OwnCheck) -> bool:
        """Whether the run that is known of this head says it now; a run that is gone is looked for, or made, anew."""
        runs = (link for link in reversed(task.links) if link.kind is LinkKind.CHECK_RUN and link.name == check.head)
        known = next((link.number for link in runs), 0)
        try:
            if known:
                place.forge.update_check_run(place.repo, known, **_said(task, check))
        except ForgeRefused as no:
            if not is_refusal(no, 404, 410):
                raise
            return False
        return known > 0

    def _check_lease(self, task: Task) -> None:
        with self.recorder.opened.gateway.store.reading() as reading:
            self.recorder.check_lease(reading, task)

    def _as_status(self, place: ForgePlace, task: Task, check: OwnCheck) -> str:
        state = _STATES.get(check.standing, "pending")
        place.forge.set_status(
            place.repo, sha=check.head, context=OWN_CHECK, state=state, description=_title(task, check)
        )
        return "status"

    def _as_run(self, place: ForgePlace, task: Task, check: OwnCheck, app: int) -> str:
        """Found, where a killed verifier of ours made it, else made; and linked, so that it is only changed later."""
        runs, key = place.forge.check_runs(place.repo, check.head), (OWN_CHECK, task.id, app)
        run = next((run for run in runs if (run.name, run.external_id, run.app_id) == key), None)
        said = _said(task, check)
        if run is not None:
            place.forge.update_check_run(place.repo, run.id, **said)
        else:
            named = {"name": OWN_CHECK, "sha": check.head, "external_id": task.id}
            run = place.forge.create_check_run(place.repo, **named, **said)
        if not task.ended:
            where = (place.repo.host, place.repo.words, run.id, safe(run.url, 4_000))
            link = RecordLink(Link(LinkKind.CHECK_RUN, *where, name=check.head))
            self.recorder.opened.gateway.perform(PerformJob(EFFECTS, self.job, link))
        return _AS_RUN


def _matters(task: Task, check: OwnCheck) -> bool:
    """Whether a refusal leaves the forge saying success, or a merge waiting for one: then it is no answer."""
    shown = task.reported
    stays = shown is not None and shown.head == check.head and shown.standing is CheckStanding.SUCCESS
    return stays or (check.standing is CheckStanding.SUCCESS and not task.ended)


def _said(task: Task, check: OwnCheck) -> dict[str, str]:
    is_over = check.standing in {CheckStanding.SUCCESS, CheckStanding.FAILURE, CheckStanding.ACTION_REQUIRED}
    conclusion = {"conclusion": check.standing.value} if is_over else {}
    title = _title(task, check)
    summary = f"onloop task `{task.id}`: {title}. Look there: `onloop show {task.id}`"
    return {
        "status": "completed" if is_over else check.standing.value,
        "title": title,
        "summary": summary,
        **conclusion,
    }


def _title(task: Task, check: OwnCheck) -> str:
    """In the gateway's own words only: nothing that an agent or a command said."""
    words = {
        CheckStanding.QUEUED: "waits for somebody to take it",
        CheckStanding.IN_PROGRESS: "is being worked on or verified",
        CheckStanding.ACTION_REQUIRED: "needs a person",
        CheckStanding.SUCCESS: "every gate is satisfied on this commit",
        CheckStanding.FAILURE: f"ended as {task.state.value}",
    }
    return f"{task.id} {words[check.standing]}"[:140]
