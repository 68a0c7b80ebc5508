"""A pull request whose head is a task's work: what is new is fetched, what was said is heard, its end is recorded."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import TypeVar

from onloop.access.elsewhere.accounts_outside import AccountsOutside
from onloop.access.elsewhere.adopted_work import adopt_work, ended_there
from onloop.access.elsewhere.foreign_words import one_line
from onloop.access.elsewhere.pull_feedback import PullTalk, to_hear, verdicts
from onloop.access.opening import GatewayHandle
from onloop.access.submission import task_of
from onloop.errors import BadInput, Exit, OnloopError, Refused, Stale
from onloop.forges.port import Forge, ForgeRefused, PullRequest, PullState, RepositoryName
from onloop.gateway.command_operations import PerformCommand
from onloop.machine.elsewhere import EndElsewhere, Hear, PlaceEnd
from onloop.machine.links import Link, LinkKind, RecordLink
from onloop.machine.principal import Principal, integration
from onloop.machine.rules.waiting_elsewhere import is_put_to_people
from onloop.machine.task import Task
from onloop.machine.work_elsewhere import PlaceKind, WorkPlace
from onloop.records import MutableRecord, Record, field, replace

S = TypeVar("S")


class ForgeView(Record):
    """A forge as we see it: what is asked there, whose accounts are whose, and under which login we speak."""

    forge: Forge
    host: str
    accounts: AccountsOutside
    us: str = ""

    @property
    def principal(self) -> Principal:
        """Who brings what comes from there."""
        return integration(self.host)


class SeenThere(MutableRecord):
    """What was seen of a pull request by one process: it is a reason not to ask again, and nothing else."""

    updated_at: int = -1
    settled: str = ""
    """The commit whose checks have all answered."""
    told: str = ""
    """What our comment there said last."""
    head: str = field(default="")
    reviews: int = -1
    us: str = ""
    """Our own login there, as `asked` said."""
    troubles: list[str] = field(default_factory=list)
    """What was found wrong and passed over, for whoever looks to say."""
    asked: Forge | None = None


def pull_place(view: ForgeView, repo: RepositoryName, pull: PullRequest, step: str) -> WorkPlace:
    """A pull request as the place where the work of `step` is made."""
    person = view.accounts.owner(view.host, pull.author)
    return WorkPlace(
        PlaceKind.PULL_REQUEST,
        step,
        f"refs/pull/{pull.number:d}/head",
        person or f"integration:{view.host}/{one_line(pull.author.login, 80)}",
        host=view.host,
        repository=repo.words,
        number=pull.number,
        author=one_line(pull.author.login, 100),
        url=one_line(pull.url, 500),
    )


def place_repository(place: WorkPlace) -> RepositoryName:
    """The repository that a pull request is for."""
    owner, _, name = place.repository.partition("/")
    return RepositoryName(place.host, owner, name)


def look_at_pull_request(opened: GatewayHandle, task: Task, view: ForgeView, seen: SeenThere) -> Task:
    """Bring in what is new of the pull request: commits, what enrolled people said, failed checks, its end.

    A pull request that cannot be found is lost: a person is asked. Trouble of the forge is raised, and says nothing.
    """
    place = task.elsewhere
    if place is None or task.ended:
        return task
    repo, by = place_repository(place), view.principal
    try:
        pull = view.forge.pull_request(repo, place.number)
    except ForgeRefused as no:
        if no.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            raise
        words = f"{view.host} has no {place.words} for our token ({no.status})"
        return ended_there(opened, task, by, EndElsewhere(by.id, PlaceEnd.LOST, words))
    if pull.state is not PullState.OPEN:
        return _ended(opened, task, by, pull)
    task = _linked(opened, task, by, place)
    is_new = task.submission is None or task.submission.head != pull.head_sha or place.lost
    if is_new and not is_put_to_people(task):  # else it is fetched when they have answered
        task = adopt_work(opened, task, pull_place(view, repo, pull, place.step), by)
    return listen(opened, task, view, repo, pull, seen)


def _linked(opened: GatewayHandle, task: Task, by: Principal, place: WorkPlace) -> Task:
    """The task, to which the pull request belongs from now on; Refused where it is another live task's."""
    link = Link(LinkKind.PULL_REQUEST, place.host, place.repository, place.number, place.url)
    if any(each.key == link.key for each in task.links):
        return task
    return opened.gateway.perform(PerformCommand(by, task.id, RecordLink(link)))


