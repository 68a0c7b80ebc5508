"""The troubles of `real_fleet.py`: how each is made, and how a person mends it, one decision for each cause."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.real_projects import WANTED, WORDS, Project, commit, git

if TYPE_CHECKING:
    from benchmarks.real_fleet import Person

RED = "def test_known():\n    raise AssertionError('known to be broken')\n"
HOOK = "#!/bin/sh\necho 'pushes are closed: ask the release desk' >&2\nexit 1\n"
MISSING = "pytest\niniconfig==99.0\n"


class Trouble(Enum):
    """What is wrong with an origin, or with what it holds."""

    RED = "its tests are red"
    GONE = "it is not there when the fleet begins"
    AWAY = "it is moved as soon as the fleet has begun"
    ARCHIVED = "it is gone for good"
    MISSING = "it asks for a release that does not exist"
    UNLISTED = "it lacks the file that setup installs from"
    CHECKED_OUT = "its branch is checked out"
    EMPTY = "it has no commits"
    HOOK = "its hook refuses pushes"


WHO = {
    Trouble.RED: ("humanize", "semver", "termcolor"),
    Trouble.GONE: ("parse",),
    Trouble.AWAY: ("itsdangerous", "isodate"),
    Trouble.ARCHIVED: ("zipp",),
    Trouble.MISSING: ("xmltodict", "cachetools", "packaging"),
    Trouble.UNLISTED: ("simplejson",),
    Trouble.CHECKED_OUT: ("tabulate",),
    Trouble.EMPTY: ("mistune",),
    Trouble.HOOK: ("tinydb", "click"),
}
BEFORE = (Trouble.GONE, Trouble.CHECKED_OUT, Trouble.EMPTY)
LIVE = (Trouble.RED, Trouble.AWAY, Trouble.ARCHIVED, Trouble.MISSING, Trouble.UNLISTED, Trouble.HOOK)


def make(projects: Sequence[Project]) -> Mapping[Trouble, Sequence[Project]]:
    """Make each trouble; the answer is who has it."""
    found = {trouble: [p for p in projects if p.name in names] for trouble, names in WHO.items()}
    for project in found[Trouble.RED]:
        (project.work / "fleet_red").mkdir()
        (project.work / "fleet_red/test_known.py").write_text(RED, encoding="utf-8")
        with (project.work / WORDS).open("a", encoding="utf-8") as words:
            words.write("fleet_red/test_known.py\n")
        commit(project, "A test that is known to be red")
    for project in found[Trouble.MISSING]:
        (project.work / WANTED).write_text(MISSING, encoding="utf-8")
        commit(project, "Ask for what is not there")
    for project in found[Trouble.UNLISTED]:
        (project.work / WANTED).unlink()
        commit(project, "Forget what the tests need")
    for project in (*found[Trouble.GONE], *found[Trouble.EMPTY], *found[Trouble.CHECKED_OUT]):
        project.origin.rename(project.origin.with_suffix(".kept"))
    for project in found[Trouble.EMPTY]:
        git(project.work, "init", "--quiet", "--bare", f"--initial-branch={project.branch}", str(project.origin))
    for project in found[Trouble.CHECKED_OUT]:
        git(project.work, "clone", "--quiet", str(project.origin.with_suffix(".kept")), str(project.origin))
    for project in found[Trouble.HOOK]:
        hook = project.origin / "hooks/pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK, encoding="utf-8")
        hook.chmod(0o755)
    return found


def vanish(found: Mapping[Trouble, Sequence[Project]]) -> None:
    """What goes as soon as the fleet has begun: moved to another place, or gone for good."""
    for project in found[Trouble.AWAY]:
        project.origin.rename(moved(project))
    for project in found[Trouble.ARCHIVED]:
        shutil.rmtree(project.origin)


def moved(project: Project) -> Path:
    """Where an origin stands after it was moved."""
    return project.origin.with_name(f"{project.name}-moved.git")


def mend(person: Person, found: Mapping[Trouble, Sequence[Project]], ids: Mapping[str, str], control: Path) -> None:
    """Mend all, outside first where that is the cause; each cause is one decision."""
    _mend_before(person, found)
    _retry(person, found, ids, Trouble.RED, "--no-worse-than-base")
    for project in found[Trouble.MISSING]:
        (project.work / WANTED).write_text("pytest\n", encoding="utf-8")
        commit(project, "Ask for what is there")
    _retry(person, found, ids, Trouble.MISSING)
    for project in found[Trouble.HOOK]:
        (project.origin / "hooks/pre-receive").unlink()
    _retry(person, found, ids, Trouble.HOOK)
    for project in found[Trouble.UNLISTED]:
        amended = ("--workflow", "mended.yaml", "--control", str(control), "--reason", "not every project has the file")
        person.decide("amend", ids[project.name], *amended)
    for project in found[Trouble.AWAY]:
        person.decide("retarget", ids[project.name], "--origin", str(moved(project)), "--reason", "it was moved")
    for project in found[Trouble.ARCHIVED]:
        person.decide("exclude", ids[project.name], "--reason", "it is archived")


def _mend_before(person: Person, found: Mapping[Trouble, Sequence[Project]]) -> None:
    """Put right what stopped targets before the fleet began, and add them to it."""
    for project in (*found[Trouble.GONE], *found[Trouble.EMPTY]):
        shutil.rmtree(project.origin, ignore_errors=True)
        project.origin.with_suffix(".kept").rename(project.origin)
    for project in found[Trouble.CHECKED_OUT]:
        git(project.origin, "config", "receive.denyCurrentBranch", "updateInstead")
    added = [project for trouble in BEFORE for project in found[trouble]]
    if not added:
        return
    targets = person.world.folder / "more.txt"
    targets.write_text("".join(project.target for project in added), encoding="utf-8")
    person.add(targets)


def _retry(
    person: Person, found: Mapping[Trouble, Sequence[Project]], ids: Mapping[str, str], trouble: Trouble, *more: str
) -> None:
    """Retry all with this trouble, which have one cause that nobody else has."""
    wanted = {ids[project.name] for project in found[trouble]}
    if not wanted:
        return
    groups = [group for group in person.asks() if wanted & {member["task"] for member in group["members"]}]
    members = [{member["task"] for member in group["members"]} for group in groups]
    if members != [wanted]:
        raise SystemExit(f"DOES NOT HOLD: one cause where {trouble.value}: {members}, wanted {wanted}")
    person.decide("retry", "--cause", str(groups[0]["cause"]), "--first", str(len(wanted)), *more)
