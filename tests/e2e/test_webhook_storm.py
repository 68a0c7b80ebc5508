"""Webhooks by the hundred while the gateway is killed: what was answered with 202 is carried out, and nothing twice."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from pathlib import Path

import httpx
import pytest

from onloop.access.opening import open_file
from onloop.home import Home
from onloop.store.port import Store, TaskFilter
from onloop.store.rows import Delivery
from support.hooked import TRIGGERS, adopt, declare, issue, listening, project, send
from support.waiting import DEADLINE_S, wait_for
from support.world import WORKFLOW, World

SUBJECTS = 5
"""Of so many webhooks one is of each subject, and the others are folded into its task."""


@pytest.mark.parametrize(
    ("count", "kills", "within_s"), [(40, 2, 0.0), pytest.param(2_000, 12, 60.0, marks=pytest.mark.soak)]
)
def test_none_is_lost_and_none_is_carried_out_twice(count: int, kills: int, within_s: float, tmp_path: Path) -> None:
    world = World(tmp_path)
    world.init()
    declare(world)
    adopt(world, project(world, world.origin("shop"), WORKFLOW, TRIGGERS))
    answered, resent, began = list[str](), 0, time.monotonic()
    for part in range(kills + 1):
        process, url = listening(world)
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            for number in range(count * part // (kills + 1), count * (part + 1) // (kills + 1)):
                due = began + within_s * number / count
                wait_for(partial(_is_past, due), lambda: "time stands still")
                answer = send(client, issue("labeled", number // SUBJECTS, at=_at(number)), delivery=f"d-{number}")
                assert answer.status_code == 202, answer.text
                answered.append(answer.json()["delivery"])
                if number % 7 == 0:  # the sender did not hear the answer
                    again = send(client, issue("labeled", number // SUBJECTS, at=_at(number)), delivery=f"e-{number}")
                    resent += again.status_code == 202
        process.kill()
        process.communicate(timeout=DEADLINE_S)
    process, _ = listening(world)
    opened = open_file(Home(world.store))
    try:
        wait_for(lambda: not _waiting(opened.gateway.store), lambda: "webhooks still wait")
        with opened.gateway.store.reading() as at:
            rows = {row.id: row for row in at.select(Delivery)}
            begun = Counter(task.title for task in at.tasks(TaskFilter()))
    finally:
        opened.close()
        process.terminate()
        process.communicate(timeout=DEADLINE_S)

    assert rows.keys() == set(answered) and len(answered) == count
    assert {row.state for row in rows.values()} == {"done"}
    assert len(begun) == -(-count // SUBJECTS) and set(begun.values()) == {1}, begun.most_common(3)
    assert sum(row.times for row in rows.values()) == count + resent
    assert world.onloop("store", "verify").code == 0


def _at(number: int) -> str:
    return f"2023-11-14T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"


def _is_past(due: float) -> bool:
    return time.monotonic() >= due


def _waiting(store: Store) -> bool:
    with store.reading() as at:
        return bool(at.select(Delivery, state="waiting"))
