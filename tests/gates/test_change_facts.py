"""What a change is, read from a mirror: counts, classes, and owners by the base's CODEOWNERS."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from onloop.gates.changes.change_reading import change_facts
from onloop.gates.changes.code_owners import CodeOwners, TooManyOwners, owner_lines
from onloop.gates.changes.path_classes import is_configuration, is_doc, is_lockfile, is_manifest, is_sensitive, is_test
from onloop.gates.repository.mirror import Mirror
from onloop.machine.change_facts import ChangeFacts

SEED = {
    "README.md": "# x\n",
    "CODEOWNERS": "* @everyone\n/infra/ @ops ops@example.org\n*.md\n",
    "src/a.py": "a = 1\nb = 2\n",
    "infra/main.tf": "x\n",
}


def git(folder: Path, *words: str) -> str:
    named = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *named, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, files: Mapping[str, str | bytes | None]) -> str:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", "x")
    return git(folder, "rev-parse", "HEAD")


def facts(tmp_path: Path, files: Mapping[str, str | bytes | None]) -> ChangeFacts:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "-q")
    base = commit(folder, SEED)
    head = commit(folder, files)
    mirror = Mirror(tmp_path / "mirror.git", str(folder))
    mirror.create()
    mirror.refresh("main")
    return change_facts(mirror, base, head)


def test_a_change_is_counted_and_classed_as_the_mirror_has_it(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        {
            "src/a.py": "a = 1\nb = 3\nc = 4\n",
            "src/new.py": "# SPDX-License-Identifier: MIT\n",
            "src/bare.py": "x = 1\n",
            "tests/test_a.py": "# Copyright x\n",
            "docs/guide.md": "words\n",
            "uv.lock": "x\n",
            "pyproject.toml": "[project]\n",
            ".github/workflows/ci.yml": "on: push\n",
            "AGENTS.md": "do this\n",
            "logo.png": b"\x89PNG\0\0" + bytes(5_000),
            "infra/main.tf": None,
        },
    )

    assert (found.count, found.new_files, found.deleted_files, found.binary) == (11, 9, 1, 1)
    assert (found.added, found.removed) == (10, 2)
    assert (found.tests, found.docs, found.lockfiles, found.manifests, found.sensitive) == (1, 1, 1, 1, 2)
    assert (found.largest, found.unlicensed) == (5_006, 1)
    assert found.paths is not None and "infra/main.tf" in found.paths
    assert found.owners == ("@everyone", "@ops", "ops@example.org")
    assert found.unowned == 2, "AGENTS.md and docs/guide.md: the last line that matches names nobody"


def test_owners_are_those_of_the_base_whatever_the_change_says(tmp_path: Path) -> None:
    found = facts(tmp_path, {"CODEOWNERS": "* @me\n", "infra/main.tf": "y\n"})
    assert found.owners == ("@everyone", "@ops", "ops@example.org")
    assert found.sensitive == 1


def test_a_renamed_file_is_one_that_is_gone_and_one_that_is_new(tmp_path: Path) -> None:
    found = facts(tmp_path, {"src/a.py": None, "src/b.py": "a = 1\nb = 2\n"})
    assert (found.count, found.new_files, found.deleted_files) == (2, 1, 1)


def test_too_many_paths_are_not_listed_and_have_no_owners(tmp_path: Path) -> None:
    found = facts(tmp_path, {f"many/{number}.txt": "x\n" for number in range(1_001)})
    assert (found.count, found.paths, found.owners, found.unowned) == (1_001, None, None, None)


def test_owners_that_cannot_be_gone_through_are_not_known(tmp_path: Path) -> None:
    found = facts(tmp_path, {"x": "y"})
    assert found.owners == ("@everyone",)
    with pytest.raises(TooManyOwners):
        owner_lines("a @x\n" * 2_001)
    with pytest.raises(TooManyOwners):
        owner_lines(f"{'*a' * 7}b @x\n")


@pytest.mark.parametrize(
    ("pattern", "owned", "not_owned"),
    [
        ("*", ("a", "a/b/c"), ()),
        ("*.js", ("a.js", "x/y/b.js"), ("a.ts", "a.js/b")),
        ("/build/logs/", ("build/logs/a", "build/logs/x/b"), ("x/build/logs/a", "build/logs")),
        ("docs/*", ("docs/a.md",), ("docs/build/a.md", "x/docs/a.md")),
        ("apps/", ("apps/a", "x/apps/b/c"), ("apps",)),
        ("/docs/", ("docs/a/b",), ("x/docs/a",)),
        ("/apps/github", ("apps/github", "apps/github/x"), ("apps/githubx",)),
        ("**/logs", ("logs/a", "x/logs", "x/y/logs/b"), ("xlogs",)),
        ("/src/**/test.py", ("src/test.py", "src/a/b/test.py"), ("test.py",)),
        ("a\\ b.txt", ("a b.txt",), ("a",)),
        ("lib.c", ("lib.c", "x/lib.c"), ("libxc",)),
    ],
)
def test_a_pattern_means_what_it_means_in_codeowners(
    pattern: str, owned: tuple[str, ...], not_owned: tuple[str, ...]
) -> None:
    ownership = CodeOwners(owner_lines(f"{pattern} @x\n"))
    assert [path for path in owned if not ownership.owners_of(path)] == []
    assert [path for path in not_owned if ownership.owners_of(path)] == []


def test_the_last_line_that_matches_counts_and_comments_and_sections_say_nothing() -> None:
    text = "# all\n[Section]\n* @all\n*.py @py @docs # people\n/a.py\n!b.py @x\n"
    ownership = CodeOwners(owner_lines(text))
    assert ownership.owners_of("x.md") == ("@all",)
    assert ownership.owners_of("b.py") == ("@py", "@docs")
    assert ownership.owners_of("a.py") == ()


@pytest.mark.parametrize(
    ("path", "classes"),
    [
        ("package-lock.json", "lock"),
        ("sub/Cargo.lock", "lock"),
        ("package.json", "manifest configuration"),
        ("requirements-dev.txt", "manifest"),
        ("tests/test_x.py", "test"),
        ("docs/x.md", "doc"),
        ("README", "doc"),
        (".github/workflows/x.yml", "configuration sensitive"),
        (".github/CODEOWNERS", "configuration sensitive"),
        ("CLAUDE.md", "configuration sensitive"),
        (".claude/settings.json", "configuration sensitive"),
        (".onloop/policies/x.yaml", "configuration sensitive"),
        (".vscode/tasks.json", "configuration sensitive"),
        ("conftest.py", "configuration"),
        ("src/app.py", ""),
    ],
)
def test_a_path_has_the_classes_of_its_conventions(path: str, classes: str) -> None:
    found = {
        "configuration": is_configuration(path),
        "doc": is_doc(path),
        "lock": is_lockfile(path),
        "manifest": is_manifest(path),
        "sensitive": is_sensitive(path),
        "test": is_test(path),
    }
    assert " ".join(name for name, fits in found.items() if fits) == " ".join(sorted(classes.split()))
