"""What onloop needs of a forge: the Protocol that each adapter fulfils.

Every method takes the repository first, and raises `ForgeTrouble` (passing) or `ForgeRefused` (for good). What is
asked to be set is set once more without harm; what creates is looked for first by its caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from onloop.forges.forge_errors import ForgeRefused as ForgeRefused
from onloop.forges.forge_errors import ForgeTrouble as ForgeTrouble
from onloop.forges.forge_records import BranchRules as BranchRules
from onloop.forges.forge_records import CheckRun as CheckRun
from onloop.forges.forge_records import CommitStatus as CommitStatus
from onloop.forges.forge_records import ForgeComment as ForgeComment
from onloop.forges.forge_records import ForgeIdentity as ForgeIdentity
from onloop.forges.forge_records import ForgeIssue as ForgeIssue
from onloop.forges.forge_records import FoundRepository as FoundRepository
from onloop.forges.forge_records import Person as Person
from onloop.forges.forge_records import PullRequest as PullRequest
from onloop.forges.forge_records import PullState as PullState
from onloop.forges.forge_records import RepositoryName as RepositoryName
from onloop.forges.forge_records import RequiredCheck as RequiredCheck
from onloop.forges.forge_records import Review as Review
from onloop.forges.forge_records import ReviewState as ReviewState
from onloop.forges.forge_records import WorkflowRun as WorkflowRun

MergeMethod = Literal["merge", "squash", "rebase"]


class PullRequests(Protocol):
    """Pull requests, and what becomes of them."""

    def pull_request(self, repo: RepositoryName, number: int) -> PullRequest:
        """The pull request with a number."""
        ...

    def pull_requests(
        self, repo: RepositoryName, *, head: str = "", base: str = "", state: str = "open"
    ) -> tuple[PullRequest, ...]:
        """Those from a branch (`branch` of this repository, or `owner:branch`), to a base; `open`, `closed`, `all`."""
        ...

    def pull_requests_with(self, repo: RepositoryName, sha: str) -> tuple[PullRequest, ...]:
        """Those to this repository that have a commit, open or not; none where the forge does not know the commit."""
        ...

    def open_pull_request(
        self, repo: RepositoryName, *, head: str, base: str, title: str, body: str, draft: bool = False
    ) -> PullRequest:
        """Open one. There can be one open from a head to a base; another is refused (422)."""
        ...

    def update_pull_request(
        self,
        repo: RepositoryName,
        number: int,
        *,
        title: str | None = None,
        body: str | None = None,
        state: str | None = None,
        base: str | None = None,
    ) -> PullRequest:
        """Set what is given."""
        ...

    def add_labels(self, repo: RepositoryName, number: int, labels: Sequence[str]) -> None:
        """Add labels to an issue or pull request; one that is there already stays."""
        ...

    def request_reviewers(
        self, repo: RepositoryName, number: int, *, logins: Sequence[str] = (), teams: Sequence[str] = ()
    ) -> None:
        """Ask people and teams for a review."""
        ...

    def reviews(self, repo: RepositoryName, number: int) -> tuple[Review, ...]:
        """All reviews, oldest first."""
        ...

    def review_comments(self, repo: RepositoryName, number: int) -> tuple[ForgeComment, ...]:
        """All comments on lines of the change, oldest first."""
        ...

    def merge_pull_request(
        self,
        repo: RepositoryName,
        number: int,
        *,
        sha: str,
        method: MergeMethod = "merge",
        title: str = "",
        message: str = "",
    ) -> str:
        """Merge it if its head is still `sha`; the commit that the base has then. Refused with 405 or 409 otherwise."""
        ...

    def enable_auto_merge(
        self, repo: RepositoryName, number: int, *, method: MergeMethod = "merge", sha: str = ""
    ) -> None:
        """Have the forge merge it, or put it into its merge queue, as soon as the base's rules are met."""
        ...


