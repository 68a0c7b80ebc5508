"""What a forge says, as records that no forge's format shows through. All of it is foreign text.

Text is cut to length and without control characters; times are milliseconds since the epoch, 0 where there is none.
"""

from __future__ import annotations

from enum import StrEnum

from onloop.records import Record


class RepositoryName(Record):
    """Which repository is meant: the forge's host as people write it, such as github.com, the owner and the name."""

    host: str
    owner: str
    name: str

    @property
    def words(self) -> str:
        """`owner/name`, as people say it."""
        return f"{self.owner}/{self.name}"


class Person(Record):
    """An account: its name may change, its number never does."""

    login: str
    id: int


class PullState(StrEnum):
    """How a pull request stands."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


class PullRequest(Record):
    """A pull request. `merged_sha` is the commit that the base got, "" before; `head_repository` "" if it is gone."""

    number: int
    id: int
    url: str
    state: PullState
    draft: bool
    head_sha: str
    head_ref: str
    head_repository: str
    base_ref: str
    base_sha: str
    author: Person
    title: str
    body: str = ""
    labels: tuple[str, ...] = ()
    merged_sha: str = ""
    updated_at: int = 0
    mergeable: bool | None = None
    """Whether it merges without a conflict; None while the forge does not know, or was not asked for this one alone."""


class CheckRun(Record):
    """What an app says of a commit. `app_id` is who says it: a name alone proves nothing."""

    id: int
    name: str
    head_sha: str
    app_id: int
    app_slug: str
    status: str
    """`queued`, `in_progress` or `completed`; forges may have more."""
    conclusion: str = ""
    """`success`, `failure`, `neutral`, `cancelled`, `skipped`, `timed_out`, `action_required`, `stale`, or ""."""
    url: str = ""
    external_id: str = ""
    title: str = ""
    summary: str = ""
    started_at: int = 0
    completed_at: int = 0


class CommitStatus(Record):
    """The older way to say something of a commit: the newest of each context counts."""

    context: str
    state: str
    """`success`, `failure`, `error` or `pending`."""
    creator: Person
    url: str = ""


class ReviewState(StrEnum):
    """What a review says."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    COMMENTED = "commented"
    DISMISSED = "dismissed"
    PENDING = "pending"


class Review(Record):
    """What somebody said of a pull request as it was at `commit_sha`."""

    id: int
    author: Person
    state: ReviewState
    commit_sha: str
    body: str = ""
    submitted_at: int = 0


class ForgeComment(Record):
    """A comment; `path` and `line` are given where it is about a line of a change."""

    id: int
    author: Person
    body: str
    url: str = ""
    created_at: int = 0
    path: str = ""
    line: int = 0


class ForgeIssue(Record):
    """An issue; `state` is `open` or `closed`."""

    number: int
    id: int
    url: str
    state: str
    title: str
    body: str
    labels: tuple[str, ...]
    author: Person
    assignees: tuple[Person, ...] = ()
    updated_at: int = 0


class WorkflowRun(Record):
    """One run of the forge's CI."""

    id: int
    name: str
    head_sha: str
    status: str
    conclusion: str = ""
    url: str = ""
    event: str = ""
    head_branch: str = ""
    created_at: int = 0
    title: str = ""
    """What its workflow calls this one run (`run-name:`), or what it is about."""
    path: str = ""
    """The workflow's file, from the root of the repository."""


class RequiredCheck(Record):
    """A check that the base demands; with no `app_id`, anybody who may write statuses can say it."""

    name: str
    app_id: int | None = None


class BranchRules(Record):
    """What a forge demands before a branch changes. What could not be read is in `unread`, and is not a promise."""

    branch: str
    protected: bool = False
    required_checks: tuple[RequiredCheck, ...] = ()
    pull_request: bool = False
    """Whether the branch changes by pull requests alone."""
    approvals: int = 0
    up_to_date: bool = False
    """Whether a pull request must contain the newest base."""
    merge_queue: bool = False
    linear_history: bool = False
    signed_commits: bool = False
    no_force: bool = False
    binds_admins: bool | None = None
    """Whether nobody may pass by; None where that could not be read."""
    unread: tuple[str, ...] = ()


class FoundRepository(Record):
    """A repository: where its commits are fetched from, and what it says of itself."""

    name: RepositoryName
    clone_url: str
    default_branch: str
    private: bool = False
    archived: bool = False
    permission: str = ""
    """What the asking account may do in it: `admin`, `maintain`, `write`, `triage`, `read`, or "" if unknown."""


class ForgeIdentity(Record):
    """Whom the forge takes us for: an app (with its number) or an account, and the rights that are known."""

    login: str
    app_id: int | None = None
    rights: tuple[tuple[str, str], ...] = ()
    """For an app, each right with `read` or `write`; for a classic token, its scopes, each with ""."""

    @property
    def author(self) -> str:
        """The login, in lower case, under which the forge shows what we write: an app writes as `slug[bot]`."""
        return f"{self.login}[bot]".lower() if self.app_id is not None else self.login.lower()
