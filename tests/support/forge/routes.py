"""What the test forge's API answers: a row for each route, with the right that it takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from support.forge import deeds
from support.forge.asking import Asker
from support.forge.beyond_routes import graphql, search
from support.forge.forge_world import Answer, App, Json, Repository, World


@dataclass
class Asked:
    """One request to a repository."""

    world: World
    repo: Repository
    by: Asker
    query: dict[str, str]
    given: Json
    words: tuple[str, ...]

    @property
    def number(self) -> int:
        """The first word of the path that is a number."""
        return int(self.words[0])


Handler = Callable[[Asked], Any]


def _pulls(asked: Asked) -> Any:
    head, base, state = (asked.query.get(name, "") for name in ("head", "base", "state"))
    found = [asked.repo.pull_json(number) for number in reversed(asked.repo.pulls)]
    for each in found:
        each.pop("mergeable")
        each.pop("merged")  # which only one alone tells
    return [
        each
        for each in found
        if head in {"", each["head"]["label"]}
        and base in {"", each["base"]["ref"]}
        and (state or "open") in {"all", each["state"]}
    ]


def _open(asked: Asked) -> Any:
    given = asked.given
    draft = bool(given.get("draft"))
    body = given.get("body") or ""
    made = deeds.open_pull(asked.repo, asked.by.user, given["head"], given["base"], given["title"], body, draft=draft)
    return 201, made


def _change_pull(asked: Asked) -> Any:
    kept = deeds.found(asked.repo.pulls, asked.number)
    if base := asked.given.get("base"):
        kept["base"] = base
    deeds.change_issue(asked.repo, asked.by.user, asked.number, asked.given)
    return asked.repo.pull_json(asked.number)


def _labels(asked: Asked) -> Any:
    issue = deeds.found(asked.repo.issues, asked.number)
    names = list(dict.fromkeys([*(label["name"] for label in issue["labels"]), *asked.given["labels"]]))
    return deeds.change_issue(asked.repo, asked.by.user, asked.number, {"labels": names})["labels"]


def _reviewers(asked: Asked) -> Any:
    kept = deeds.found(asked.repo.pulls, asked.number)
    for login in asked.given.get("reviewers", []):
        person = asked.world.account(login).json()
        if person not in kept["reviewers"]:
            kept["reviewers"].append(person)
            deeds.tell_pull(asked.repo, "review_requested", asked.number, asked.by.user, requested_reviewer=person)
    return 201, asked.repo.pull_json(asked.number)


def _pull(asked: Asked) -> Any:
    deeds.found(asked.repo.pulls, asked.number)
    return asked.repo.pull_json(asked.number)


def _check_runs(asked: Asked) -> Any:
    sha = asked.repo.git.commit(asked.words[0])
    if not sha:
        raise Answer(422, f"No commit found for SHA: {asked.words[0]}")
    runs = [each for each in asked.repo.checks if each["head_sha"] == sha]
    newest = {(each["name"], each["app"]["id"]): each for each in runs}
    return {"total_count": len(newest), "check_runs": list(reversed(newest.values()))}


def _pulls_with(asked: Asked) -> Any:
    repo = asked.repo
    sha = repo.git.commit(asked.words[0])
    if not sha:
        raise Answer(422, f"No commit found for SHA: {asked.words[0]}")
    return [
        repo.pull_json(number)
        for number, kept in repo.pulls.items()
        if repo.git.contains(sha, kept["head_sha"]) and not repo.git.contains(sha, kept["base_sha"])
    ]


def _own_app(asked: Asked) -> App:
    if asked.by.app is None:
        raise Answer(403, "You must authenticate via a GitHub App.")
    return asked.by.app


def _new_check(asked: Asked) -> Any:
    return 201, deeds.check(asked.repo, _own_app(asked), asked.given)


def _change_check(asked: Asked) -> Any:
    app = _own_app(asked)
    known = next((each for each in asked.repo.checks if each["id"] == asked.number), None)
    if known is None:
        raise Answer(404, "Not Found")
    if known["app"]["id"] != app.id:
        raise Answer(403, "Invalid app_id `0` - check run can only be modified by the GitHub App that created it.")
    return deeds.check(asked.repo, app, asked.given, known)


def _statuses(asked: Asked) -> Any:
    sha = asked.repo.git.commit(asked.words[0])
    if not sha:
        raise Answer(422, f"No commit found for SHA: {asked.words[0]}")
    return [each for each in reversed(asked.repo.statuses) if each["sha"] == sha]


def _status(asked: Asked) -> Any:
    app = asked.by.app.id if asked.by.app else None
    return 201, deeds.status(asked.repo, asked.by.user, asked.words[0], asked.given, app)


def _comments(asked: Asked) -> Any:
    deeds.found(asked.repo.issues, asked.number)
    return asked.repo.comments[asked.number]


def _comment(asked: Asked) -> Any:
    return 201, deeds.comment(asked.repo, asked.by.user, asked.number, asked.given.get("body", ""))


def _issues(asked: Asked) -> Any:
    labels = {name for name in asked.query.get("labels", "").split(",") if name}
    state, since = asked.query.get("state") or "open", asked.query.get("since", "")
    return [
        issue
        for issue in reversed(asked.repo.issues.values())
        if state in {"all", issue["state"]}
        and labels <= {label["name"] for label in issue["labels"]}
        and issue["updated_at"] >= since
    ]


def _branch(asked: Asked) -> Any:
    name = asked.words[0]
    sha = asked.repo.git.commit(f"refs/heads/{name}")
    if not sha:
        raise Answer(404, "Branch not found")
    protection = asked.repo.protection.get(name)
    checks = (protection or {}).get("required_status_checks", {"contexts": [], "checks": []})
    return {
        "name": name,
        "commit": {"sha": sha},
        "protected": protection is not None or bool(asked.repo.rulesets.get(name)),
        "protection": {
            "enabled": protection is not None,
            "required_status_checks": {
                "enforcement_level": "non_admins" if protection else "off",
                "contexts": checks["contexts"],
                "checks": checks["checks"],
            },
        },
    }


def _protection(asked: Asked) -> Any:
    if asked.words[0] not in asked.repo.protection:
        raise Answer(404, "Branch not protected")
    return asked.repo.protection[asked.words[0]]


def _tag_object(asked: Asked) -> Any:
    git, given = asked.repo.git, asked.given
    if not git.commit(given["object"]):
        raise Answer(422, "Could not verify object")
    moment = datetime.fromtimestamp(asked.world.clock(), UTC)
    words = f"object {given['object']}\ntype commit\ntag {given['tag']}\ntagger Forge <forge@example.org> "
    text = f"{words}{int(moment.timestamp())} +0000\n\n{given['message']}\n"
    sha = git.run("hash-object", "-t", "tag", "-w", "--stdin", stdin=text.encode())
    return 201, _tag_json(asked, sha)


def _tag_json(asked: Asked, sha: str) -> Json:
    named = asked.repo.git.run("rev-parse", f"{sha}^{{}}")
    return {"sha": sha, "tag": "", "object": {"type": "commit", "sha": named}}


def _tag(asked: Asked) -> Any:
    git = asked.repo.git
    if asked.words[0] not in {git.run("rev-parse", ref) for ref in git.refs()}:
        raise Answer(404, "Not Found")
    return _tag_json(asked, asked.words[0])


def _new_ref(asked: Asked) -> Any:
    git, ref = asked.repo.git, asked.given["ref"]
    if ref in git.refs():
        raise Answer(422, "Reference already exists")
    if not git.commit(asked.given["sha"]):
        raise Answer(422, "Object does not exist")
    git.set_ref(ref, asked.given["sha"])
    return 201, _ref_json(asked, ref)


def _ref(asked: Asked) -> Any:
    ref = f"refs/{asked.words[0]}"
    if ref not in asked.repo.git.refs():
        raise Answer(404, "Not Found")
    return _ref_json(asked, ref)


def _ref_json(asked: Asked, ref: str) -> Json:
    sha = asked.repo.git.refs()[ref]
    kind = asked.repo.git.run("cat-file", "-t", sha)
    return {"ref": ref, "url": f"{asked.repo.api}/git/{ref}", "object": {"type": kind, "sha": sha}}


def _dispatch(asked: Asked) -> Any:
    workflow, ref = asked.words[0], asked.given["ref"]
    if workflow not in asked.repo.workflows:
        raise Answer(404, "Not Found")
    sha = asked.repo.git.commit(ref)
    if not sha:
        raise Answer(422, f"No ref found for: {ref}")
    inputs = asked.given.get("inputs", {})
    deeds.run_workflow(
        asked.repo,
        asked.by.user,
        workflow,
        sha,
        "workflow_dispatch",
        ref,
        inputs=inputs,
        display_title=" ".join((workflow, *inputs.values())),
    )
    return 204, None


def _runs(asked: Asked) -> Any:
    wanted = {"head_sha": "head_sha", "event": "event", "branch": "head_branch"}
    found = [
        run
        for run in asked.repo.runs
        if all(asked.query.get(name, run[field]) == run[field] for name, field in wanted.items())
    ]
    return {"total_count": len(found), "workflow_runs": found}


def _jobs(asked: Asked) -> Any:
    run = next((each for each in asked.repo.runs if each["id"] == asked.number), None)
    if run is None:
        raise Answer(404, "Not Found")
    return {"total_count": len(run["jobs"]), "jobs": run["jobs"]}


def _logs(asked: Asked) -> Any:
    deeds.found(asked.repo.logs, asked.number)  # type: ignore[arg-type]
    raise Answer(302, to=f"{asked.world.web}/-/logs/{asked.repo.full_name}/{asked.number}")


def _permission(asked: Asked) -> Any:
    person = asked.world.account(asked.words[0])
    return {"permission": asked.repo.permission(person), "user": person.json()}


def _repository(asked: Asked) -> Any:
    permission = asked.repo.permission(asked.by.user) if asked.by.app is None else "write"
    rights = {"admin": permission == "admin", "push": permission in {"admin", "write"}, "pull": permission != "none"}
    return {**asked.repo.json(), "permissions": rights}


def _merge(asked: Asked) -> Any:
    return deeds.merge(asked.repo, asked.by.user, asked.number, asked.given)


def _rules(asked: Asked) -> Any:
    return asked.repo.rulesets.get(asked.words[0], [])


_WORD, _NUMBER, _REST = "([^/]+)", "([0-9]+)", "(.+)"
_TABLE: tuple[tuple[str, str, str, str, Handler], ...] = (
    ("GET", "", "metadata", "read", _repository),
    ("GET", "/pulls", "pull_requests", "read", _pulls),
    ("POST", "/pulls", "pull_requests", "say", _open),
    ("GET", f"/pulls/{_NUMBER}", "pull_requests", "read", _pull),
    ("PATCH", f"/pulls/{_NUMBER}", "pull_requests", "write", _change_pull),
    ("PUT", f"/pulls/{_NUMBER}/merge", "contents", "write", _merge),
    ("POST", f"/pulls/{_NUMBER}/requested_reviewers", "pull_requests", "write", _reviewers),
    ("GET", f"/pulls/{_NUMBER}/reviews", "pull_requests", "read", lambda a: (_pull(a), a.repo.reviews[a.number])[1]),
    (
        "GET",
        f"/pulls/{_NUMBER}/comments",
        "pull_requests",
        "read",
        lambda a: (_pull(a), a.repo.line_comments[a.number])[1],
    ),
    ("GET", f"/commits/{_WORD}/check-runs", "checks", "read", _check_runs),
    ("GET", f"/commits/{_WORD}/pulls", "pull_requests", "read", _pulls_with),
    ("POST", "/check-runs", "checks", "write", _new_check),
    ("PATCH", f"/check-runs/{_NUMBER}", "checks", "write", _change_check),
    ("GET", f"/commits/{_WORD}/statuses", "statuses", "read", _statuses),
    ("POST", f"/statuses/{_WORD}", "statuses", "write", _status),
    ("GET", f"/issues/{_NUMBER}/comments", "issues", "read", _comments),
    ("POST", f"/issues/{_NUMBER}/comments", "issues", "say", _comment),
    (
        "PATCH",
        f"/issues/comments/{_NUMBER}",
        "issues",
        "say",
        lambda a: deeds.edit_comment(a.repo, a.by.user, a.number, a.given["body"]),
    ),
    ("POST", f"/issues/{_NUMBER}/labels", "issues", "write", _labels),
    ("GET", "/issues", "issues", "read", _issues),
    ("GET", f"/issues/{_NUMBER}", "issues", "read", lambda a: deeds.found(a.repo.issues, a.number)),
    (
        "PATCH",
        f"/issues/{_NUMBER}",
        "issues",
        "write",
        lambda a: deeds.change_issue(a.repo, a.by.user, a.number, a.given),
    ),
    ("GET", f"/branches/{_WORD}/protection", "administration", "read", _protection),
    ("GET", f"/branches/{_WORD}", "contents", "read", _branch),
    ("GET", f"/rules/branches/{_WORD}", "metadata", "read", _rules),
    ("POST", "/git/tags", "contents", "write", _tag_object),
    ("GET", f"/git/tags/{_WORD}", "contents", "read", _tag),
    ("POST", "/git/refs", "contents", "write", _new_ref),
    ("GET", f"/git/ref/{_REST}", "contents", "read", _ref),
    ("POST", f"/actions/workflows/{_WORD}/dispatches", "actions", "write", _dispatch),
    ("GET", "/actions/runs", "actions", "read", _runs),
    ("GET", f"/actions/runs/{_NUMBER}/jobs", "actions", "read", _jobs),
    ("GET", f"/actions/jobs/{_NUMBER}/logs", "actions", "read", _logs),
    ("GET", f"/collaborators/{_WORD}/permission", "metadata", "read", _permission),
)
_ROUTES = tuple((method, re.compile(pattern), right, level, answer) for method, pattern, right, level, answer in _TABLE)


def answer(world: World, method: str, path: str, query: dict[str, str], given: Json, by: Asker) -> Any:
    """What a request is answered: JSON, or a status with it. `Answer` for everything else."""
    if path == "/user" and by.app is None:
        return by.user.json()
    if path == "/search/repositories":
        return search(world, query, by)
    if path == "/graphql":
        return graphql(world, given, by)
    found = re.fullmatch(r"/repos/([^/]+)/([^/]+)(/.*)?", path)
    if found is None:
        raise Answer(404, "Not Found")
    repo = world.repository(f"{unquote(found[1])}/{unquote(found[2])}")
    by.check(repo, "metadata", "read")
    for wanted, pattern, right, level, handler in _ROUTES:
        fits = pattern.fullmatch(found[3] or "") if wanted == method else None
        if fits is not None:
            by.check(repo, right, level)
            return handler(Asked(world, repo, by, query, given, tuple(unquote(word) for word in fits.groups())))
    raise Answer(404, "Not Found")
