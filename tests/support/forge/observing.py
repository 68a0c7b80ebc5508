"""What the test forge notices of pushes: new commits of branches, which pull requests have them, and tags."""

from __future__ import annotations

from support.forge.bare_git import ZERO
from support.forge.forge_world import Json, Repository, User, World


def observe(world: World) -> None:
    """Compare every repository with what it was, and tell what has changed."""
    for repo in tuple(world.repositories.values()):
        if not repo.deleted:
            _observe(world, repo)


def _observe(world: World, repo: Repository) -> None:
    now = repo.git.refs()
    if now == repo.seen:
        return
    before, repo.seen = repo.seen, now
    by = world.account(repo.owner)
    for ref in sorted({*before, *now}):
        old, new = before.get(ref, ZERO), now.get(ref, ZERO)
        if old != new:
            _pushed(world, repo, ref, old, new, by)


def _pushed(world: World, repo: Repository, ref: str, old: str, new: str, by: User) -> None:
    event: Json = {
        "ref": ref,
        "before": old,
        "after": new,
        "created": old == ZERO,
        "deleted": new == ZERO,
        "forced": ZERO not in (old, new) and not repo.git.contains(old, new),
        "pusher": {"name": by.login},
        "head_commit": None if new == ZERO else {"id": new},
    }
    world.tell(repo, "push", event, by)
    if not ref.startswith("refs/heads/"):
        return
    branch = ref.removeprefix("refs/heads/")
    for target, number, kept in tuple(world.pulls_of(repo)):
        if kept["head"] == branch and target.issues[number]["state"] == "open":
            _moved(world, target, number, kept, old, new, by)


def _moved(world: World, target: Repository, number: int, kept: Json, old: str, new: str, by: User) -> None:
    issue = target.issues[number]
    issue["updated_at"] = world.now()
    if new == ZERO:
        issue.update(state="closed", closed_at=world.now())
        world.tell(target, "pull_request", {"action": "closed", "number": number}, by)
        return
    kept["head_sha"] = new
    if kept["source"] != target.full_name:
        target.git.run("fetch", "-q", str(world.repositories[kept["source"]].git.path), new)
    target.git.set_ref(f"refs/pull/{number}/head", new)
    if kept.get("dismiss_stale"):
        for review in target.reviews[number]:
            review["state"] = "DISMISSED" if review["state"] == "APPROVED" else review["state"]
    event = {"action": "synchronize", "number": number, "before": old, "after": new}
    world.tell(target, "pull_request", event, by)
