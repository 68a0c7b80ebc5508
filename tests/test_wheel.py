"""What is shipped works: a wheel built offline, in a clean environment below a folder with a space in its name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from onloop import __version__
from support.waiting import wait_for
from support.world import ROOT, TESTS, WORKFLOW

pytest.importorskip(
    "hatchling", reason="nothing builds a wheel without a network here: the extra `dev` brings hatchling"
)

PACKAGES = ("core/onloop", "tui/onloop_tui")
SHIPPED = (
    "onloop/store/sqlite/schema.sql",
    "onloop/workflow/builtin/feature.yaml",
    "onloop_tui/theme.tcss",
    "onloop/py.typed",
    "onloop/cli/schemas/show.json",
)
PASSPHRASE = "correct horse battery"


def _run(*words: str, cwd: Path, env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = ()) -> str:
    done = subprocess.run(words, cwd=cwd, env=env, pass_fds=pass_fds, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _wheel(sources: Path, folder: Path) -> Path:
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=sources)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _wheel(ROOT, tmp_path_factory.mktemp("dist"))


@dataclass(frozen=True, slots=True)
class Installed:
    """The program as a user has it, far from any checkout; what it depends on is lent by this environment."""

    folder: Path

    @property
    def programs(self) -> Path:
        return self.folder / "bin dir" / "venv" / "bin"

    @property
    def environment(self) -> dict[str, str]:
        kept = {"PATH": os.defpath, "HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "my state")}
        return kept | {"LANG": "C.UTF-8", "TMPDIR": str(self.folder)}

    def onloop(self, *words: str, passphrase: str = PASSPHRASE) -> str:
        reader, writer = os.pipe()
        os.write(writer, passphrase.encode())
        os.close(writer)
        try:
            said = ["--passphrase-fd", str(reader)] if words[0] == "init" else []
            command = (str(self.programs / "onloop"), *words, *said)
            return _run(*command, cwd=self.folder, env=self.environment, pass_fds=(reader,))
        finally:
            os.close(reader)

    def python(self, text: str) -> str:
        return _run(str(self.programs / "python"), "-c", text, cwd=self.folder, env=self.environment)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    made = Installed(tmp_path_factory.mktemp("a folder"))
    venv = made.programs.parent
    _run(sys.executable, "-m", "venv", "--without-pip", str(venv), cwd=made.folder)
    lent = next(venv.glob("lib/python3*/site-packages")) / "lent.pth"
    lent.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    words = ("install", "--quiet", "--no-compile", "--no-deps", "--no-index", "--ignore-installed", str(wheel))
    _run(sys.executable, "-m", "pip", "--python", str(made.programs / "python"), *words, cwd=made.folder)
    yield made
    _end_verifier(made)


def _end_verifier(installed: Installed) -> None:
    lock = installed.folder / "my state" / "onloop" / "store" / "verifier.lock"
    if lock.exists() and (process := lock.read_text("ascii").strip()):
        with suppress(ProcessLookupError):
            os.kill(int(process), signal.SIGTERM)


def test_everything_that_lies_beside_the_code_is_in_the_wheel(wheel: Path) -> None:
    beside = {
        str(path.relative_to((ROOT / package).parent))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith(".py")}

    assert set(SHIPPED) <= beside
    assert beside == {name for name in shipped if ".dist-info/" not in name}


def test_the_same_sources_make_the_same_wheel_wherever_and_whenever_it_is_built(wheel: Path, tmp_path: Path) -> None:
    copy = tmp_path / "another place"
    copytree(ROOT, copy, copy_function=_copy, ignore=ignore_patterns(".*", "tests", "screenshots", "__pycache__"))
    (copy / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())

    assert _wheel(copy, tmp_path / "dist").read_bytes() == wheel.read_bytes()


def _copy(source: str, target: str) -> None:
    """Copy a file's content and mode, with a time of its own."""
    Path(target).write_bytes(Path(source).read_bytes())
    Path(target).chmod(Path(source).stat().st_mode)
    os.utime(target, (1_000_000_000, 1_000_000_000))


def test_what_runs_is_what_was_installed(installed: Installed) -> None:
    found = installed.python("import onloop, onloop_tui; print(onloop.__file__); print(onloop_tui.__file__)")

    assert all(line.startswith(str(installed.folder)) for line in found.splitlines()), found


def test_the_version_has_one_place(installed: Installed, wheel: Path) -> None:
    metadata = installed.python("from importlib.metadata import version; print(version('onloop'))")

    assert wheel.name.startswith(f"onloop-{__version__}-")
    assert metadata.strip() == __version__
    assert installed.onloop("--version") == f"onloop {__version__}\n"


def test_the_dashboard_is_found_by_its_entry_point(installed: Installed) -> None:
    assert installed.python(
        "from onloop.cli.verbs.dashboard import dashboard; print(dashboard().__module__)"
    ).startswith("onloop_tui")


def test_a_store_is_made_and_a_gate_runs_from_a_folder_with_a_space(installed: Installed) -> None:
    origin = _origin(installed)
    agent = ("sh", "-ec", "echo hello > hello.txt; git add -A; git commit -qm hello")

    valid = installed.onloop("validate", str(origin.with_suffix("") / "small one.yaml"))
    installed.onloop("init", "--name", "ana")
    run = json.loads(installed.onloop("start", "small one.yaml", "--repo", str(origin), "--json"))["task"]
    listed = json.loads(installed.onloop("list", "--json"))
    installed.onloop("work", "--role", "implementer", "--once", "--", *agent)

    def asks_a_person() -> bool:
        return bool(json.loads(installed.onloop("show", run, "--json"))["reason"] == "approval_required")

    assert "small, 3 steps" in valid
    assert run in json.dumps(listed)
    wait_for(asks_a_person, lambda: installed.onloop("show", run))


def _origin(installed: Installed) -> Path:
    path = installed.folder / "the shop"
    (path / "tests").mkdir(parents=True)
    for name, text in {"tests/test_all.py": TESTS, "tests/__init__.py": "", "README.md": "# shop\n"}.items():
        (path / name).write_text(text, encoding="utf-8")
    (path / "small one.yaml").write_text(WORKFLOW, encoding="utf-8")
    git = ("git", "-C", str(path), "-c", "user.name=ana", "-c", "user.email=ana@example.com")
    for words in (("init", "--quiet", "--initial-branch=main"), ("add", "."), ("commit", "--quiet", "-m", "Begin")):
        _run(*git, *words, cwd=path, env=installed.environment)
    bare = installed.folder / "the shop.git"
    _run("git", "clone", "--quiet", "--bare", str(path), str(bare), cwd=path, env=installed.environment)
    return bare
