"""Which commit a webhook is about: exactly where its event names it, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from onloop.triggers.gate_waking import commits_at

SHA = "a" * 40


@pytest.mark.parametrize(
    ("payload", "place", "found"),
    [
        ({"check_run": {"head_sha": SHA}}, ("check_run", "head_sha"), [SHA]),
        ({"pull_request": {"head": {"sha": SHA}}}, ("pull_request", "head", "sha"), [SHA]),
        ({"sha": SHA}, ("sha",), [SHA]),
        ({"check_run": {"head_sha": "../etc"}}, ("check_run", "head_sha"), []),
        ({"check_run": {"head_sha": [SHA]}}, ("check_run", "head_sha"), []),
        ({"check_run": [SHA]}, ("check_run", "head_sha"), []),
        ([], ("sha",), []),
        (None, ("sha",), []),
    ],
)
def test_a_commit_is_read_where_the_event_names_it(payload: Any, place: tuple[str, ...], found: list[str]) -> None:
    assert list(commits_at(json.dumps(payload), place)) == found


@pytest.mark.parametrize("body", ["", "no json", "[" * 100_000])
def test_a_body_that_is_no_json_names_none(body: str) -> None:
    assert list(commits_at(body, ("sha",))) == []
