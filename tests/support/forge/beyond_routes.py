"""What the test forge answers that is of no one repository: search, and GraphQL."""

from __future__ import annotations

from typing import Any

from support.forge import deeds
from support.forge.asking import Asker
from support.forge.forge_world import Answer, Json, Repository, World


def search(world: World, query: dict[str, str], by: Asker) -> Any:
    words = query.get("q", "").split()
    found = [repo for repo in world.repositories.values() if not repo.deleted and _matches(repo, words)]
    items = [repo.json() for repo in found if not repo.private or by.app or repo.permission(by.user) != "none"]
    return {"total_count": len(items), "incomplete_results": False, "items": items}


def _matches(repo: Repository, words: list[str]) -> bool:
    for word in words:
        key, _, value = word.partition(":")
        if not value and word.lower() not in repo.name.lower():
            return False
        if key in {"org", "user"} and repo.owner.lower() != value.lower():
            return False
        if (key == "topic" and value not in repo.topics) or (key == "archived" and str(repo.archived).lower() != value):
            return False
    return True


def graphql(world: World, given: Json, by: Asker) -> Any:
    variables = given["variables"]
    repo, number = next(
        (
            (repo, number)
            for repo in world.repositories.values()
            for number in repo.pulls
            if repo.pull_json(number)["node_id"] == variables["pull"]
        ),
        (None, 0),
    )
    if repo is None:
        return {"data": {}, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve to a node"}]}
    try:
        by.check(repo, "contents", "write")
        if variables.get("sha") not in {None, repo.pulls[number]["head_sha"]}:
            raise Answer(200, "Head sha didn't match expected head oid")
        if "enqueuePullRequest" in given["query"]:
            deeds.enqueue(repo, by.user, number)
        else:
            deeds.set_auto_merge(repo, by.user, number, variables["method"])
    except Answer as no:
        return {"data": {}, "errors": [{"type": "UNPROCESSABLE", "message": no.message}]}
    return {"data": {"done": {"clientMutationId": None}}}
