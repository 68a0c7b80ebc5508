"""What happens in the test forge, whoever has it happen: over the API, or as a person in a test."""

from __future__ import annotations

from typing import Any

from support.forge.bare_git import Conflict
from support.forge.demands import has_queue, unmet, unmet_checks
from support.forge.forge_world import Answer, App, Json, Repository, User


def open_issue(repo: Repository, by: User, title: str, body: str = "", labels: tuple[str, ...] = ()) -> Json:
    """A new issue."""
    issue = _issue(repo, by, title, body, labels)
    _tell_issue(repo, "opened", issue, by)
    return issue


def _issue(repo: Repository, by: User, title: str, body: str, labels: tuple[str, ...]) -> Json:
    number, world = repo.number(), repo.world
    issue: Json = {
        "number": number,
        "id": world.id(),
        "url": f"{repo.api}/issues/{number}",
        "repository_url": repo.api,
        "html_url": f"{world.web}/{repo.full_name}/issues/{number}",
        "state": "open",
        "title": title,
        "body": body,
        "user": by.json(),
        "labels": [_label(name) for name in labels],
        "assignees": [],
        "created_at": world.now(),
        "updated_at": world.now(),
        "closed_at": None,
    }
    repo.issues[number] = issue
    repo.comments[number] = []
    return issue


def _label(name: str) -> Json:
    return {"name": name, "color": "ededed", "description": ""}


def _tell_issue(repo: Repository, action: str, issue: Json, by: User, **more: Any) -> None:
    repo.world.tell(repo, "issues", {"action": action, "issue": issue, **more}, by)


def change_issue(repo: Repository, by: User, number: int, given: Json) -> Json:
    """Set the title, body, state, labels or assignees of an issue or pull request."""
    issue, world = found(repo.issues, number), repo.world
    is_pull = number in repo.pulls
    issue["updated_at"] = world.now()
    if "labels" in given:
        given = {**given, "labels": [_label(name) for name in given["labels"]]}
    if "assignees" in given:
        given = {**given, "assignees": [world.account(login).json() for login in given["assignees"]]}
    before = dict(issue)
    for name in ("title", "body", "state", "labels", "assignees"):
        issue[name] = given.get(name, issue[name])
    if before["state"] != issue["state"]:
        issue["closed_at"] = world.now() if issue["state"] == "closed" else None
    action = _action(before, issue)
    if action and is_pull:
        tell_pull(repo, action, number, by)
    elif action:
        _tell_issue(repo, action, issue, by)
    return issue


def _action(before: Json, now: Json) -> str:
    if before["state"] != now["state"]:
        return "closed" if now["state"] == "closed" else "reopened"
    if before["labels"] != now["labels"]:
        return "labeled" if len(now["labels"]) >= len(before["labels"]) else "unlabeled"
    if before["assignees"] != now["assignees"]:
        return "assigned"
    return "edited" if (before["title"], before["body"]) != (now["title"], now["body"]) else ""


def open_pull(
    repo: Repository, by: User, head: str, base: str, title: str, body: str = "", *, draft: bool = False
) -> Json:
    """A new pull request; 422 where there is one open already, or nothing to pull."""
    owner, _, branch = head.rpartition(":")
    source = repo if owner in {"", repo.owner} else repo.world.repository(f"{owner}/{repo.name}")
    sha, onto = source.git.commit(f"refs/heads/{branch}"), repo.git.commit(f"refs/heads/{base}")
    if not sha or not onto:
        field = "head" if not sha else "base"
        error = {"resource": "PullRequest", "field": field, "code": "invalid"}
        raise Answer(422, "Validation Failed", errors=[error])
    if source is not repo:
        repo.git.run("fetch", "-q", str(source.git.path), sha)
    for number, kept in repo.pulls.items():
        is_same = (kept["source"], kept["head"], kept["base"]) == (source.full_name, branch, base)
        if is_same and repo.issues[number]["state"] == "open":
            words = f"A pull request already exists for {source.owner}:{branch}."
            raise Answer(422, "Validation Failed", errors=[{"code": "custom", "message": words}])
    if repo.git.contains(sha, onto):
        words = f"No commits between {base} and {branch}"
        raise Answer(422, "Validation Failed", errors=[{"code": "custom", "message": words}])
    issue = _issue(repo, by, title, body, ())
    number = issue["number"]
    issue["pull_request"] = {"url": f"{repo.api}/pulls/{number}"}
    repo.pulls[number] = {
        "id": repo.world.id(),
        "head": branch,
        "source": source.full_name,
        "head_sha": sha,
        "base": base,
        "base_sha": onto,
        "draft": draft,
        "reviewers": [],
        "merged_at": None,
        "merge_sha": None,
    }
    repo.reviews[number], repo.line_comments[number] = [], []
    repo.git.set_ref(f"refs/pull/{number}/head", sha)
    tell_pull(repo, "opened", number, by)
    return repo.pull_json(number)


