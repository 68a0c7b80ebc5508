"""The merge that the forge carries out: of exactly the approved head, by its own rules, and read back from it."""

from __future__ import annotations

from onloop.forges.port import ForgeRefused, PullRequest, PullState
from onloop.machine.effect_specs import OWN_CHECK, MergeSpec, PullRequestSpec
from onloop.machine.events import EffectProblem
from onloop.machine.forge_check import CheckStanding
from onloop.machine.own_check import own_check
from onloop.machine.task import Outbox
from onloop.records import replace
from onloop.text import safe
from onloop.verifier.effects.merge_queue import Vouch, answer_queue
from onloop.verifier.effects.outside_deed import Awaited, CannotBeDone, OutsideDeed, is_refusal
from onloop.verifier.effects.pull_request_effect import (
    check_goes_to_target,
    closed_words,
    ensured,
    found,
    other_head_words,
)

PATIENCE_MS = 1_800_000
"""How long the forge may say that its rules are not met before a person is asked."""


def ended_elsewhere(deed: OutsideDeed) -> str | None:
    """What became of the task's pull request without us, recorded: merged with our head → done; None while it is open.

    CannotBeDone if people closed it, or merged another commit than ours, or merged it into another branch.
    """
    pull = found(deed)
    if pull is None or pull.state is PullState.OPEN:
        return None
    if pull.state is PullState.CLOSED:
        raise CannotBeDone(EffectProblem.CLOSED, closed_words(pull))
    return _merged(deed, pull)


def merge_by_forge(deed: OutsideDeed, spec: MergeSpec, tip: str, message: str, vouch: Vouch) -> str | None:
    """Have the forge merge the task's pull request, once it shows our check; the answer says how it ended.

    None if the target is not at `tip` any more, on which the work was looked at.
    """
    head = deed.submission.head
    if deed.effect.expected != tip:  # no intent is recorded, or one that names another tip
        deed = replace(deed, effect=Outbox(deed.effect.id, deed.effect.kind))
    deed.begin(tip, head)
    deed = replace(deed, effect=Outbox(deed.effect.id, deed.effect.kind, tip, head))
    pull = ensured(deed, _wanted(deed))
    if pull.state is PullState.MERGED:
        return _merged(deed, pull)
    if pull.head_sha != head:
        raise CannotBeDone(EffectProblem.CHANGED, other_head_words(deed, pull))
    _wait_for_own_check(deed)
    _check_unchanged(deed, pull)
    if spec.auto:
        _leave_to_the_forge(deed, spec, pull, vouch)
    elif deed.mirror.refresh(deed.task.target) != tip:
        return None
    merged = _asked_to_merge(deed, spec, pull, message)
    deed.recorder.reached("moved")
    _check_in_target(deed, pull.number, merged)
    if not spec.auto and (problem := vouch(merged)):
        words = f"{deed.task.target} moved just as #{pull.number} was merged as {merged[:12]}, and there: {problem}"
        raise CannotBeDone(EffectProblem.CHANGED, safe(words, 500))
    return deed.done(merged, f"pull request #{pull.number} is merged as {merged[:12]}")


def _asked_to_merge(deed: OutsideDeed, spec: MergeSpec, pull: PullRequest, message: str) -> str:
    """The commit that the forge made of exactly the approved head."""
    title, _, body = message.partition("\n\n")
    deed.check_may_act()
    try:
        return deed.forge.merge_pull_request(
            deed.repo, pull.number, sha=deed.submission.head, method=spec.style.value, title=title, message=body
        )
    except ForgeRefused as no:
        raise _unmergeable(deed, pull, no) from no


def _check_unchanged(deed: OutsideDeed, known: PullRequest) -> None:
    """Right before the forge is asked to merge, it still shows the work and is for the task's target."""
    pull = deed.forge.pull_request(deed.repo, known.number)
    check_goes_to_target(deed, pull)
    if pull.head_sha != deed.submission.head:
        raise CannotBeDone(EffectProblem.CHANGED, other_head_words(deed, pull))


def _leave_to_the_forge(deed: OutsideDeed, spec: MergeSpec, pull: PullRequest, vouch: Vouch) -> None:
    """Have the forge merge it by itself, and wait; returns where its rules are met already, so that we may ask."""
    _check_rules(deed)
    answer_queue(deed, pull, vouch)
    deed.check_may_act()
    try:
        deed.forge.enable_auto_merge(deed.repo, pull.number, method=spec.style.value, sha=deed.submission.head)
    except ForgeRefused as no:
        if "clean" in no.message.lower():
            return
        raise
    raise Awaited(f"pull request #{pull.number} is merged by the forge once its rules are met", hint="nothing to do")


