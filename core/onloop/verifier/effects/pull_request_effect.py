"""One pull request for a task: found by its number or by the task's branch, opened once, then kept up to date."""

from __future__ import annotations

from onloop.forges.port import ForgeRefused, PullRequest, PullState
from onloop.machine.effect_specs import PullRequestSpec
from onloop.machine.events import EffectProblem
from onloop.machine.links import LinkKind
from onloop.text import safe
from onloop.verifier.effects.branch_effect import put_own_branch
from onloop.verifier.effects.outside_deed import CannotBeDone, OutsideDeed, is_refusal
from onloop.verifier.effects.proof_text import proof_of, title_of

LONGEST_WORDS = 300


def pull_request(deed: OutsideDeed, spec: PullRequestSpec) -> str:
    """Carry out the effect; the answer says how it ended."""
    pull = ensured(deed, spec)
    if pull.state is PullState.MERGED:
        return deed.done(deed.submission.head, f"pull request #{pull.number} is merged already")
    _put_labels(deed, spec, pull)
    _ask_reviewers(deed, spec, pull)
    return deed.done(deed.submission.head, f"pull request #{pull.number} shows {deed.submission.head[:12]}")


def ensured(deed: OutsideDeed, spec: PullRequestSpec) -> PullRequest:
    """The task's pull request, which shows exactly the work: found, else opened.

    CannotBeDone if people closed it or pointed it at another branch, or if it is somebody else's with another commit.
    """
    pull = found(deed)
    if pull is not None:
        check_goes_to_target(deed, pull)
    if pull is not None and pull.state is PullState.CLOSED:
        raise CannotBeDone(EffectProblem.CLOSED, closed_words(pull))
    if pull is not None and (pull.state is PullState.MERGED or not is_ours(deed, pull)):
        if pull.head_sha != deed.submission.head:  # before the intent: what is never pushed must not count as pushed
            raise CannotBeDone(EffectProblem.CHANGED, other_head_words(deed, pull))
        deed.begin(pull.head_sha, deed.submission.head)
    else:
        put_own_branch(deed)
        pull = _shown(deed, spec, pull)
    deed.link(LinkKind.PULL_REQUEST, pull.number, pull.url)
    return pull


def found(deed: OutsideDeed) -> PullRequest | None:
    """The task's pull request: the linked one, else the open one from its branch, else the newest that ended."""
    link = deed.linked(LinkKind.PULL_REQUEST)
    if link is not None:
        return deed.forge.pull_request(deed.repo, link.number)
    mine = [
        pull
        for pull in deed.forge.pull_requests(deed.repo, head=deed.branch, state="all")
        if is_ours(deed, pull) and pull.base_ref == deed.task.target
    ]
    still_open = [pull for pull in mine if pull.state is PullState.OPEN]
    return max(still_open or mine, key=lambda pull: pull.number, default=None)


def is_ours(deed: OutsideDeed, pull: PullRequest) -> bool:
    """Whether it is from the task's own branch in the same repository, and not from a fork's of the same name."""
    same = pull.head_repository.lower() == deed.repo.words.lower()
    return same and pull.head_ref == deed.branch


def check_goes_to_target(deed: OutsideDeed, pull: PullRequest) -> None:
    """CannotBeDone if it is for another branch than the task's target: whoever may edit it can point it elsewhere."""
    if pull.base_ref == deed.task.target or pull.state is PullState.CLOSED:
        return
    is_past = pull.state is PullState.MERGED
    words = f"pull request #{pull.number} {'was merged into' if is_past else 'is for'} {safe(pull.base_ref, 100)}"
    what_works = "bring the work there yourself" if is_past else "point it there again"
    raise CannotBeDone(
        EffectProblem.CHANGED, f"{words}, and the task's target is {deed.task.target}; {what_works}, then retry"
    )


def closed_words(pull: PullRequest) -> str:
    """That people closed it."""
    return f"pull request #{pull.number} was closed without being merged"


def other_head_words(deed: OutsideDeed, pull: PullRequest) -> str:
    """That it shows another commit than the work."""
    return f"pull request #{pull.number} shows {pull.head_sha[:12]}, and the work is {deed.submission.head[:12]}"


def _shown(deed: OutsideDeed, spec: PullRequestSpec, pull: PullRequest | None) -> PullRequest:
    """Opened, or brought up to date."""
    title = title_of(deed.text(spec.title) if spec.title else deed.task.title)
    body = proof_of(deed.task, deed.submission, deed.definition, deed.task.id)
    if pull is None:
        return _opened(deed, title, body, draft=spec.draft)
    if (pull.title, pull.body.strip()) == (title, body.strip()):
        return pull
    deed.check_may_act()
    return deed.forge.update_pull_request(deed.repo, pull.number, title=title, body=body)


def _opened(deed: OutsideDeed, title: str, body: str, *, draft: bool) -> PullRequest:
    deed.check_may_act()
    try:
        return deed.forge.open_pull_request(
            deed.repo, head=deed.branch, base=deed.task.target, title=title, body=body, draft=draft
        )
    except ForgeRefused as no:
        known = found(deed) if is_refusal(no, 422) else None  # opened a moment ago, and the answer was lost
        if known is None or known.state is not PullState.OPEN:
            raise
        return known


def _put_labels(deed: OutsideDeed, spec: PullRequestSpec, pull: PullRequest) -> None:
    missing = [label for label in spec.labels if label not in pull.labels]
    if missing:
        deed.check_may_act()
        deed.forge.add_labels(deed.repo, pull.number, missing)


def _ask_reviewers(deed: OutsideDeed, spec: PullRequestSpec, pull: PullRequest) -> None:
    """Ask once: who was asked when the pull request was opened is not asked again at every new commit."""
    if not spec.reviewers or deed.task.visits.get(deed.step.id, 0) > 1:
        return
    deed.check_may_act()
    logins = [name for name in spec.reviewers if "/" not in name and name != pull.author.login]
    teams = [name.partition("/")[2] for name in spec.reviewers if "/" in name]
    deed.forge.request_reviewers(deed.repo, pull.number, logins=logins, teams=teams)