def tell_pull(repo: Repository, action: str, number: int, by: User, **more: Any) -> None:
    """Tell of a pull request."""
    repo.world.tell(repo, "pull_request", {"action": action, "number": number, **more}, by)


def found(known: dict[int, Json], number: int) -> Json:
    """What has a number; 404 if nothing has."""
    if number not in known:
        raise Answer(404, "Not Found")
    return known[number]


def comment(repo: Repository, by: User, number: int, body: str) -> Json:
    """A new comment."""
    issue, world = found(repo.issues, number), repo.world
    if not body.strip() or len(body) > 65_536:
        raise Answer(422, "Validation Failed", errors=[{"code": "invalid", "field": "body"}])
    made: Json = {
        "id": world.id(),
        "body": body,
        "user": by.json(),
        "html_url": f"{issue['html_url']}#issuecomment",
        "issue_url": issue["url"],
        "created_at": world.now(),
        "updated_at": world.now(),
    }
    repo.comments[number].append(made)
    issue["updated_at"] = world.now()
    world.tell(repo, "issue_comment", {"action": "created", "issue": issue, "comment": made}, by)
    return made


def edit_comment(repo: Repository, by: User, comment_id: int, body: str) -> Json:
    """Set the text of a comment."""
    for number, comments in repo.comments.items():
        for made in comments:
            if made["id"] == comment_id:
                made.update(body=body, updated_at=repo.world.now())
                event = {"action": "edited", "issue": repo.issues[number], "comment": made}
                repo.world.tell(repo, "issue_comment", event, by)
                return made
    raise Answer(404, "Not Found")


def review(repo: Repository, by: User, number: int, state: str, body: str = "", commit: str = "") -> Json:
    """A new review: APPROVED, CHANGES_REQUESTED or COMMENTED."""
    kept, world = found(repo.pulls, number), repo.world
    if repo.issues[number]["user"]["login"] == by.login and state != "COMMENTED":
        raise Answer(422, "Unprocessable Entity", errors=["Can not approve your own pull request"])
    made: Json = {
        "id": world.id(),
        "user": by.json(),
        "state": state,
        "body": body,
        "commit_id": commit or kept["head_sha"],
        "pull_request_url": f"{repo.api}/pulls/{number}",
        "html_url": f"{world.web}/{repo.full_name}/pull/{number}#pullrequestreview",
        "submitted_at": world.now(),
    }
    repo.reviews[number].append(made)
    event = {"action": "submitted", "number": number, "review": {**made, "state": state.lower()}}
    world.tell(repo, "pull_request_review", event, by)
    advance(repo)
    return made


def line_comment(repo: Repository, by: User, number: int, body: str, path: str, line: int) -> Json:
    """A comment on a line of a change."""
    kept, world = found(repo.pulls, number), repo.world
    made: Json = {
        "id": world.id(),
        "user": by.json(),
        "body": body,
        "path": path,
        "line": line,
        "commit_id": kept["head_sha"],
        "created_at": world.now(),
        "html_url": f"{world.web}/{repo.full_name}/pull/{number}#discussion",
        "pull_request_url": f"{repo.api}/pulls/{number}",
    }
    repo.line_comments[number].append(made)
    event = {"action": "created", "number": number, "comment": made}
    world.tell(repo, "pull_request_review_comment", event, by)
    return made


