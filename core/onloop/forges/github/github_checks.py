"""Check runs and statuses of GitHub."""

from __future__ import annotations

from typing import Any

from onloop.forges.forge_records import CheckRun, CommitStatus, RepositoryName
from onloop.forges.github.answer_fields import Fields
from onloop.forges.github.github_part import GithubPart, check_commit, path_of

LONGEST_SUMMARY = 65_000
"""GitHub takes 65,535 characters."""


class GithubChecks(GithubPart):
    """See Checks of the port."""

    def check_runs(self, repo: RepositoryName, sha: str) -> tuple[CheckRun, ...]:
        """See Checks."""
        found = self._api.pages(path_of(repo, "commits", sha, "check-runs"), key="check_runs", filter="latest")
        return tuple(_check_run(each, sha) for each in found)

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
        """See Checks."""
        given = {"name": name, "head_sha": sha, "external_id": external_id}
        made = self._api.change(
            "POST", path_of(repo, "check-runs"), {**given, **_said(status, conclusion, title, summary, url)}
        )
        return _check_run(Fields(made, "the check run"), sha)

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
        """See Checks."""
        given = _said(status, conclusion, title, summary, url)
        made = self._api.change("PATCH", path_of(repo, "check-runs", id), given)
        return _check_run(Fields(made, "the check run"))

    def statuses(self, repo: RepositoryName, sha: str) -> tuple[CommitStatus, ...]:
        """See Checks."""
        newest: dict[str, CommitStatus] = {}
        for each in self._api.pages(path_of(repo, "commits", sha, "statuses")):  # newest first
            status = _status(each)
            newest.setdefault(status.context.casefold(), status)
        return tuple(newest.values())

    def set_status(
        self, repo: RepositoryName, *, sha: str, context: str, state: str, description: str = "", url: str = ""
    ) -> CommitStatus:
        """See Checks."""
        given = {"context": context, "state": state, "description": description[:140], "target_url": url or None}
        return _status(Fields(self._api.change("POST", path_of(repo, "statuses", sha), given), "the status"))


def _said(status: str, conclusion: str, title: str, summary: str, url: str) -> dict[str, Any]:
    given: dict[str, Any] = {"status": status, "conclusion": conclusion, "details_url": url}
    if conclusion:
        given.pop("status")  # which GitHub sets itself where there is a conclusion
    if title or summary:
        given["output"] = {"title": title or "onloop", "summary": summary[:LONGEST_SUMMARY]}
    return {name: value for name, value in given.items() if value}


def _check_run(given: Fields, sha: str = "") -> CheckRun:
    app, output = given.part_or_none("app"), given.part_or_none("output")
    head = given.commit("head_sha")
    if sha:
        check_commit(sha, head, "a check run")
    return CheckRun(
        id=given.number("id"),
        name=given.line("name"),
        head_sha=head,
        app_id=app.number("id") if app is not None else 0,
        app_slug=app.line("slug", limit=100) if app is not None else "",
        status=given.line("status", limit=40),
        conclusion=given.line("conclusion", limit=40),
        url=given.url("html_url"),
        external_id=given.line("external_id"),
        title=output.line("title") if output is not None else "",
        summary=output.text("summary") if output is not None else "",
        started_at=given.time("started_at"),
        completed_at=given.time("completed_at"),
    )


def _status(given: Fields) -> CommitStatus:
    return CommitStatus(
        given.line("context"), given.line("state", limit=40), given.person("creator"), given.url("target_url")
    )
