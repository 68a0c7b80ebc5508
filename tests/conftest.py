"""What holds for every test: none of them depends on how fast the machine is, and none compiles what another did."""

from __future__ import annotations

import asyncio
import compileall
import inspect
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from support.world import ROOT

if TYPE_CHECKING:
    from support.forge import TestForge

settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("soak", settings.get_profile("any speed"), max_examples=1_000)
settings.load_profile("any speed")


def pytest_configure(config: pytest.Config) -> None:
    """Compile once what hundreds of processes of ours import, also where the environment keeps them from it."""
    sys.dont_write_bytecode = False
    os.environ["TZ"] = "UTC"  # what people are shown is in the zone of whoever runs the tests
    time.tzset()
    if not hasattr(config, "workerinput"):
        for part in ("core", "tui"):
            compileall.compile_dir(ROOT / part, quiet=2)


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[TestForge]:
    """The test forge (`support.forge`), with the repository acme/app in it."""
    from support.forge import APP, TestForge  # here: few tests need it

    with TestForge(tmp_path / "forge") as made:
        made.repository(APP)
        yield made


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that is a coroutine has an event loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}))
    return True