def check(repo: Repository, app: App, given: Json, known: Json | None = None) -> Json:
    """A check run, new or changed."""
    world = repo.world
    run = known
    if run is None:
        if not repo.git.commit(given.get("head_sha", "")):
            raise Answer(422, f"No commit found for SHA: {given.get('head_sha')}")
        run = {
            "id": world.id(),
            "name": given["name"],
            "head_sha": given["head_sha"],
            "external_id": given.get("external_id", ""),
            "app": app.json(),
            "status": "queued",
            "conclusion": None,
            "started_at": world.now(),
            "completed_at": None,
            "details_url": None,
            "output": {"title": None, "summary": None},
            "pull_requests": [],
        }
        run["html_url"] = f"{world.web}/{repo.full_name}/runs/{run['id']}"
        repo.checks.append(run)
    run.update({name: given[name] for name in ("status", "conclusion", "details_url", "output") if given.get(name)})
    if given.get("status") in {"queued", "in_progress"} and not given.get("conclusion"):
        run.update(conclusion=None, completed_at=None)
    if run["conclusion"]:
        run.update(status="completed", completed_at=world.now())
    action = "completed" if run["status"] == "completed" else "created"
    if known is None or action == "completed":
        world.tell(repo, "check_run", {"action": action, "check_run": run}, app.user)
    advance(repo)
    return run


def status(repo: Repository, by: User, sha: str, given: Json, app_id: int | None = None) -> Json:
    """A status."""
    if not repo.git.commit(sha):
        raise Answer(422, f"No commit found for SHA: {sha}")
    if given.get("state") not in {"error", "failure", "pending", "success"}:
        raise Answer(422, "Validation Failed", errors=[{"code": "custom", "field": "state"}])
    made: Json = {
        "id": repo.world.id(),
        "sha": sha,
        "context": given.get("context", "default"),
        "state": given["state"],
        "description": given.get("description"),
        "target_url": given.get("target_url"),
        "creator": by.json(),
        "app_id": app_id,
        "created_at": repo.world.now(),
    }
    repo.statuses.append(made)
    repo.world.tell(repo, "status", dict(made), by)
    advance(repo)
    return made


def merge(repo: Repository, by: User, number: int, given: Json, *, passes_rules: bool = False) -> Json:
    """Merge a pull request: 405 where rules are unmet or it conflicts, 409 where its head has moved."""
    kept, issue = found(repo.pulls, number), repo.issues[number]
    if issue["state"] != "open" or kept["draft"]:
        raise Answer(405, "Pull Request is not mergeable")
    if given.get("sha") and given["sha"] != kept["head_sha"]:
        raise Answer(409, "Head branch was modified. Review and try the merge again.")
    if not passes_rules and has_queue(repo, kept["base"]):
        raise Answer(405, "Changes must be made through the merge queue")
    if not passes_rules and (why := unmet(repo, number, by)):
        raise Answer(405, " ".join(why))
    method = given.get("merge_method", "merge")
    title = given.get("commit_title") or f"Merge pull request #{number} from {kept['source']}/{kept['head']}"
    message = f"{title}\n\n{given.get('commit_message') or issue['title']}"
    onto = repo.git.commit(f"refs/heads/{kept['base']}")
    try:
        sha = repo.git.merged(onto, kept["head_sha"], method, message)
    except Conflict:
        raise Answer(405, "Merge conflict") from None
    finish(repo, by, number, sha)
    return {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}


def finish(repo: Repository, by: User, number: int, sha: str) -> None:
    """The base has the pull request's work now."""
    kept, issue, now = repo.pulls[number], repo.issues[number], repo.world.now()
    repo.git.set_ref(f"refs/heads/{kept['base']}", sha)
    kept.update(merged_at=now, merge_sha=sha)
    issue.update(state="closed", closed_at=now, updated_at=now)
    repo.auto_merge.pop(number, None)
    repo.queue.pop(number, None)
    tell_pull(repo, "closed", number, by)