class Checks(Protocol):
    """What is said of a commit."""

    def check_runs(self, repo: RepositoryName, sha: str) -> tuple[CheckRun, ...]:
        """The newest check run of each name and app on a commit."""
        ...

    def create_check_run(
        self,
        repo: RepositoryName,
        *,
        name: str,
        sha: str,
        external_id: str = "",
        status: str = "completed",
        conclusion: str = "",
        title: str = "",
        summary: str = "",
        url: str = "",
    ) -> CheckRun:
        """Make one; an app alone may."""
        ...

    def update_check_run(
        self,
        repo: RepositoryName,
        id: int,  # noqa: A002 - the field's own word
        *,
        status: str = "",
        conclusion: str = "",
        title: str = "",
        summary: str = "",
        url: str = "",
    ) -> CheckRun:
        """Set what is given of one that the same app made."""
        ...

    def statuses(self, repo: RepositoryName, sha: str) -> tuple[CommitStatus, ...]:
        """The newest status of each context."""
        ...

    def set_status(
        self, repo: RepositoryName, *, sha: str, context: str, state: str, description: str = "", url: str = ""
    ) -> CommitStatus:
        """Say something of a commit, instead of what was said under the same context."""
        ...


class Comments(Protocol):
    """Comments and issues."""

    def comments(self, repo: RepositoryName, number: int) -> tuple[ForgeComment, ...]:
        """All comments of an issue or pull request, oldest first."""
        ...

    def create_comment(self, repo: RepositoryName, number: int, body: str) -> ForgeComment:
        """Comment on an issue or pull request."""
        ...

    def update_comment(self, repo: RepositoryName, id: int, body: str) -> ForgeComment:  # noqa: A002
        """Set the text of a comment."""
        ...

    def issue(self, repo: RepositoryName, number: int) -> ForgeIssue:
        """The issue with a number."""
        ...

    def issues(
        self, repo: RepositoryName, *, labels: Sequence[str] = (), state: str = "open", since: int = 0
    ) -> tuple[ForgeIssue, ...]:
        """Issues with all these labels, changed since then (ms); pull requests are none."""
        ...

    def update_issue(
        self, repo: RepositoryName, number: int, *, state: str | None = None, labels: Sequence[str] | None = None
    ) -> ForgeIssue:
        """Set what is given; labels are set as a whole."""
        ...


class Repositories(Protocol):
    """Branches, tags, their rules, CI, and who may do what."""

    def repository(self, repo: RepositoryName) -> FoundRepository:
        """What the repository says of itself."""
        ...

    def branch(self, repo: RepositoryName, name: str) -> str | None:
        """The commit of a branch; None if there is no such branch."""
        ...

    def branch_rules(self, repo: RepositoryName, name: str) -> BranchRules:
        """What is demanded before a branch changes, as far as it can be read."""
        ...

    def create_tag(self, repo: RepositoryName, tag: str, sha: str, message: str = "") -> str:
        """Make a tag (annotated, with a message); the commit that it names. Refused (422) if there is one."""
        ...

    def tag(self, repo: RepositoryName, name: str) -> str | None:
        """The commit that a tag names; None if there is no such tag."""
        ...

    def dispatch_workflow(self, repo: RepositoryName, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        """Start a workflow of the forge's CI (by its file's name); its run is found by `workflow_runs`."""
        ...

    def workflow_runs(
        self, repo: RepositoryName, *, sha: str = "", event: str = "", branch: str = ""
    ) -> tuple[WorkflowRun, ...]:
        """Runs of the CI, newest first, a hundred at most."""
        ...

    def failing_log(self, repo: RepositoryName, run: int) -> str:
        """The end of the log of the first job of a run that failed; "" if none did."""
        ...

    def search_repositories(self, query: str) -> tuple[FoundRepository, ...]:
        """Repositories that a query in the forge's own words finds; BadInput if they are more than 1,000."""
        ...

    def collaborator_permission(self, repo: RepositoryName, login: str) -> str:
        """`admin`, `write`, `read` or `none`."""
        ...

    def identity(self, repo: RepositoryName) -> ForgeIdentity:
        """Whom the forge takes us for in this repository."""
        ...


class Forge(PullRequests, Checks, Comments, Repositories, Protocol):
    """A forge, as one account or app sees it."""
