"""What holds for every test: none of them depends on how fast the machine is, and none compiles what another did."""

from __future__ import annotations

import compileall
import sys

import pytest
from hypothesis import HealthCheck, settings

from support.world import ROOT

settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


def pytest_configure(config: pytest.Config) -> None:
    """Compile once what hundreds of processes of ours import, also where the environment keeps them from it."""
    sys.dont_write_bytecode = False
    if not hasattr(config, "workerinput"):
        for part in ("core", "tui"):
            compileall.compile_dir(ROOT / part, quiet=2)
