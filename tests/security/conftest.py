"""Attacks are tried on shops over a file, as the tests of the gateway have them, and on the real command line."""

from __future__ import annotations

from e2e.conftest import world as world
from gateway.conftest import durable as durable
