from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

import onloop
from onloop.demo import edits, programs
from onloop.demo.demo_git import git
from onloop.demo.desk import TESTS
from onloop.demo.edits import Replacement
from onloop.demo.origins import make_origins, vendored_version
from onloop.errors import Unavailable

CORE = Path(onloop.__file__).parents[1]
PROGRAMS = programs.names()
SCANNERS = ("audit-journal", "billing", "inventory", "ledger")
BROKEN = "TypeError: Store.put() takes 3 positional arguments but 4 were given"
GONE = (
    "vendor.kvlite.RemovedError: scan() is gone in kvlite 2: "
    "use snapshot() (a copy, in memory) or stream() (a live view)"
)


def lay_out(folder: Path, *archives: dict[str, str]) -> Path:
    for path, text in {k: v for files in archives for k, v in files.items()}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def unittest(folder: Path) -> str:
    done = subprocess.run([sys.executable, "-B", *TESTS], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == done.stderr.endswith("OK\n")
    return done.stderr


def ran(output: str) -> int:
    found = re.search(r"^Ran (\d+) tests", output, re.MULTILINE)
    assert found, output
    return int(found[1])


def failures(output: str) -> set[str]:
    return set(re.findall(r"^\w[\w.]*(?:Error|Exception): .*$", output, re.MULTILINE))


def program_with(name: str, version: str, folder: Path, *changes: Callable[[str], tuple[str, int]]) -> Path:
    files = dict(programs.program(name).files)
    own = {path: text for path, text in files.items() if path.endswith(".py") and "/" not in path}
    for change in changes:
        edits.apply_to(own, change)
    return lay_out(folder, files, own, dict(programs.library(version).files))


def library(version: str, folder: Path) -> ModuleType:
    lay_out(folder, dict(programs.library(version).files))
    spec = spec_from_file_location("kvlite_under_test", folder / "vendor" / "kvlite" / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_at_least_twelve_origins_and_each_has_a_history_by_people_on_main(origins: Path) -> None:
    made = make_origins(origins, PROGRAMS)
    assert len(made) == 14
    for origin in made:
        assert git(origin.path, "symbolic-ref", "HEAD").strip() == "refs/heads/main"
        log = git(origin.path, "log", "--format=%an|%s", "main").splitlines()
        assert len(log) == 3
        assert len({line.partition("|")[0] for line in log}) == 2
        assert origin.about in log[1]
        assert vendored_version(origin.path) == "1.4.2"


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_passes_four_to_eight_tests_until_the_library_changes_under_it(name: str, tmp_path: Path) -> None:
    before = unittest(program_with(name, programs.FLAWED, tmp_path / "before"))
    assert before.endswith("OK\n"), before
    assert 4 <= ran(before) <= 8
    dropped_in = unittest(program_with(name, programs.FIXED, tmp_path / "after"))
    assert failures(dropped_in) == {BROKEN}
    assert ran(dropped_in) == ran(before)


@pytest.mark.parametrize("name", PROGRAMS)
def test_changing_the_one_call_is_enough_except_for_the_four_that_scan(name: str, tmp_path: Path) -> None:
    output = unittest(program_with(name, programs.FIXED, tmp_path, edits.keyword_ttl))
    assert failures(output) == ({GONE} if name in SCANNERS else set())


@pytest.mark.parametrize("name", SCANNERS)
@pytest.mark.parametrize("replacement", Replacement)
def test_both_replacements_of_scan_can_be_defended(name: str, replacement: Replacement, tmp_path: Path) -> None:
    def replace(source: str) -> tuple[str, int]:
        return edits.replace_scan(source, replacement)

    assert unittest(program_with(name, programs.FIXED, tmp_path, edits.keyword_ttl, replace)).endswith("OK\n")


def test_the_flaw_is_real_and_the_fixed_library_closes_it(tmp_path: Path) -> None:
    for version, escapes in ((programs.FLAWED, True), (programs.FIXED, False)):
        home = tmp_path / version
        victim = home / "victim.json"
        store = library(version, home).open(home / "store")
        store.put("../victim", "overwritten", **({} if version == programs.FIXED else {"ttl": 0}))
        assert victim.exists() is escapes
        assert store.get("../victim") == "overwritten"


def test_the_two_replacements_differ_in_whether_later_writes_show(tmp_path: Path) -> None:
    store = library(programs.FIXED, tmp_path).open(tmp_path / "store")
    for key in "abc":
        store.put(key, 1)
    copied, live = store.snapshot(), store.stream()
    next(live)
    store.put("c", 2)
    assert copied["c"] == 1
    assert dict(live)["c"] == 2


def test_migrating_finds_old_keys_with_a_slash_again_and_is_harmless_when_repeated(tmp_path: Path) -> None:
    old = library(programs.FLAWED, tmp_path / "old").open(tmp_path / "store")
    old.put("checkout/one-page", 1, 0)
    old.put("plain:key", 2, 0)
    fixed = library(programs.FIXED, tmp_path / "new")
    assert fixed.open(tmp_path / "store").keys() == ["plain:key"]
    for _ in range(2):
        assert fixed.open(fixed.migrate(tmp_path / "store")).keys() == ["checkout/one-page", "plain:key"]


def test_making_them_again_leaves_work_in_them_alone_and_brings_back_only_what_is_missing(tmp_path: Path) -> None:
    made = make_origins(tmp_path, PROGRAMS)
    tips = {origin.name: git(origin.path, "rev-parse", "main") for origin in made}
    worked_on, lost = made[0], made[1]
    git(worked_on.path, "update-ref", "refs/heads/main", "main~1")
    git(worked_on.path, "update-ref", "refs/heads/mine", "main")
    shutil.rmtree(lost.path)
    again = make_origins(tmp_path, PROGRAMS)
    assert again == made
    assert git(worked_on.path, "rev-parse", "mine") == git(worked_on.path, "rev-parse", "main") != tips[worked_on.name]
    assert git(lost.path, "rev-parse", "main") == tips[lost.name]


def test_killed_at_any_moment_there_is_a_whole_origin_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "origins"
    code = (
        "import pathlib, sys; from onloop.demo import origins, programs; "
        "origins.make_origins(pathlib.Path(sys.argv[1]), programs.names())"
    )
    for wanted in (1, 6):
        maker = subprocess.Popen([sys.executable, "-c", code, str(folder)], env={**os.environ, "PYTHONPATH": str(CORE)})
        while maker.poll() is None and len(list(folder.glob("*.git"))) < wanted:
            pass
        maker.kill()
        maker.wait()
        for path in folder.glob("*.git"):
            git(path, "fsck", "--strict", "main")
    assert {origin.path.name for origin in make_origins(folder, PROGRAMS)} == {
        path.name for path in folder.glob("*.git")
    }


def test_the_configuration_of_user_and_machine_is_shut_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".gitconfig").write_text("[init]\n\ttemplateDir = /nonexistent/template\n[commit]\n\tgpgSign = nonsense\n")
    (home / ".config" / "git" / "ignore").write_text("*.py\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    origin = make_origins(tmp_path / "origins", PROGRAMS)[0]
    git(tmp_path, "clone", "--quiet", str(origin.path), "clone")
    (tmp_path / "clone" / "new.py").write_text("x = 1\n")
    assert git(tmp_path / "clone", "status", "--porcelain").split() == ["??", "new.py"]


def test_a_failing_git_says_where_and_why_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"git show failed in .*: fatal: "):
        vendored_version(make_origins(tmp_path, PROGRAMS)[0].path, "no-such-branch")
    assert not list(tmp_path.glob(".making-*"))