def _wanted(deed: OutsideDeed) -> PullRequestSpec:
    """The pull request as an earlier step of the workflow wants it."""
    specs = (step.effect_spec for step in deed.definition.steps)
    return next((spec for spec in specs if isinstance(spec, PullRequestSpec)), PullRequestSpec())


def _merged(deed: OutsideDeed, pull: PullRequest) -> str:
    check_goes_to_target(deed, pull)
    if pull.head_sha != deed.submission.head or not pull.merged_sha:
        words = f"pull request #{pull.number} was merged with {pull.head_sha[:12]}, and the work is "
        raise CannotBeDone(EffectProblem.CHANGED, f"{words}{deed.submission.head[:12]}")
    _check_in_target(deed, pull.number, pull.merged_sha)
    return deed.done(pull.merged_sha, f"pull request #{pull.number} was merged as {pull.merged_sha[:12]}")


def _check_in_target(deed: OutsideDeed, number: int, merged: str) -> None:
    """The target holds what the forge names as merged; it may show that a moment later, and else a person is asked."""
    tip = deed.mirror.refresh(deed.task.target)
    if deed.mirror.has(merged) and deed.mirror.is_ancestor(merged, tip):
        return
    words = f"pull request #{number} was merged as {merged[:12]}, and {deed.task.target} at {tip[:12]} lacks it"
    _check_patience(deed, EffectProblem.CHANGED, words)
    raise Awaited(words, hint="nothing to do: it is looked at again by itself")


def _check_patience(deed: OutsideDeed, problem: EffectProblem, words: str) -> None:
    """CannotBeDone where that has been waited for long enough."""
    setback, now = deed.task.setback, deed.recorder.opened.gateway.clock()
    if setback is not None and now - setback.since > PATIENCE_MS:
        raise CannotBeDone(problem, words)


def _wait_for_own_check(deed: OutsideDeed) -> None:
    """Our check says yes on this head before the forge is asked to merge, which may demand it."""
    with deed.recorder.opened.gateway.store.reading() as reading:
        now = reading.task(deed.task.id)
    if now is None or now.reported is None or now.reported != own_check(now):
        raise Awaited("the forge does not show our check yet", hint="nothing to do: it is shown in a moment")
    if now.reported.standing is not CheckStanding.SUCCESS:
        raise CannotBeDone(EffectProblem.CHANGED, f"our check says {now.reported.standing.value} of this commit")


def _check_rules(deed: OutsideDeed) -> None:
    """Let the forge merge by itself only where it must wait for our check, and merges nothing that was not looked at.

    Our check is said by our app or account; the pull request has the newest target, or a queue merges, which we answer.
    """
    rules = deed.forge.branch_rules(deed.repo, deed.task.target)
    app = deed.forge.identity(deed.repo).app_id
    ours = [check for check in rules.required_checks if check.name == OWN_CHECK]
    place = f"{deed.task.target} of {deed.repo.words}"
    if app is None:  # anybody who may write there sets a status of that name
        words = "the gateway has a token and no app at the forge, and so its check is not told from anybody's status"
    elif not any(check.app_id == app for check in ours):
        words = f"{place} does not require the check {OWN_CHECK} of this gateway"
    elif not (rules.up_to_date or rules.merge_queue):
        words = f"{place} has no merge queue and does not require pull requests to be up to date"
    else:
        return
    raise CannotBeDone(
        EffectProblem.REFUSED, f"{words}, so the forge may not merge by itself; put that right, or drop auto"
    )


def _unmergeable(deed: OutsideDeed, pull: PullRequest, no: ForgeRefused) -> Exception:
    """Another head is there → changed; rules that are not met → waited for, and then a person's."""
    if is_refusal(no, 409):
        return CannotBeDone(EffectProblem.CHANGED, f"pull request #{pull.number} moved: {safe(no.message, 300)}")
    if not is_refusal(no, 405):
        return no
    words = f"the forge does not merge #{pull.number} yet: {safe(no.message, 200)}"
    _check_patience(deed, EffectProblem.REFUSED, words)
    return Awaited(words, hint="nothing to do: it is tried again by itself")
