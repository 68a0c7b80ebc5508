"""`onloop workflow export` and `import`: the workflow on stdout, what was lost on stderr, and an exit code for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.zygote import Zygote
from support.zygote import zygote as started

PLAN = Path(__file__).with_name("examples") / "10-plan-implement.fabro"


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with started() as found:
        yield found
