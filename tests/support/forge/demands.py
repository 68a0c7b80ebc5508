"""What the test forge demands before a pull request is merged: checks with their app, reviews, the newest base."""

from __future__ import annotations

from collections.abc import Sequence

from support.forge.forge_world import Json, Repository, User

Required = Sequence[tuple[str, int | None]]


def protect(
    repo: Repository,
    branch: str,
    checks: Required,
    approvals: int,
    *,
    strict: bool,
    admins: bool,
    queue: bool,
    ruleset: bool,
) -> None:
    """Set the rules of a branch, as the older protection or as a ruleset; a merge queue is always a ruleset's."""
    demanded = [{"context": name, "app_id": app} for name, app in checks]
    rules: list[Json] = [{"type": "merge_queue", "parameters": {"merge_method": "MERGE"}}] if queue else []
    repo.protection.pop(branch, None)
    if ruleset:
        of_app = [{"context": name, **({"integration_id": app} if app else {})} for name, app in checks]
        status = {"required_status_checks": of_app, "strict_required_status_checks_policy": strict}
        rules += [
            {"type": "required_status_checks", "parameters": status},
            {"type": "pull_request", "parameters": {"required_approving_review_count": approvals}},
            {"type": "non_fast_forward"},
        ]
    else:
        repo.protection[branch] = {
            "required_status_checks": {"strict": strict, "contexts": [name for name, _ in checks], "checks": demanded},
            "enforce_admins": {"enabled": admins},
            "required_pull_request_reviews": {"required_approving_review_count": approvals},
            "required_linear_history": {"enabled": False},
            "allow_force_pushes": {"enabled": False},
        }
    repo.rulesets[branch] = rules
    repo.git.protect([*repo.protection, *(name for name, found in repo.rulesets.items() if found)])


def required(repo: Repository, branch: str) -> list[tuple[str, int | None]]:
    """The checks that a branch demands."""
    found = [
        (each["context"], each["app_id"])
        for each in repo.protection.get(branch, {}).get("required_status_checks", {}).get("checks", [])
    ]
    for rule in repo.rulesets.get(branch, []):
        if rule["type"] == "required_status_checks":
            found += [
                (each["context"], each.get("integration_id")) for each in rule["parameters"]["required_status_checks"]
            ]
    return found


def has_queue(repo: Repository, branch: str) -> bool:
    """Whether a branch has a merge queue."""
    return any(rule["type"] == "merge_queue" for rule in repo.rulesets.get(branch, []))


def unmet_checks(repo: Repository, branch: str, sha: str) -> list[str]:
    """The required checks that a commit lacks."""
    return [name for name, app in required(repo, branch) if not _passes(repo, name, app, sha)]


def _passes(repo: Repository, name: str, app: int | None, sha: str) -> bool:
    runs = [each for each in repo.checks if (each["name"], each["head_sha"]) == (name, sha)]
    runs = [each for each in runs if app in {None, each["app"]["id"]}]
    if runs:
        return runs[-1]["conclusion"] in {"success", "neutral", "skipped"}
    said = [each for each in repo.statuses if (each["context"], each["sha"]) == (name, sha)]
    said = [each for each in said if app in {None, each["app_id"]}]
    return bool(said) and said[-1]["state"] == "success"


def approvals_of(repo: Repository, number: int) -> int:
    """How many people with write access approve the pull request as it is."""
    newest: dict[str, str] = {}
    for review in repo.reviews[number]:
        if review["state"] != "COMMENTED":
            newest[review["user"]["login"]] = review["state"]
    writers = {"admin", "write"}
    return sum(
        state == "APPROVED" and repo.permission(repo.world.account(login)) in writers for login, state in newest.items()
    )


def unmet(repo: Repository, number: int, by: User | None = None) -> list[str]:
    """Why a pull request may not be merged now; nothing for an admin whom the rules do not bind."""
    kept = repo.pulls[number]
    branch = kept["base"]
    old = repo.protection.get(branch)
    binds_all = old is None or repo.rulesets.get(branch) or old["enforce_admins"]["enabled"]
    if not binds_all and by is not None and repo.permission(by) == "admin":
        return []
    why = [f'Required status check "{name}" is expected.' for name in unmet_checks(repo, branch, kept["head_sha"])]
    least = [old["required_pull_request_reviews"]["required_approving_review_count"]] if old else []
    rules = repo.rulesets.get(branch, [])
    least += [r["parameters"]["required_approving_review_count"] for r in rules if r["type"] == "pull_request"]
    if approvals_of(repo, number) < max((*least, 0)):
        why.append(f"At least {max(least)} approving review is required by reviewers with write access.")
    strict = old is not None and old["required_status_checks"]["strict"]
    if strict and not repo.git.contains(f"refs/heads/{branch}", kept["head_sha"]):
        why.append("Head branch is out of date")
    return why
