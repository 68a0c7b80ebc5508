"""Asks a forge what a gate demands of one commit, and says what the answer means."""

from __future__ import annotations

from collections.abc import Iterable

from onloop.forges.forge_errors import ForgeRefused
from onloop.forges.forge_records import (
    CheckRun,
    CommitStatus,
    Person,
    PullRequest,
    PullState,
    RepositoryName,
    Review,
    ReviewState,
)
from onloop.forges.outside_answer import Meant, OutsideAnswer, together
from onloop.forges.port import Forge
from onloop.machine.outside_gates import CheckDemand, ForgeGate, ReviewDemand, StatusDemand

FAILED = frozenset({"failure", "timed_out", "startup_failure"})
"""Conclusions that say something against the work; what was cancelled, skipped or is neutral says nothing."""
_WRITERS = frozenset({"admin", "maintain", "write"})


def ask_forge(
    forge: Forge, repo: RepositoryName, gate: ForgeGate, commit: str, base: str = "", linked: int = 0
) -> OutsideAnswer:
    """What the forge says of a commit. ForgeTrouble or ForgeRefused where it says nothing.

    Reviews are read of pull requests to `base` alone (of all if it is empty), of the `linked` one first.
    """
    try:
        runs = forge.check_runs(repo, commit) if gate.checks else ()
        statuses = forge.statuses(repo, commit) if gate.statuses else ()
    except ForgeRefused as no:
        if no.status != 422:
            raise
        return OutsideAnswer(Meant.NOT_YET, f"{repo.words} does not have {commit[:12]} yet")
    answers = [_checked(demand, runs) for demand in gate.checks]
    answers += [_stated(demand, statuses) for demand in gate.statuses]
    if gate.reviews is not None:
        pulls = _pulls(forge, repo, commit, base, linked)
        if pulls:
            answers.append(_reviewed(forge, repo, gate.reviews, commit, pulls, linked))
        else:
            words = f"no pull request of {repo.words}{f' to {base}' if base else ''} has {commit[:12]} as its head"
            answers.append(OutsideAnswer(Meant.NOT_YET, words))
    return together(tuple(answers))


def is_of(person: Person, named: Iterable[str]) -> bool:
    """Whether an account is one of those that are named, by its login or as `id:NUMBER`."""
    return any(name.casefold() == person.login.casefold() or name == f"id:{person.id}" for name in named)


def _checked(demand: CheckDemand, runs: tuple[CheckRun, ...]) -> OutsideAnswer:
    named = [run for run in runs if run.name == demand.name]
    own = [run for run in named if demand.app in {run.app_slug, str(run.app_id)}]
    if not own:
        others = ", ".join(sorted({run.app_slug for run in named}))
        beside = f" ({others} says something under that name, which does not count)" if others else ""
        return OutsideAnswer(Meant.NOT_YET, f"{demand.app} has said nothing of {demand.name}{beside}")
    run = max(own, key=lambda each: each.id)
    if run.status != "completed":
        return OutsideAnswer(Meant.NOT_YET, f"{run.name} is {run.status.replace('_', ' ')}")
    if run.conclusion == "success":
        return OutsideAnswer(Meant.YES, f"{run.name} succeeded ({run.app_slug})")
    about = f": {run.title}" if run.title else ""
    where = f" ({run.url})" if run.url else ""
    said = Meant.NO if run.conclusion in FAILED else Meant.NOT_YET
    return OutsideAnswer(said, f"{run.name} ended as {run.conclusion.replace('_', ' ')}{about}{where}")


def _stated(demand: StatusDemand, statuses: tuple[CommitStatus, ...]) -> OutsideAnswer:
    found = next((each for each in statuses if each.context == demand.context), None)
    if found is None:
        return OutsideAnswer(Meant.NOT_YET, f"nobody has set {demand.context}")
    if not is_of(found.creator, demand.by):
        return OutsideAnswer(Meant.NOT_YET, f"{demand.context} was set by {found.creator.login}, who may not")
    said = {"success": Meant.YES, "failure": Meant.NO, "error": Meant.NO}.get(found.state, Meant.NOT_YET)
    return OutsideAnswer(said, f"{demand.context} is {found.state}")


def _pulls(forge: Forge, repo: RepositoryName, commit: str, base: str, linked: int) -> tuple[PullRequest, ...]:
    """Those whose head is the commit and that are for the base; what is said of another base says nothing here."""
    found = (each for each in forge.pull_requests_with(repo, commit) if each.state is not PullState.CLOSED)
    own = (each for each in found if each.head_sha == commit and base in {"", each.base_ref})
    return tuple(sorted(own, key=lambda each: (each.number != linked, each.number)))


def _reviewed(
    forge: Forge,
    repo: RepositoryName,
    demand: ReviewDemand,
    commit: str,
    pulls: tuple[PullRequest, ...],
    linked: int,
) -> OutsideAnswer:
    """Changes asked for on any of the pull requests say no; if one is linked, approvals count there alone."""
    authors = {each.author.id for each in pulls}
    told = [(pull, _newest(forge, repo, demand, pull, authors)) for pull in pulls]
    for pull, reviews in told:
        against = next((each for each in reviews if each.state is ReviewState.CHANGES_REQUESTED), None)
        if against is not None:
            return OutsideAnswer(Meant.NO, f"{against.author.login} asks for changes in #{pull.number}")
    counted = told[:1] if pulls[0].number == linked else told
    found = (each for _, reviews in counted for each in reviews if each.state is ReviewState.APPROVED)
    yes = {each.author.id: each.author.login for each in found if each.commit_sha == commit}
    who = f" ({', '.join(yes.values())})" if yes else ""
    words = f"{len(yes)} of {demand.count} reviews approve this commit of #{pulls[0].number}{who}"
    return OutsideAnswer(Meant.YES if len(yes) >= demand.count else Meant.NOT_YET, words)


def _newest(
    forge: Forge, repo: RepositoryName, demand: ReviewDemand, pull: PullRequest, authors: set[int]
) -> tuple[Review, ...]:
    """What everybody who counts said last of a pull request; whoever opened one of them does not."""
    newest: dict[int, Review] = {}
    for review in forge.reviews(repo, pull.number):
        if review.state in {ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED, ReviewState.DISMISSED}:
            newest[review.author.id] = review
    return tuple(
        each for each in newest.values() if each.author.id not in authors and _counts(forge, repo, demand, each)
    )


def _counts(forge: Forge, repo: RepositoryName, demand: ReviewDemand, review: Review) -> bool:
    if demand.by:
        return is_of(review.author, demand.by)
    return forge.collaborator_permission(repo, review.author.login) in _WRITERS
