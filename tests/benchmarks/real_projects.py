"""Source distributions from PyPI as git repositories with origins: the ground of `real_fleet.py`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from onloop.records import Record

PROJECTS = {
    "blinker": ("tests/test_symbol.py",),
    "cachetools": ("tests/test_lru.py", "tests/test_ttl.py"),
    "click": ("tests/test_commands.py",),
    "humanize": ("tests/test_number.py", "tests/test_filesize.py"),
    "idna": ("tests/test_idna.py",),
    "iniconfig": ("testing/test_iniconfig.py",),
    "isodate": ("tests",),
    "itsdangerous": ("tests/test_itsdangerous/test_encoding.py",),
    "markupsafe": ("tests",),
    "mistune": ("tests/test_misc.py",),
    "more-itertools": ("tests/test_recipes.py", "-ktake"),
    "packaging": ("tests/test_utils.py",),
    "parse": ("tests/test_parse.py",),
    "pathspec": (),
    "pluggy": ("testing/test_tracer.py",),
    "pyparsing": (),
    "python-slugify": (),
    "semver": ("tests/test_bump.py",),
    "shellingham": (),
    "simplejson": ("simplejson/tests/test_decode.py",),
    "tabulate": ("test/test_regression.py",),
    "termcolor": ("tests",),
    "tinydb": ("tests/test_queries.py",),
    "tomli": (),
    "wcwidth": (),
    "xmltodict": ("tests",),
    "zipp": (),
}
"""Which of its own tests each project's gate runs: a quick part, and none where they need more than the project."""

BRANCHES = ("main", "master", "trunk", "develop")
WORDS, WANTED = "fleet-tests.txt", "requirements-fleet.txt"
QUIET = "-oaddopts=\n-ofilterwarnings=\n"
"""What projects configure for plugins that are not installed is left out."""

OWN = "import {name}\n\n\ndef test_it_is_there():\n    assert {name}.__name__\n"
IDENTITY = ("-c", "user.name=Seed", "-c", "user.email=seed@example.org", "-c", "commit.gpgsign=false")
DOWNLOAD_S = 180


class Project(Record):
    """One project's work tree, bare origin and branch."""

    name: str
    work: Path
    origin: Path
    branch: str

    @property
    def target(self) -> str:
        """Its line in a file of targets."""
        return f"'{self.origin}' {self.branch}\n" if self.branch == "develop" else f"'{self.origin}'\n"


def git(folder: Path, *words: str) -> str:
    """What git says, as somebody."""
    ran = subprocess.run(["git", *IDENTITY, *words], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def distribution(name: str, folder: Path) -> Path:
    """The archive of the project in the folder, downloaded if it is not there."""
    wanted = re.compile(rf"{re.sub('[-_]', '[-_]', name)}-\d[^/]*\.tar\.gz")
    found = [path for path in sorted(folder.glob("*.tar.gz")) if wanted.fullmatch(path.name)]
    if found:
        return found[-1]
    words = ("download", "-q", "--no-deps", "--no-binary", name, "-d", str(folder), name)
    subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, timeout=DOWNLOAD_S, check=True)
    return next(path for path in folder.glob("*.tar.gz") if wanted.fullmatch(path.name))


def repositories(names: Sequence[str], cache: Path, folder: Path) -> list[Project]:
    """A repository and a bare origin for each, on four branch names, some with tags."""
    cache.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(4) as pool:
        archives = list(pool.map(lambda name: distribution(name, cache), names))
    pairs = enumerate(zip(names, archives, strict=True))
    return [_repository(name, archive, folder, BRANCHES[n % len(BRANCHES)]) for n, (name, archive) in pairs]


def commit(project: Project, message: str) -> None:
    """Commit all of the work tree, and push it."""
    git(project.work, "add", "--all", "--force")
    git(project.work, "commit", "--quiet", "-m", message)
    git(project.work, "push", "--quiet", "origin", f"HEAD:refs/heads/{project.branch}")


def _repository(name: str, archive: Path, folder: Path, branch: str) -> Project:
    work, origin = folder / "work" / name, folder / "origins" / f"{name}.git"
    work.mkdir(parents=True)
    with tarfile.open(archive) as file:
        file.extractall(work, members=_below_first(file), filter="data")
    _given(name, work)
    git(work, "init", "--quiet", f"--initial-branch={branch}")
    git(work, "add", "--all", "--force")
    git(work, "commit", "--quiet", "-m", "Begin")
    version = archive.name.removesuffix(".tar.gz").rpartition("-")[2]
    described = (work / "pyproject.toml").read_text(encoding="utf-8") if (work / "pyproject.toml").exists() else ""
    if "scm" in described or "vcs" in described:
        git(work, "tag", version)
    origin.parent.mkdir(exist_ok=True)
    git(work, "clone", "--quiet", "--bare", ".", str(origin))
    git(work, "remote", "add", "origin", os.fspath(origin))
    return Project(name, work, origin, branch)


def _below_first(file: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """The members without their first folder, which names the version."""
    members = []
    for member in file.getmembers():
        _, _, member.name = member.name.partition("/")
        if member.name and not member.issym() and not member.islnk():
            members.append(member)
    return members


def _given(name: str, work: Path) -> None:
    """Write the data of the gate: which tests it runs, and what they need beside the project."""
    own = PROJECTS[name]
    if not own:
        module = {"python-slugify": "slugify"}.get(name, name)
        own = (f"fleet_tests/test_{module}.py",)
        (work / "fleet_tests").mkdir()
        (work / own[0]).write_text(OWN.format(name=module), encoding="utf-8")
    (work / WORDS).write_text(QUIET + "".join(f"{word}\n" for word in own), encoding="utf-8")
    (work / WANTED).write_text("pytest\n", encoding="utf-8")
