"""Pull requests of GitHub, their reviews, and their merge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onloop.forges.forge_errors import ForgeRefused
from onloop.forges.forge_records import ForgeComment, PullRequest, PullState, RepositoryName, Review, ReviewState
from onloop.forges.github.answer_fields import Fields, nonsense
from onloop.forges.github.github_comments import comment_of
from onloop.forges.github.github_part import GithubPart, check_same, is_same, path_of
from onloop.forges.port import MergeMethod

_AUTO_MERGE = """mutation($pull: ID!, $method: PullRequestMergeMethod, $sha: GitObjectID) {
  enablePullRequestAutoMerge(input: {pullRequestId: $pull, mergeMethod: $method, expectedHeadOid: $sha}) {
    clientMutationId
  }
}"""
_ENQUEUE = """mutation($pull: ID!, $sha: GitObjectID) {
  enqueuePullRequest(input: {pullRequestId: $pull, expectedHeadOid: $sha}) { clientMutationId }
}"""


class GithubPulls(GithubPart):
    """See PullRequests of the port."""

    def pull_request(self, repo: RepositoryName, number: int) -> PullRequest:
        """See PullRequests."""
        return _pull(self._api.read(path_of(repo, "pulls", number)), repo, number)

    def pull_requests(
        self, repo: RepositoryName, *, head: str = "", base: str = "", state: str = "open"
    ) -> tuple[PullRequest, ...]:
        """See PullRequests."""
        source = f"{repo.owner}:{head}" if head and ":" not in head else head
        found = self._api.pages(path_of(repo, "pulls"), head=source, base=base, state=state)
        return tuple(_pull_of(each, repo) for each in found)

    def pull_requests_with(self, repo: RepositoryName, sha: str) -> tuple[PullRequest, ...]:
        """See PullRequests."""
        try:
            found = tuple(self._api.pages(path_of(repo, "commits", sha, "pulls")))
        except ForgeRefused as no:
            if no.status not in {404, 422}:
                raise
            return ()
        return tuple(_pull_of(each, repo) for each in found if is_same(repo, base_of(each)))

    def open_pull_request(
        self, repo: RepositoryName, *, head: str, base: str, title: str, body: str, draft: bool = False
    ) -> PullRequest:
        """See PullRequests."""
        given = {"head": head, "base": base, "title": title, "body": body, "draft": draft}
        return _pull(self._api.change("POST", path_of(repo, "pulls"), given), repo)

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
        """See PullRequests."""
        fields = {"title": title, "body": body, "state": state, "base": base}
        given = {name: value for name, value in fields.items() if value is not None}
        return _pull(self._api.change("PATCH", path_of(repo, "pulls", number), given), repo, number)

    def add_labels(self, repo: RepositoryName, number: int, labels: Sequence[str]) -> None:
        """See PullRequests."""
        if labels:
            self._api.change("POST", path_of(repo, "issues", number, "labels"), {"labels": list(labels)})

    def request_reviewers(
        self, repo: RepositoryName, number: int, *, logins: Sequence[str] = (), teams: Sequence[str] = ()
    ) -> None:
        """See PullRequests."""
        if logins or teams:
            given = {"reviewers": list(logins), "team_reviewers": list(teams)}
            self._api.change("POST", path_of(repo, "pulls", number, "requested_reviewers"), given)

    def reviews(self, repo: RepositoryName, number: int) -> tuple[Review, ...]:
        """See PullRequests."""
        found = self._api.pages(path_of(repo, "pulls", number, "reviews"))
        return tuple(_review(each, repo, number) for each in found)

    def review_comments(self, repo: RepositoryName, number: int) -> tuple[ForgeComment, ...]:
        """See PullRequests."""
        return tuple(comment_of(each) for each in self._api.pages(path_of(repo, "pulls", number, "comments")))

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
        """See PullRequests."""
        words = {"commit_title": title, "commit_message": message}
        given = {"sha": sha, "merge_method": method, **{name: text for name, text in words.items() if text}}
        answer = Fields(self._api.change("PUT", path_of(repo, "pulls", number, "merge"), given), "the merge")
        if not answer.flag("merged"):
            said = answer.line("message")
            raise ForgeRefused(f"GitHub did not merge #{number}: {said}", hint="see the pull request", status=405)
        return answer.commit("sha")

    def enable_auto_merge(
        self, repo: RepositoryName, number: int, *, method: MergeMethod = "merge", sha: str = ""
    ) -> None:
        """See PullRequests."""
        given = self._api.read(path_of(repo, "pulls", number))
        pull, node = _pull(given, repo, number), Fields(given, "the pull request").line("node_id")
        if self._has_queue(repo, pull.base_ref):
            self._api.graphql(_ENQUEUE, pull=node, sha=sha or None)
        else:
            self._api.graphql(_AUTO_MERGE, pull=node, method=method.upper(), sha=sha or None)

    def _has_queue(self, repo: RepositoryName, branch: str) -> bool:
        rules = self._api.pages(path_of(repo, "rules", "branches", branch))
        return any(rule.line("type") == "merge_queue" for rule in rules)


def base_of(given: Fields) -> str:
    """To which repository a pull request is; a commit may be in one to a fork."""
    return given.part("base").part("repo").line("full_name")


def _pull(given: Any, repo: RepositoryName, number: int | None = None) -> PullRequest:
    found = _pull_of(Fields(given, "the pull request"), repo)
    if number is not None and found.number != number:
        raise nonsense(f"it is pull request {found.number}, and {number} was asked for")
    return found


def _pull_of(given: Fields, repo: RepositoryName) -> PullRequest:
    head, base = given.part("head"), given.part("base")
    check_same(repo, base_of(given), "the pull request")
    source = head.part_or_none("repo")
    is_merged = given.flag("merged") or bool(given.time("merged_at"))
    is_open = given.line("state") == "open"
    return PullRequest(
        number=given.number("number"),
        id=given.number("id"),
        url=given.url("html_url"),
        state=PullState.MERGED if is_merged else PullState.OPEN if is_open else PullState.CLOSED,
        draft=given.flag("draft"),
        head_sha=head.commit("sha"),
        head_ref=head.line("ref"),
        head_repository=source.line("full_name") if source is not None else "",
        base_ref=base.line("ref"),
        base_sha=base.commit("sha"),
        author=given.person("user"),
        title=given.line("title"),
        body=given.text("body"),
        labels=given.names("labels"),
        merged_sha=given.commit_or_empty("merge_commit_sha") if is_merged else "",
        updated_at=given.time("updated_at"),
        mergeable=given.flag_or_none("mergeable"),
    )


def _review(given: Fields, repo: RepositoryName, number: int) -> Review:
    if not given.line("pull_request_url").casefold().endswith(path_of(repo, "pulls", number).casefold()):
        raise nonsense(f"a review is of another pull request than #{number}")
    try:
        state = ReviewState(given.line("state").lower())
    except ValueError:
        raise nonsense(f"a review is {given.line('state', limit=40)!r}") from None
    return Review(
        id=given.number("id"),
        author=given.person("user"),
        state=state,
        commit_sha=given.commit_or_empty("commit_id"),
        body=given.text("body"),
        submitted_at=given.time("submitted_at"),
    )
