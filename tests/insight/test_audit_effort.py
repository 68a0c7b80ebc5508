"""A repository that is written to keep an audit busy costs it little: none of it is worth much work."""

from __future__ import annotations

import re

import pytest

from onloop.insight.audit import (
    agent_checks,
    ground_checks,
    guard_checks,
    interface_checks,
    knowledge_checks,
    quality_checks,
    trial_checks,
)
from onloop.insight.audit.known_artefacts import findings_of, telling
from onloop.insight.audit.listing import DEEPEST, LONGEST_NAME, listing_of
from onloop.insight.audit.seeking import PathEndings
from support.effort import at_most

ROOM = (
    agent_checks, ground_checks, guard_checks, interface_checks, knowledge_checks, quality_checks, trial_checks,
)  # fmt: skip
NAMES = {
    f"{room.__name__.rpartition('.')[2]}.{name}": found
    for room in ROOM
    for name, found in vars(room).items()
    if isinstance(found, re.Pattern) and not name.startswith("_")
}
FOLDERS = ("tests", "fixtures", "migrations", "openapi", "feature-flags", "adr", "decisions", "runbooks", "db")
MANY = 20_000
PATHS = {f"d{number}/{'x' * 40}/f{number}.proto": "" for number in range(5_000)}
MODULES = {f"m{number}" for number in range(5_000)}
FILLED = f"jobs:\n  a:\n    name: {'${{x}}a' * 20}z\n"
WAITS = "branches:\n  contexts:\n    - "

HOSTILE = {
    "names that are filled in": {".github/workflows/a.yml": FILLED, ".github/settings.yml": WAITS + "a" * 100},
    "a name that is never closed": {
        ".github/workflows/a.yml": f"  name: {'${{' * MANY}",
        ".github/settings.yml": WAITS + "a",
    },
    "a name of spaces": {".github/workflows/a.yml": f"name: a{' ' * 200_000}b", ".github/settings.yml": WAITS + "a"},
    "many names and many that wait": {
        ".github/workflows/a.yml": "".join(f"  name: ${{{{x}}}}b{number}\n" for number in range(MANY // 4)),
        ".github/settings.yml": "branches:\n  contexts:\n" + f"    - a b{MANY // 4 - 1}\n" * MANY,
    },
    "imports of others": PATHS | {"a.proto": 'import "google/q.proto";\n' * (MANY // 2)},
    "imports that are there": PATHS | {"a.proto": 'import "f7.proto";\n' * (MANY // 2)},
    "front matter of nothing": {"a/SKILL.md": "---" + "\n" * 200_000 + "x"},
    "flags without a script": {"AGENTS.md": f"npm {'--a ' * 40}x", "package.json": "{}"},
    "a target of spaces": {"AGENTS.md": "`make a`", "Makefile": " \n" * 100_000 + "x"},
    "a recipe of spaces": {"AGENTS.md": "`just a`", "justfile": f"a{' ' * 200_000}"},
    "paths in code": PATHS
    | {"AGENTS.md": "".join(f"`{'x' * 40}/f{number}.proto`\n" for number in range(5_000)), f"{'x' * 40}/a": ""},
    "links to submodules": {"AGENTS.md": "".join(f"[a](m{number}/a.py)\n" for number in range(MANY // 2)), "a/b": ""},
    "dots in a Go module": {"go.sum": "x", "go.mod": "a." * 100_000 + "\n"},
    "lines of nothing in a Go module": {"go.sum": "x", "go.mod": "\n" * 100_000 + "x"},
    "spaces where a share should be": {"tox.ini": f"fail_under{' ' * 1_990}x\n" * 150},
    "wildcards of owners": {"CODEOWNERS": "*a*a*a*a*ab @a\n", "a" * 250: ""},
    "many owners": PATHS | {"CODEOWNERS": "".join(f"*x*y{number} @a\n" for number in range(1_000))},
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_repository_costs_an_audit_little(name: str) -> None:
    files = HOSTILE[name]
    listing = listing_of(
        "hostile",
        files,
        {path: text for path, text in files.items() if text},
        submodules=MODULES if "submodules" in name else (),
    )

    with at_most(5.0):
        findings_of(listing)


@pytest.mark.parametrize("name", NAMES)
def test_no_pattern_of_names_takes_longer_than_a_path_is_long(name: str) -> None:
    with at_most(0.5):
        for folder in FOLDERS:
            NAMES[name].match(f"{folder}/" * 3_000 + "x")


def test_what_no_person_would_call_a_file_is_left_out_and_counted() -> None:
    listing = listing_of(
        "deep", ("tests/" * DEEPEST + "a", "tests/" * (DEEPEST + 1) + "a", "a" * (LONGEST_NAME + 1)), {}
    )

    assert listing.paths == ("tests/" * DEEPEST + "a",)
    assert listing.notes == ("paths too long, too deep or too many to be looked at: 2",)


def test_the_names_of_all_folders_have_a_bound_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onloop.insight.audit.listing._MOST_FOLDERS", 10)

    assert listing_of("wide", ("a/b/c", "b/c", "d"), {}).paths == ("a/b/c",)


def test_an_ending_is_a_file_or_a_folder_below_some_folder() -> None:
    endings = PathEndings(listing_of("x", ("a/b/c.py", "d.py"), {}))

    assert [path for path in ("c.py", "b/c.py", "b", "a/b", "d.py", "/c.py", "y", "c", "b/c") if endings.has(path)] == [
        "c.py", "b/c.py", "b", "a/b", "d.py",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("context", "is_known"),
    [
        ("Build x on y", True),
        ("Build x on y (3.12, a)", True),
        ("Build on", False),
        ("Test (a)", True),
        ("Build", False),
    ],
)
def test_a_check_is_known_by_the_pieces_of_a_name_in_their_order(context: str, is_known: bool) -> None:
    workflow = "jobs:\n  a:\n    name: Build ${{ m.a }} on ${{ m.b }}\n  b:\n    name: 'Test'\n"
    waits = {".github/workflows/a.yml": workflow, ".github/settings.yml": f"{WAITS}{context}\n"}

    found = guard_checks.branch_protection(listing_of("x", waits, waits))

    assert (found.stale == ()) is is_known and telling(".github/settings.yml") is not None
