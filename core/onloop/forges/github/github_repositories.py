"""Repositories of GitHub: branches, tags, rules, CI, and who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onloop.forges.forge_errors import ForgeRefused
from onloop.forges.forge_records import BranchRules, FoundRepository, RepositoryName, WorkflowRun
from onloop.forges.github.answer_fields import Fields, nonsense
from onloop.forges.github.branch_rules import rules_read
from onloop.forges.github.github_part import GithubPart, check_same, path_of
from onloop.forges.outgoing import Outgoing

LOG_BYTES = 262_144
LOG_SECONDS = 60.0
_BAD_ENDS = frozenset({"failure", "timed_out", "startup_failure"})
_PERMISSIONS = ("admin", "maintain", "push", "triage", "pull")
_PLAIN = {"push": "write", "pull": "read"}


class GithubRepositories(GithubPart):
    """See Repositories of the port."""

    def repository(self, repo: RepositoryName) -> FoundRepository:
        """See Repositories."""
        found = _repository(Fields(self._api.read(path_of(repo)), "the repository"), repo.host)
        check_same(repo, found.name.words, "the repository")
        return found

    def branch(self, repo: RepositoryName, name: str) -> str | None:
        """See Repositories."""
        given = self._api.read_or_none(path_of(repo, "branches", name))
        return None if given is None else Fields(given, "the branch").part("commit").commit("sha")

    def branch_rules(self, repo: RepositoryName, name: str) -> BranchRules:
        """See Repositories."""
        rules = tuple(self._api.pages(path_of(repo, "rules", "branches", name)))
        given = self._api.read_or_none(path_of(repo, "branches", name))
        branch = Fields(given, "the branch") if given is not None else None
        protection: Fields | None = None
        unread: tuple[str, ...] = ()
        if branch is not None and branch.flag("protected"):
            try:
                found = self._api.read_or_none(path_of(repo, "branches", name, "protection"))
                protection = None if found is None else Fields(found, "the protection")
            except ForgeRefused as no:
                if no.status not in {401, 403}:
                    raise
                unread = ("protection",)
        return rules_read(name, rules, branch, protection, unread)

    def create_tag(self, repo: RepositoryName, tag: str, sha: str, message: str = "") -> str:
        """See Repositories."""
        named = sha
        if message:
            given = {"tag": tag, "message": message, "object": sha, "type": "commit"}
            named = Fields(self._api.change("POST", path_of(repo, "git", "tags"), given), "the tag").commit("sha")
        self._api.change("POST", path_of(repo, "git", "refs"), {"ref": f"refs/tags/{tag}", "sha": named})
        return sha

    def tag(self, repo: RepositoryName, name: str) -> str | None:
        """See Repositories."""
        given = self._api.read_or_none(path_of(repo, "git", "ref", "tags", name))
        if given is None:
            return None
        named = Fields(given, "the tag").part("object")
        for _ in range(5):  # a tag may name a tag
            if named.line("type") != "tag":
                return named.commit("sha")
            found = self._api.read(path_of(repo, "git", "tags", named.commit("sha")))
            named = Fields(found, "the tag").part("object")
        raise nonsense("a tag names a tag, and so on")

    def dispatch_workflow(self, repo: RepositoryName, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        """See Repositories."""
        path = path_of(repo, "actions", "workflows", workflow, "dispatches")
        self._api.change("POST", path, {"ref": ref, "inputs": dict(inputs)})

    def workflow_runs(
        self, repo: RepositoryName, *, sha: str = "", event: str = "", branch: str = ""
    ) -> tuple[WorkflowRun, ...]:
        """See Repositories."""
        asked: dict[str, str | int] = {"head_sha": sha, "event": event, "branch": branch, "per_page": 100}
        given = self._api.read(path_of(repo, "actions", "runs"), **asked)
        return tuple(_run(each) for each in Fields(given, "the runs").parts("workflow_runs"))

    def failing_log(self, repo: RepositoryName, run: int) -> str:
        """See Repositories."""
        jobs = self._api.pages(path_of(repo, "actions", "runs", run, "jobs"), key="jobs", filter="latest")
        failed = next((job for job in jobs if job.line("conclusion") in _BAD_ENDS), None)
        if failed is None:
            return ""
        place = self._api.location(path_of(repo, "actions", "jobs", failed.number("id"), "logs"))
        if not place.startswith("https://") and not self._api.api.startswith("http://"):
            raise nonsense("a log is at an address without TLS")
        got = self._api.courier.carry(Outgoing("GET", place, {}, seconds=LOG_SECONDS, most=LOG_BYTES, end=True))
        if got.status != 200:
            raise nonsense(f"a log answers {got.status}")
        return Fields({"log": got.body.decode("utf-8", "replace")}, "the log").end_of("log")

    def search_repositories(self, query: str) -> tuple[FoundRepository, ...]:
        """See Repositories."""
        found = tuple(self._api.search(query))
        return tuple(_repository(each, self._api.host) for each in found)

    def collaborator_permission(self, repo: RepositoryName, login: str) -> str:
        """See Repositories."""
        given = self._api.read_or_none(path_of(repo, "collaborators", login, "permission"))
        if given is None:
            return "none"
        said = Fields(given, "the permission")
        user = said.part_or_none("user")
        if user is not None and user.line("login").casefold() != login.casefold():
            raise nonsense("the permission is another account's")
        return said.line("permission", limit=40) or "none"


def _repository(given: Fields, host: str) -> FoundRepository:
    owner, _, name = given.line("full_name").partition("/")
    rights: Any = given.part_or_none("permissions")
    best = next((each for each in _PERMISSIONS if rights is not None and rights.flag(each)), "")
    return FoundRepository(
        RepositoryName(host, owner, name),
        given.url("clone_url"),
        given.line("default_branch"),
        given.flag("private"),
        given.flag("archived"),
        _PLAIN.get(best, best),
    )


def _run(given: Fields) -> WorkflowRun:
    return WorkflowRun(
        id=given.number("id"),
        name=given.line("name"),
        head_sha=given.commit("head_sha"),
        status=given.line("status", limit=40),
        conclusion=given.line("conclusion", limit=40),
        url=given.url("html_url"),
        event=given.line("event", limit=100),
        head_branch=given.line("head_branch"),
        created_at=given.time("created_at"),
        title=given.line("display_title"),
        path=given.line("path").partition("@")[0],  # some forges add the branch
    )
