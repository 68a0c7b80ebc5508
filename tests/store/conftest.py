"""Gateways that share one team's database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from onloop.store.postgres.postgres_store import PostgresStore
from support.team_store import opened_team_store, team_database, team_server

NEVER_IDLE = "SELECT set_config('idle_in_transaction_session_timeout', '0', false)"
"""A test waits within transactions, and may be on a machine that is very busy."""


@pytest.fixture
def database() -> Iterator[str]:
    name = team_database()
    yield name
    team_server().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def stores(database: str, tmp_path: Path) -> Iterator[list[PostgresStore]]:
    """Three gateways' connections to one database."""
    with ExitStack() as open_now:
        made = list[PostgresStore]()
        for number in range(3):
            (folder := tmp_path / f"host{number}").mkdir()
            made.append(opened_team_store(database, folder))
            open_now.callback(made[-1].close)
            made[-1].link.rows(NEVER_IDLE)
        yield made