def set_auto_merge(repo: Repository, by: User, number: int, method: str) -> None:
    """Merge it as soon as the rules are met; refused where they are met already, as GitHub does."""
    found(repo.pulls, number)
    if not unmet(repo, number):
        raise Answer(200, "Pull request is in clean status")
    repo.auto_merge[number] = {"merge_method": method.lower(), "enabled_by": by.json()}
    tell_pull(repo, "auto_merge_enabled", number, by)


def enqueue(repo: Repository, by: User, number: int) -> None:
    """Put it into the merge queue: a group's commit is made, of which checks are then asked."""
    kept = found(repo.pulls, number)
    if not has_queue(repo, kept["base"]):
        raise Answer(200, "Merge queue is not enabled")
    base = repo.git.commit(f"refs/heads/{kept['base']}")
    tip = [each["head_sha"] for each in repo.queue.values() if each["base_ref"] == f"refs/heads/{kept['base']}"]
    try:
        sha = repo.git.merged(tip[-1] if tip else base, kept["head_sha"], "merge", f"Merge pull request #{number}")
    except Conflict:
        raise Answer(200, "Pull request has a conflict with the queue") from None
    ref = f"refs/heads/gh-readonly-queue/{kept['base']}/pr-{number}-{base}"
    repo.git.set_ref(ref, sha)
    repo.seen[ref] = sha
    group = {"head_sha": sha, "head_ref": ref, "base_ref": f"refs/heads/{kept['base']}", "base_sha": base}
    repo.queue[number] = group
    tell_pull(repo, "enqueued", number, by)
    repo.world.tell(repo, "merge_group", {"action": "checks_requested", "merge_group": group}, by)
    advance(repo)


def advance(repo: Repository) -> None:
    """Merge what waits and may be merged now: by the queue in its order, and automatically."""
    by = repo.world.account(repo.owner)
    for number, group in tuple(repo.queue.items()):
        branch = group["base_ref"].removeprefix("refs/heads/")
        if unmet_checks(repo, branch, group["head_sha"]):
            break
        repo.world.tell(repo, "merge_group", {"action": "destroyed", "reason": "merged", "merge_group": group}, by)
        repo.git.set_ref(group["head_ref"], "")
        repo.seen.pop(group["head_ref"], None)
        finish(repo, by, number, group["head_sha"])
    for number, asked in tuple(repo.auto_merge.items()):
        if repo.issues[number]["state"] == "open" and not unmet(repo, number):
            merge(repo, by, number, {"merge_method": asked["merge_method"]}, passes_rules=True)


def run_workflow(repo: Repository, by: User, workflow: str, sha: str, event: str, branch: str, **more: Any) -> Json:
    """A run of the CI, which has begun."""
    run: Json = {
        "id": repo.world.id(),
        "name": workflow.removesuffix(".yml"),
        "path": f".github/workflows/{workflow}",
        "head_sha": sha,
        "head_branch": branch,
        "event": event,
        "status": "in_progress",
        "conclusion": None,
        "created_at": repo.world.now(),
        "jobs": [],
        **more,
    }
    run["html_url"] = f"{repo.world.web}/{repo.full_name}/actions/runs/{run['id']}"
    repo.runs.insert(0, run)
    repo.world.tell(repo, "workflow_run", {"action": "requested", "workflow_run": run}, by)
    return run


def end_workflow(repo: Repository, run_id: int, conclusion: str, log: str = "") -> Json:
    """A run of the CI ends; its one job has a log."""
    run = next(each for each in repo.runs if each["id"] == run_id)
    job: Json = {
        "id": repo.world.id(),
        "run_id": run_id,
        "name": "test",
        "status": "completed",
        "conclusion": conclusion,
    }
    run.update(status="completed", conclusion=conclusion, jobs=[job])
    repo.logs[job["id"]] = log
    by = repo.world.account(repo.owner)
    repo.world.tell(repo, "workflow_run", {"action": "completed", "workflow_run": run}, by)
    return run
