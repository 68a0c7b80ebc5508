"""A world of its own for each test that runs commands."""

from __future__ import annotations

from e2e.conftest import world as world
