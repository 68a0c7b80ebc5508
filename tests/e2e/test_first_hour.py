"""The first hour of somebody new, as README and the tutorial have it: a real project, a real agent, a terminal."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gates.test_real_projects import sources
from guides.pages import GUIDES, PAGES, blocks, text_of
from onloop.agents.hooks.loopback_model import loopback_model
from onloop.agents.hooks.loopback_script import Run, Say, Script
from onloop.agents.hooks.rehearsal import loopback_flags
from onloop.agents.vendors.claude import CLAUDE
from support.tmux_pane import Pane, needs_tmux, shell
from support.waiting import wait_for
from support.world import PASSPHRASE, ROOT, World

pytestmark = [pytest.mark.terminal, pytest.mark.agents, pytest.mark.projects, needs_tmux]

PROJECT = "iniconfig==2.3.1"
MOST_COMMANDS = 15
LONGEST_S = 900.0
INSTALL = "python3 -m venv --upgrade-deps .venv && .venv/bin/pip install -e ."
COMMIT = 'git add -A && git commit -qm "Read options with a default"'
TEST = "testing/test_more.py"
WRONG = f"printf 'def test_more() -> None:\\n    assert False\\n' > {TEST} && {COMMIT}"
RIGHT = f"sed -i 's/assert False/assert True/' {TEST} && {COMMIT}"
ASKED = re.compile(r"(?:assphrase[^\n]*|Again):$", re.MULTILINE)
PROMPT = "[$?/\\#] $ "
"""With the exit code of the command before, and a number that says that it has ended."""


@dataclass(slots=True)
class Newcomer:
    """Types commands into a terminal, and a passphrase where one is asked for."""

    pane: Pane
    answered: int = 0
    took: list[tuple[str, float]] = field(default_factory=list)

    def types(self, command: str) -> str:
        """What the command printed, once it has ended with 0."""
        began, number = time.monotonic(), len(self.took) + 1
        self.pane.type(command)
        self.pane.press("Enter")
        ended = re.compile(rf"^\[(\d+)/{number + 1}\] \$", re.MULTILINE)
        found = wait_for(lambda: ended.search(self._reads()), lambda: f"{command}:\n{self._reads()}", LONGEST_S)
        self.took.append((command, time.monotonic() - began))
        printed = self._reads().rpartition(f"/{number}] $")[2]
        assert found[1] == "0", printed
        return printed

    def _reads(self) -> str:
        """Everything that was on the screen; what is asked for by now is answered."""
        text = self.pane.tmux("capture-pane", "-p", "-J", "-S", "-")
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        if len(ASKED.findall(lines)) > self.answered:
            self.answered += 1
            self.pane.type(PASSPHRASE)
            self.pane.press("Enter")
        return lines


def cloned(world: World, tmp_path: Path) -> Path:
    """The project as a git repository with a bare origin, and a clone of it that somebody has."""
    (tmp_path / "download").mkdir()
    seed, origin = sources(PROJECT, tmp_path / "download"), world.folder / "iniconfig.git"
    world.git(seed, "init", "--quiet", "--initial-branch=main")
    world.git(seed, "add", "--all", "--force")
    world.git(seed, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "-m", "Begin")
    world.git(seed, "tag", "v2.3.1")
    world.git(seed, "clone", "--quiet", "--bare", ".", str(origin))
    world.git(world.folder, "clone", "--quiet", str(origin), "iniconfig")
    return world.folder / "iniconfig"


def checkout_of_onloop(world: World) -> Path:
    checkout = world.folder / "onloop"
    for part in ("core", "tui"):
        shutil.copytree(ROOT / part, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    return checkout


def environment_of(world: World, program: Path, variables: dict[str, str]) -> dict[str, str]:
    """What a user's own shell has, who has installed `program` and logged in."""
    (world.folder / ".gitconfig").write_text("[user]\n\tname = Ana\n\temail = ana@example.org\n")
    kept = {name: value for name, value in world.environment.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    folders = (world.folder / "onloop" / ".venv" / "bin", program.parent, Path(sys.base_prefix) / "bin")
    path = os.pathsep.join((*map(str, folders), os.environ["PATH"]))
    given = {"PATH": path, "PS1": PROMPT, "TERM": "screen-256color", "GIT_CONFIG_GLOBAL": f"{world.folder}/.gitconfig"}
    return kept | given | variables


@pytest.fixture
def program() -> Iterator[Path]:
    folder = os.environ.get("ONLOOP_AGENTS")
    found = shutil.which(CLAUDE.program, path=folder) if folder else shutil.which(CLAUDE.program)
    if found is None:
        pytest.skip("claude is not here; ONLOOP_AGENTS names the folder it is in")
    yield Path(found).absolute()


def test_the_commands_of_the_tutorial_lead_from_nothing_to_a_merge(world: World, program: Path, tmp_path: Path) -> None:
    assert INSTALL in text_of(PAGES["README.md"])
    tutorial = next(each.code for each in blocks(GUIDES["tutorial"]) if each.code.startswith("onloop init --repo ."))
    project, checkout = cloned(world, tmp_path), checkout_of_onloop(world)
    script = Script([Run(WRONG), Say("Done, all tests pass."), Run(RIGHT), Say("Now they do.")], tokens=20_000)

    with loopback_model(script) as address:
        _, variables = loopback_flags(CLAUDE, address)
        with shell(checkout, environment_of(world, program, dict(variables))) as pane:
            newcomer = Newcomer(pane)
            newcomer.types(INSTALL)
            newcomer.types(f"cd {project}")
            task = ""
            for line in tutorial.splitlines():
                if line == "onloop list":
                    world.until(task, "completed")
                printed = newcomer.types(re.sub("^TASK=.*", f"TASK={task}", line))
                if line.startswith("onloop start"):
                    task = re.findall(r"^(\w+) Read options", printed, re.MULTILINE)[-1]

    commands = [part for command, _ in newcomer.took for part in command.split(" && ")]
    sys.stdout.write("\n" + "".join(f"{seconds:7.1f} s  {command}\n" for command, seconds in newcomer.took))
    assert len(commands) <= MOST_COMMANDS
    assert len(script.heard) == 4, "it was held at its first end, for its test fails"
    assert "assert True" in world.git(world.folder / "iniconfig.git", "show", f"main:{TEST}")
    assert (project / TEST).is_file(), "pulled"