def _ended(opened: GatewayHandle, task: Task, by: Principal, pull: PullRequest) -> Task:
    is_merged = pull.state is PullState.MERGED
    words = f"pull request #{pull.number} was {'merged' if is_merged else 'closed'} at {by.name}"
    words += f" as {pull.merged_sha[:12]}" if is_merged and pull.merged_sha else ""
    outcome = PlaceEnd.MERGED if is_merged else PlaceEnd.CLOSED
    return ended_there(opened, task, by, EndElsewhere(by.id, outcome, words, pull.head_sha, pull.base_ref))


def listen(
    opened: GatewayHandle, task: Task, view: ForgeView, repo: RepositoryName, pull: PullRequest, seen: SeenThere
) -> Task:
    """Hear what was said since: asked for only where the pull request changed, or its checks have not all answered."""
    talk = _talk(task, view, repo, pull, seen)
    if talk is None:
        return task
    whole = True
    for command in to_hear(talk, task, view.accounts, view.principal.id):
        whole = _is_heard(opened, task, view.principal, command, seen) and whole
        task = task_of(opened, task.id)
    if not whole:  # it is held for now: what was said is asked for again
        seen.updated_at, seen.settled = -1, ""
        return task
    seen.updated_at, seen.head = pull.updated_at, pull.head_sha
    pending, _ = verdicts(talk.checks, pull.head_sha)
    seen.settled = "" if pending or not talk.checks else pull.head_sha
    return task


def _talk(task: Task, view: ForgeView, repo: RepositoryName, pull: PullRequest, seen: SeenThere) -> PullTalk | None:
    forge, number = view.forge, pull.number
    # forges do not promise that a review changes the time of a pull request
    found = readable(forge.reviews, repo, number, seen)
    reviews, count = found or (), -1 if found is None else len(found)
    is_new = (pull.updated_at, pull.head_sha, count) != (seen.updated_at, seen.head, seen.reviews)
    if not is_new and seen.settled == pull.head_sha:
        return None
    seen.reviews = count
    checks = forge.check_runs(repo, pull.head_sha)
    comments = readable(forge.comments, repo, number, seen) or () if is_new else ()
    lines = readable(forge.review_comments, repo, number, seen) or () if is_new and count else ()
    pending, failed = verdicts(checks, pull.head_sha)
    is_told = f"checks:{pull.head_sha}" in task.heard
    log = _failing_log(forge, repo, pull.head_sha) if failed and not pending and not is_told else ""
    return PullTalk(view.host, pull, reviews, comments, lines, checks, log, view.us)


def readable(
    ask: Callable[[RepositoryName, int], tuple[S, ...]], repo: RepositoryName, number: int, seen: SeenThere
) -> tuple[S, ...] | None:
    """All comments or reviews; None, and said, where there are more than anybody reads: somebody floods us."""
    try:
        return ask(repo, number)
    except ForgeRefused as no:
        if no.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        seen.troubles.append(f"what is there cannot be read: {no.message}")
        return None


def _failing_log(forge: Forge, repo: RepositoryName, head: str) -> str:
    """The end of the log of the newest run that failed on exactly that commit; empty where it cannot be had."""
    with suppress(OnloopError):
        runs = forge.workflow_runs(repo, sha=head)
        failed = next((run for run in runs if run.head_sha == head and run.conclusion == "failure"), None)
        return forge.failing_log(repo, failed.id) if failed is not None else ""
    return ""


def _is_heard(opened: GatewayHandle, task: Task, by: Principal, command: Hear, seen: SeenThere) -> bool:
    """Whether that is done with: it was taken up, is about what does not count any more, or never can be taken up."""
    try:
        opened.gateway.perform(PerformCommand(by, task.id, command))
    except Stale:
        return True
    except Refused as no:
        if no.exit is not Exit.USAGE:
            return no.exit is Exit.ENDED
        seen.troubles.append(f"{command.key} is not heard: {no.message}")
    except BadInput as no:
        seen.troubles.append(f"{command.key} is not heard: {no.message}")
    return True


def listen_to_linked(opened: GatewayHandle, task: Task, link: Link, view: ForgeView, seen: SeenThere) -> Task:
    """Hear what is said of a pull request that we opened ourselves. Its commits and its end are its effect's."""
    owner, _, name = link.repository.partition("/")
    repo = RepositoryName(link.host, owner, name)
    pull = view.forge.pull_request(repo, link.number)
    if pull.state is not PullState.OPEN:
        return task
    return listen(opened, task, view, repo, replace(pull, mergeable=None), seen)


def pull_link(task: Task) -> Link | None:
    """The pull request that belongs to a task, if one does."""
    return next((each for each in reversed(task.links) if each.kind is LinkKind.PULL_REQUEST), None)
