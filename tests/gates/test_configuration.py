"""Which changed files configure tests, or bring code into them that is no test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gates.desk import Desk, command
from onloop.gates.configuration import configuring
from onloop.gates.mirror import Mirror
from onloop.machine.task import Verdict

if TYPE_CHECKING:
    from gates.conftest import Origin

CONFIGURING = """
    conftest.py a/b/conftest.py pytest.ini setup.cfg pyproject.toml noxfile.py .coveragerc sub/Makefile
    lib/sitecustomize.py usercustomize.py evil.PTH package.json jest.config.mjs requirements-dev.txt a/uv.lock
    .github/workflows/ci.yml .onloop/feature.yaml pytest.py unittest/__init__.py
"""
OTHERS = "src/app.py tests/test_conftest.py docs/makefile.md a/pytest.py.txt x/github/a pytester/a.py"


def test_changes_of_test_configuration_are_on_record(origin: Origin, mirror: Mirror) -> None:
    desk = Desk(origin, mirror)
    desk.base({"tox.ini": "[pytest]\n", "src/app.py": "1"})
    subject = desk.submit({"tests/conftest.py": "", "src/app.py": "2", "x.pth": "import os"}, "tox.ini")
    evidence = desk.ask(command("true"), subject)
    assert evidence.verdict is Verdict.PASS
    assert evidence.changed_config == ("tests/conftest.py", "tox.ini", "x.pth")


@pytest.mark.parametrize("path", CONFIGURING.split())
def test_what_configures_tests_is_known(path: str) -> None:
    assert configuring(["src/app.py", path]) == (path,)


@pytest.mark.parametrize("path", OTHERS.split())
def test_what_configures_nothing_is_left_out(path: str) -> None:
    assert configuring([path]) == ()
