"""What was said of a pull request, as what a task has to hear. PURE: what forges answer goes in, commands come out.

Only enrolled people are heard, and checks on exactly the commit that was handed in. What strangers say is shown, and
acted on by nobody; nothing here is an approval.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from onloop.access.elsewhere.accounts_outside import AccountsOutside
from onloop.access.elsewhere.foreign_words import addressed_to_us, heard_words, last_lines, one_line, said
from onloop.forges.port import CheckRun, ForgeComment, Person, PullRequest, Review, ReviewState
from onloop.machine.elsewhere import FeedbackKind, Hear
from onloop.machine.task import Task
from onloop.records import Record

MOST_LOOKED_AT = 400
"""How many of the newest comments and reviews are looked at."""

MOST_CHECKS_TOLD = 10
CLOCKS_DIFFER_MS = 300_000
"""By how much a forge's clock and ours may disagree about what was said before a task began."""

_FAILED = frozenset({"failure", "timed_out", "startup_failure"})
OWN_CHECK = "onloop"


class Reception(StrEnum):
    """What becomes of something that was said outside."""

    HEARD = "heard"
    STRANGER = "stranger"
    NOT_TO_US = "not addressed to onloop"
    APPROVAL = "an approval outside, which counts for nothing here"
    EARLIER = "about an earlier commit"
    OURS = "ours"


class Saying(Record):
    """One thing that was said, by whom, and what becomes of it; `person` is empty for a stranger."""

    key: str
    author: Person
    person: str
    text: str
    at: int
    standing: Reception
    kind: FeedbackKind = FeedbackKind.COMMENT
    url: str = ""


class PullTalk(Record):
    """All that a forge says of one pull request. `us` is our own account's login; `log` the end of what failed."""

    host: str
    pull: PullRequest
    reviews: Sequence[Review] = ()
    comments: Sequence[ForgeComment] = ()
    line_comments: Sequence[ForgeComment] = ()
    checks: Sequence[CheckRun] = ()
    log: str = ""
    us: str = ""


def sayings(talk: PullTalk, task: Task, accounts: AccountsOutside) -> tuple[Saying, ...]:
    """What people said, oldest first, each with what becomes of it."""
    since = task.created_at - CLOCKS_DIFFER_MS
    found = [
        *(_of_review(talk, review, task, accounts) for review in talk.reviews[-MOST_LOOKED_AT:]),
        *(_of_comment(talk, each, "comment", accounts) for each in talk.comments[-MOST_LOOKED_AT:]),
        *(_of_comment(talk, each, "line", accounts) for each in talk.line_comments[-MOST_LOOKED_AT:]),
    ]
    return tuple(sorted((each for each in found if each.at >= since), key=lambda each: (each.at, each.key)))


def to_hear(talk: PullTalk, task: Task, accounts: AccountsOutside, by: str) -> tuple[Hear, ...]:
    """What the task has not heard yet: people first, then what failed on the commit that was handed in."""
    head = task.submission.head if task.submission is not None else ""
    heard = [
        Hear(by, each.kind, each.key, each.text, each.person)
        for each in sayings(talk, task, accounts)
        if each.standing is Reception.HEARD and each.key not in task.heard
    ]
    if head and talk.pull.head_sha == head:
        heard += [each for each in _of_commit(talk, head, by) if each.key not in task.heard]
    return tuple(heard)


def _of_review(talk: PullTalk, review: Review, task: Task, accounts: AccountsOutside) -> Saying:
    person = accounts.owner(talk.host, review.author)
    standing = _review_standing(talk, review, task, person)
    lines = [each for each in talk.line_comments if each.author.id == review.author.id]
    about = [f"{one_line(each.path)}:{each.line}: {said(each.body, 500)}" for each in lines[-20:]]
    words = heard_words(said(review.body) or f"{review.author.login} requested changes", *about)
    return Saying(
        f"review:{review.id}",
        review.author,
        person,
        words,
        review.submitted_at,
        standing,
        FeedbackKind.CHANGES_REQUESTED,
        talk.pull.url,
    )


def _review_standing(talk: PullTalk, review: Review, task: Task, person: str) -> Reception:
    if _is_ours(talk, review.author):
        return Reception.OURS
    if not person:
        return Reception.STRANGER
    if review.state is ReviewState.APPROVED:
        return Reception.APPROVAL
    if review.state is not ReviewState.CHANGES_REQUESTED:
        return Reception.NOT_TO_US
    work = task.submission
    is_now = work is None or review.commit_sha == work.head or review.submitted_at > work.at
    return Reception.HEARD if is_now else Reception.EARLIER


def _of_comment(talk: PullTalk, comment: ForgeComment, kind: str, accounts: AccountsOutside) -> Saying:
    person = accounts.owner(talk.host, comment.author)
    asked = addressed_to_us(comment.body)
    where = f"{one_line(comment.path)}:{comment.line}: " if comment.path else ""
    text = f"{where}{asked or said(comment.body)}"
    if _is_ours(talk, comment.author):
        standing = Reception.OURS
    elif not person:
        standing = Reception.STRANGER
    else:
        standing = Reception.HEARD if asked else Reception.NOT_TO_US
    key = f"{kind}:{comment.id}"
    return Saying(key, comment.author, person, text, comment.created_at, standing, url=comment.url)


def _is_ours(talk: PullTalk, author: Person) -> bool:
    return bool(talk.us) and author.login.casefold() == talk.us.casefold()


def _of_commit(talk: PullTalk, head: str, by: str) -> Iterator[Hear]:
    """Failed checks, once all have answered; and a conflict with the base as it is now."""
    pending, failed = verdicts(talk.checks, head)
    if failed and not pending:
        names = map(_check_words, failed[:MOST_CHECKS_TOLD])
        log = ("the end of its log:", last_lines(talk.log)) if talk.log else ()
        yield Hear(by, FeedbackKind.CHECKS, f"checks:{head}", heard_words(*names, *log), by, head)
    if talk.pull.mergeable is False:
        base = one_line(talk.pull.base_ref)
        words = f"it does not merge into {base}, which is at {talk.pull.base_sha[:12]}; merge {base}, and push"
        yield Hear(by, FeedbackKind.CONFLICT, f"conflict:{head}:{talk.pull.base_sha}"[:200], words, by, head)


def _check_words(run: CheckRun) -> str:
    told = f"; {one_line(run.title)}" if run.title else ""
    return f"{one_line(run.name)} ({one_line(run.app_slug)}): {run.conclusion}{told}"


def verdicts(checks: Sequence[CheckRun], head: str) -> tuple[tuple[CheckRun, ...], tuple[CheckRun, ...]]:
    """The check runs of others on a commit that have not answered, and those that failed."""
    others = [run for run in checks if run.head_sha == head and run.name != OWN_CHECK]
    pending = tuple(run for run in others if run.status != "completed")
    return pending, tuple(run for run in others if run.status == "completed" and run.conclusion in _FAILED)
