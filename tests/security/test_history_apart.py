"""Agents of users who reach no origin: their clones come through the gateway, with what others handed in before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from security.four_users import AGENT, OTHER, FourUsers, four_users, why_not
from support.waiting import wait_for
from support.world import Ran

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

WORKFLOW = """\
workflow: small
description: Make it say hello.
steps:
  - id: develop.write
    role: implementer
    rounds: 3
    attempts: {max: 3, backoff: 1s}
    gates: [{id: hello, file: {path: hello.txt, contains: hello}}]
  - id: ship.approve
    gates: [{id: release, human: {from: [approvers]}}]
    on_reject: develop.write
"""


@pytest.fixture
def users() -> Iterator[FourUsers]:
    with tempfile.TemporaryDirectory(prefix="onloop-apart-") as name, four_users(Path(name)) as made:
        yield made


def test_who_reaches_no_origin_goes_on_where_another_user_left_off(users: FourUsers) -> None:
    users.origin("shop", {"README.md": "# shop\n", "small.yaml": WORKFLOW})
    os.chmod(users.origins, 0o700)  # noqa: PTH101 - its owner's alone
    origin = f"{users.origins}/shop.git"
    begun = users.run(users.owner, "start", "small.yaml", "--repo", origin, "--title", "Hello", "--json")
    assert begun.code == 0, begun.err

    first = users.run(AGENT, "claim", "--role", "implementer", "--name", "ada", "--json")
    assert first.code == 0, first.err
    env, place = first.json["env"], Path(first.json["place"])
    work = "echo half > half.txt; git add -A; git commit -qm half; git rev-parse HEAD"
    head = users.call(AGENT, "sh", "-ec", work, env=env, cwd=place).out.strip()
    handed = users.run(AGENT, "submit", "--json", env=env, cwd=place)
    left = users.run(AGENT, "release", env=env, cwd=place)
    second = wait_for(lambda: _claimed(users), lambda: "the task never waits again")

    assert "history came through the gateway" in first.err
    assert (handed.code, left.code, second.code) == (12, 0, 0), (handed.err, left.err, second.err)
    there = Path(second.json["place"])
    assert there != place
    found = users.call(OTHER, "git", "log", "--format=%H %an", "-1", env=second.json["env"], cwd=there).out.split()
    assert found == [head, "ada"]
    more = "echo hello > hello.txt; git add -A; git commit -qm done"
    assert users.call(OTHER, "sh", "-ec", more, env=second.json["env"], cwd=there).code == 0
    assert users.run(OTHER, "submit", "--json", env=second.json["env"], cwd=there).code == 0


def _claimed(users: FourUsers) -> Ran | None:
    """What the other user's claim gave, once the task waits again."""
    ran = users.run(OTHER, "claim", "--role", "implementer", "--name", "eve", "--json")
    return None if ran.code == 15 else ran
