"""Gateways behind their doors, for whoever attacks them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from network.far import Far, far_gateway


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Far]:
    """A gateway with one task that waits, `r1`."""
    with far_gateway(tmp_path) as made:
        made.shop.begin()
        yield made
