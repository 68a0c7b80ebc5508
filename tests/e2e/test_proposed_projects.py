"""`init --repo` on fresh repositories of real projects of six build systems: proved green, or said plainly why not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gates.test_real_projects import sources
from support.world import World

pytestmark = pytest.mark.projects

PROJECTS = {
    "poetry": "tinydb",
    "hatch, with the version from git": "humanize",
    "setuptools, with sources to compile": "wcwidth",
    "flit": "click",
    "setuptools_scm": "pluggy",
    "a C extension": "markupsafe",
}


@pytest.mark.parametrize("project", PROJECTS.values(), ids=PROJECTS)
def test_a_real_project_gets_a_workflow_that_is_green_on_its_base(world: World, project: str, tmp_path: Path) -> None:
    world.init()
    (tmp_path / "download").mkdir()
    checkout = world.folder / project
    shutil.copytree(sources(project, tmp_path / "download"), checkout)
    world.git(checkout, "init", "--quiet", "--initial-branch=main")
    world.git(checkout, "add", "--all", "--force")
    world.git(checkout, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "-m", "Begin")

    proposed = world.onloop("init", "--repo", ".", "--json", cwd=checkout)

    assert proposed.json["green"], proposed.err
