"""Chooses the effect on a forge by its kind."""

from __future__ import annotations

from onloop.access.submission import hold_again
from onloop.gates.repository.mirror import Mirror
from onloop.machine import effect_specs as s
from onloop.machine.task import Outbox, Submission, Task
from onloop.records import Record
from onloop.verifier.effects.branch_effect import push_branch
from onloop.verifier.effects.comment_effect import comment
from onloop.verifier.effects.commit_report import check_run, status
from onloop.verifier.effects.dispatch_effect import dispatch
from onloop.verifier.effects.outside_deed import FindForge, ForgePlace, OutsideDeed, step_of
from onloop.verifier.effects.pull_request_effect import pull_request
from onloop.verifier.effects.recorder import EffectRecorder
from onloop.verifier.effects.tag_effect import release_tag


class ForgeEffects(Record):
    """Everything that an effect changes on a forge; `find_forge` says which one a task's origin is on."""

    recorder: EffectRecorder
    find_forge: FindForge

    def deed(self, task: Task, effect: Outbox, submission: Submission, mirror: Mirror) -> OutsideDeed:
        """What the effect under way is about."""
        step, definition = step_of(self.recorder, task)
        found: list[ForgePlace] = []

        def place() -> ForgePlace:
            if not found:
                found.append(self.find_forge(self.recorder.opened, task))
            return found[0]

        return OutsideDeed(self.recorder, task, effect, submission, mirror, step, definition, place)

    def carry_out(self, task: Task, effect: Outbox, submission: Submission, mirror: Mirror) -> str:
        """Begin the effect, or finish one whose intent is recorded; the answer says how it ended."""
        hold_again(self.recorder.opened, task)
        deed = self.deed(task, effect, submission, mirror)
        match deed.step.effect_spec:
            case s.PullRequestSpec() as spec:
                return pull_request(deed, spec)
            case s.CommentSpec() as spec:
                return comment(deed, spec)
            case s.StatusSpec() as spec:
                return status(deed, spec)
            case s.CheckRunSpec() as spec:
                return check_run(deed, spec)
            case s.ReleaseTagSpec() as spec:
                return release_tag(deed, spec)
            case s.DispatchSpec() as spec:
                return dispatch(deed, spec)
            case _:
                return push_branch(deed)
