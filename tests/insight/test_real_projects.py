"""How right the checks are about real projects, against a table that was made by hand.

The projects lie in the folder that `ONLOOP_AUDIT_MIRRORS` names, each as OWNER+NAME/repo, a bare repository. None of
their files is kept here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from insight.real_projects import LETTERS, PROJECTS, RealProject
from onloop.insight.audit.degrees import ArtefactStanding
from onloop.insight.audit.known_artefacts import ARTEFACTS, findings_of
from onloop.insight.audit.listing_reading import read_listing

LEAST_RIGHT = 0.95
"""The balanced accuracy that each check has at least."""
LEAST_OF_EACH = 5


def _mirrors() -> Path:
    named = os.environ.get("ONLOOP_AUDIT_MIRRORS", "")
    if not named:
        pytest.skip("ONLOOP_AUDIT_MIRRORS names no folder with the projects")
    return Path(named)


def _seen(project: RealProject, mirrors: Path) -> frozenset[str]:
    """The artefacts that are there by the checks, present or stale."""
    listing = read_listing(mirrors / project.name.replace("/", "+") / "repo")
    assert listing.commit == project.commit, f"{project.name} was judged at another commit"
    return frozenset(each.artefact for each in findings_of(listing) if each.standing is not ArtefactStanding.ABSENT)


def _share(right: int, all_of_them: int) -> float:
    return right / all_of_them


def _wrong(seen: dict[str, frozenset[str]], name: str, letter: str) -> Iterator[str]:
    for project in PROJECTS:
        if (name in seen[project.name]) != (letter in project.there):
            yield f"{project.name}: {'seen' if name in seen[project.name] else 'not seen'} ({project.doubtful})"


def test_the_table_names_every_artefact_and_has_enough_of_each() -> None:
    there = {letter: sum(letter in project.there for project in PROJECTS) for letter in LETTERS}

    assert list(LETTERS.values()) == [each.name for each in ARTEFACTS]
    assert len(PROJECTS) >= 25 and len({project.name for project in PROJECTS}) == len(PROJECTS)
    assert all(LEAST_OF_EACH <= count <= len(PROJECTS) - LEAST_OF_EACH for count in there.values()), there


@pytest.mark.projects
def test_checks_are_right_about_real_projects(tmp_path: Path) -> None:
    mirrors = _mirrors()
    seen = {project.name: _seen(project, mirrors) for project in PROJECTS}

    poor, rows = dict[str, list[str]](), list[str]()
    for letter, name in LETTERS.items():
        there = [project for project in PROJECTS if letter in project.there]
        absent = [project for project in PROJECTS if letter not in project.there]
        found = _share(sum(name in seen[each.name] for each in there), len(there))
        left = _share(sum(name not in seen[each.name] for each in absent), len(absent))
        wrong = list(_wrong(seen, name, letter))
        rows.append(
            f"{name:20} {len(there):3} there {len(absent):3} absent  {(found + left) / 2:.3f}  {'; '.join(wrong)}"
        )
        if (found + left) / 2 < LEAST_RIGHT:
            poor[name] = wrong
    assert poor == {}, "\n".join(rows)
    tmp_path.joinpath("accuracy.txt").write_text("\n".join(rows))
