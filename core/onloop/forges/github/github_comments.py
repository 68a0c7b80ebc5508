"""Comments and issues of GitHub; a pull request is an issue, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onloop.forges.forge_records import ForgeComment, ForgeIssue, Person, RepositoryName
from onloop.forges.github.answer_fields import Fields
from onloop.forges.github.github_part import GithubPart, check_address, path_of
from onloop.times import utc_words


class GithubComments(GithubPart):
    """See Comments of the port."""

    def comments(self, repo: RepositoryName, number: int) -> tuple[ForgeComment, ...]:
        """See Comments."""
        return tuple(comment_of(each) for each in self._api.pages(path_of(repo, "issues", number, "comments")))

    def create_comment(self, repo: RepositoryName, number: int, body: str) -> ForgeComment:
        """See Comments."""
        made = self._api.change("POST", path_of(repo, "issues", number, "comments"), {"body": body})
        return comment_of(Fields(made, "the comment"))

    def update_comment(self, repo: RepositoryName, id: int, body: str) -> ForgeComment:  # noqa: A002
        """See Comments."""
        made = self._api.change("PATCH", path_of(repo, "issues", "comments", id), {"body": body})
        return comment_of(Fields(made, "the comment"))

    def issue(self, repo: RepositoryName, number: int) -> ForgeIssue:
        """See Comments."""
        return _issue(self._api.read(path_of(repo, "issues", number)), repo)

    def issues(
        self, repo: RepositoryName, *, labels: Sequence[str] = (), state: str = "open", since: int = 0
    ) -> tuple[ForgeIssue, ...]:
        """See Comments."""
        moment = utc_words(since) if since else ""
        found = self._api.pages(path_of(repo, "issues"), labels=",".join(labels), state=state, since=moment)
        return tuple(_issue_of(each, repo) for each in found if each.part_or_none("pull_request") is None)

    def update_issue(
        self, repo: RepositoryName, number: int, *, state: str | None = None, labels: Sequence[str] | None = None
    ) -> ForgeIssue:
        """See Comments."""
        given: dict[str, Any] = {} if state is None else {"state": state}
        if labels is not None:
            given["labels"] = list(labels)
        return _issue(self._api.change("PATCH", path_of(repo, "issues", number), given), repo)


def comment_of(given: Fields) -> ForgeComment:
    """A comment as GitHub says it."""
    return ForgeComment(
        id=given.number("id"),
        author=given.person("user"),
        body=given.text("body"),
        url=given.url("html_url"),
        created_at=given.time("created_at"),
        path=given.line("path"),
        line=given.number_or("line"),
    )


def _issue(given: Any, repo: RepositoryName) -> ForgeIssue:
    return _issue_of(Fields(given, "the issue"), repo)


def _issue_of(given: Fields, repo: RepositoryName) -> ForgeIssue:
    check_address(repo, given.line("repository_url"), "the issue")
    assigned = (Person(each.line("login", limit=100), each.number("id")) for each in given.parts("assignees"))
    return ForgeIssue(
        number=given.number("number"),
        id=given.number("id"),
        url=given.url("html_url"),
        state=given.line("state", limit=40),
        title=given.line("title"),
        body=given.text("body"),
        labels=given.names("labels"),
        author=given.person("user"),
        assignees=tuple(assigned),
        updated_at=given.time("updated_at"),
    )
