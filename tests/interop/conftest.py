"""A world of its own for each trial."""

from __future__ import annotations

from e2e.conftest import world as world
