"""Twenty people at once: what their dashboards take of the machine, and that nobody waits for the others."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from onloop.remote.http.web.web_settings import WebLimits
from support.page_line import PageLine
from web.conftest import Page, served

AT_ONCE = 20
MOST_BYTES = 2 << 30


def proportional_bytes(pid: int) -> int:
    """The memory of a process, with its share of what several have in common."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) * 1024 for row in rows if row.startswith("Pss:"))


def opened(page: Page, secret: str) -> PageLine:
    made = PageLine.opened(page.port, {"Origin": page.url, "Cookie": f"__Secure-onloop={secret}"})
    made.begin()
    return made


@pytest.mark.soak
def test_twenty_dashboards_at_once_take_less_than_two_gibibytes_and_answer() -> None:
    with served(WebLimits(apps=AT_ONCE, apps_of_one=AT_ONCE)) as page:
        secret, began = page.session(), time.monotonic()
        lines = [opened(page, secret) for _ in range(AT_ONCE)]
        assert all(line.shows("approve release") for line in lines)
        up_s = time.monotonic() - began
        apps = page.apps()
        assert len(apps) == AT_ONCE
        taken = [proportional_bytes(pid) for pid in apps]
        pressed_ms = []
        for line in lines:
            line.drawn = b""
            at = time.monotonic()
            line.say("stdin", "5")
            assert line.shows("[5 Log]")
            pressed_ms.append(round((time.monotonic() - at) * 1000))
        for line in lines:
            line.close()
        figures = {
            "dashboards": AT_ONCE,
            "MiB in all (PSS)": sum(taken) >> 20,
            "MiB of the largest": max(taken) >> 20,
            "s until all show": round(up_s, 1),
            "ms from key to drawn, median": sorted(pressed_ms)[len(pressed_ms) // 2],
        }
        print(json.dumps(figures))  # noqa: T201 - what -s shows
        assert sum(taken) < MOST_BYTES
        assert os.getpid() not in apps
