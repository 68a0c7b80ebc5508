"""Files of schedules: what they say, and that every problem has its line and column."""

from __future__ import annotations

import jsonschema_rs
import pytest

from onloop.errors import WorkflowError
from onloop.machine.schedules import Missed, Overlap
from onloop.schedules.schedule_file import load_schedules, schedules_schema
from onloop.workflow.document import read
from onloop.workflow.positioned_tree import plain

FILE = b"""\
schedules:
  - id: nightly-updates
    cron: "30 2 * * *"
    zone: Europe/Berlin
    do: {workflow: dependency-update, repo: https://forge.example/acme/shop.git, title: Update what it stands on}
    jitter: 10m
  - id: weekly-audit
    cron: "0 6 * * MON"
    zone: UTC
    do: {fleet: .onloop/fleets/audit.yaml, control: https://forge.example/acme/control.git}
    overlap: queue
    missed: skip
"""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(WorkflowError) as refused:
        load_schedules(text.encode(), "schedules.yaml")
    return tuple(refused.value.problems)


def test_a_file_says_what_begins_when_and_what_happens_where_that_is_not_easy() -> None:
    nightly, weekly = load_schedules(FILE, "schedules.yaml")

    assert (nightly.name, nightly.cron, nightly.zone) == ("nightly-updates", "30 2 * * *", "Europe/Berlin")
    assert (nightly.overlap, nightly.missed, nightly.jitter_ms) == (Overlap.SKIP, Missed.ONCE, 600_000)
    assert (weekly.begins.fleet, weekly.overlap, weekly.missed) == (
        ".onloop/fleets/audit.yaml",
        Overlap.QUEUE,
        Missed.SKIP,
    )


def test_what_loads_fits_the_schema() -> None:
    root = read(FILE).root

    assert root is not None
    assert jsonschema_rs.validator_for(schedules_schema()).is_valid(plain(root))


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ('"30 2 * * *"', '"30 2 * *"', ":3:11:", "4 fields"),
        ("Europe/Berlin", "Europe/Berlim", ":4:11:", "Europe/Berlin"),
        ("weekly-audit", "nightly-updates", ":7:9:", "twice"),
        ("overlap: queue", "overlap: wait", ":11:14:", "queue"),
        ("missed: skip", "missd: skip", ":12:5:", "missed"),
        ("jitter: 10m", "jitter: 2h", ":6:13:", "hour"),
        ("workflow: dependency-update, ", "", ":5:", "names nothing"),
        (", control: https://forge.example/acme/control.git", "", ":10:", "control"),
        ("dependency-update", "dependency-updat", ":5:20:", "dependency-update"),
        ("repo: https://forge.example/acme/shop.git, ", "", ":5:", "repo"),
    ],
)
def test_every_problem_has_its_place_and_says_what_would_work(old: str, new: str, place: str, words: str) -> None:
    text = FILE.decode().replace(old, new, 1)
    assert text != FILE.decode()

    told = problems(text)

    assert any(place in each and words in each for each in told), told
