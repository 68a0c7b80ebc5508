"""Shops to which webhooks come, over a file or in memory, or where a test says so a team's database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.conftest import shop_over
from gateway.shop import Shop


@pytest.fixture(params=["memory", "sqlite"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop over a kind of store."""
    yield from shop_over(request.param, tmp_path)
