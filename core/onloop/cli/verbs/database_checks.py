"""What `onloop doctor` says of a team's database."""

from __future__ import annotations

import os
from collections.abc import Iterator

from onloop.home import Home
from onloop.opened_store import with_postgres


def database_checks(home: Home) -> Iterator[tuple[str, bool, str]]:
    """Each finding: what was looked at, whether it is good, and in words; none where only a gateway may look."""
    if not home.database or "ONLOOP_URL" in os.environ or os.environ.get("ONLOOP_TOKEN"):
        return
    with with_postgres(home.name):
        from onloop.store.postgres.examination import examined  # here: it brings psycopg, which few stores need
    for finding in examined(home.database, home.name):
        yield finding.name, finding.good, finding.words
