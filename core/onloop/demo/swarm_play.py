"""The scripted agents of the swarm: a planner, builders, a resolver, a mender, and a critical reviewer."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

from onloop.demo import programs
from onloop.demo.demo_git import git
from onloop.demo.desk import Desk, run_suite, write_files
from onloop.demo.scenario import Persona
from onloop.demo.upgrade import run_tests
from onloop.errors import Exit

PROGRAM = "link-shortener"
CHANGE = "expiry"
PARTS = "parts.txt"
QUESTION = (
    "Links that were made before today have no end. Shall they lead somewhere for ever, "
    "or for a number of days after they were made, say 30 days?"
)
_DAYS = re.compile(r"\b(\d{1,5}) days?\b")
_OPEN_END = "OLD_LINKS_DAYS = None"
_RIGHT, _WRONG = "ends <= self._clock()", "ends < self._clock()"
_CONFLICT = re.compile(
    r"^<{7}[^\n]*\n(?P<ours>.*?)^\|{7}[^\n]*\n(?P<base>.*?)^={7}\n(?P<theirs>.*?)^>{7}[^\n]*\n",
    re.MULTILINE | re.DOTALL,
)


def planner(desk: Desk) -> int:
    """Divides the intent into three parts; if the work comes back, creates one part that repairs it."""
    wanted = desk.brief.wanted
    lines = f"mend: {wanted[:180]}\n" if wanted else _files("plan")[PARTS]
    desk.hand_over(PARTS, lines)
    for line in lines.splitlines():
        desk.say(line)
    return Exit.OK


def builder(desk: Desk) -> int:
    """Builds, tests and commits its part."""
    return _build(desk, _files(_part(desk)))


def careless(desk: Desk) -> int:
    """Builds its part with a comparison that is wrong at one moment; its own tests do not cover it."""
    files = {path: text.replace(_RIGHT, _WRONG) for path, text in _files(_part(desk)).items()}
    return _build(desk, files)


def asker(desk: Desk) -> int:
    """Asks a person what to do with existing links, and follows the answer."""
    if not desk.brief.from_people:
        desk.say("links that are there have no end; asking what becomes of them")
        desk.onloop("ask", QUESTION)
        return Exit.OK
    answer = desk.brief.from_people[-1]
    desk.say(f"{answer.by} answered: {answer.text}")
    days = _DAYS.search(answer.text)
    decided = f"OLD_LINKS_DAYS = {days[1] if days else None}"
    return _build(desk, {path: text.replace(_OPEN_END, decided) for path, text in _files(_part(desk)).items()})


def resolver(desk: Desk) -> int:
    """Merges the tasks' submissions; of each conflict it keeps every line that either side changed."""
    desk.start_over("HEAD")
    (desk.tree / ".git" / "MERGE_HEAD").unlink(missing_ok=True)  # left by an attempt that died between merge and commit
    listed = git(
        desk.tree, "for-each-ref", "--sort=version:refname", "--format=%(objectname)", "refs/remotes/origin/tasks"
    )
    for commit in listed.split():
        style = ("-c", "merge.conflictStyle=diff3")
        git(desk.tree, *style, "merge", "--quiet", "--no-commit", "--no-ff", commit, accept=(0, 1))
        for path in git(desk.tree, "diff", "--name-only", "--diff-filter=U").splitlines():
            file = desk.tree / path
            file.write_text(mended(file.read_text(encoding="utf-8")), encoding="utf-8")
            desk.say(f"mended the conflict in {path}")
        git(desk.tree, "add", "--all")
        if git(desk.tree, "rev-parse", "--quiet", "--verify", "MERGE_HEAD", accept=(0, 1)):
            git(desk.tree, "commit", "--quiet", "--message", f"Merge {commit[:12]}")
    run_tests(desk)
    return Exit.OK


def mender(desk: Desk) -> int:
    """Repairs what a reviewer found, and notes the request in the README."""
    service = desk.tree / "links" / "service.py"
    readme = desk.tree / "README.md"
    desk.start_over("HEAD")
    wanted = desk.brief.title.partition("mend: ")[2]
    text = readme.read_text(encoding="utf-8")
    noted = f"\nLooked at again: {wanted}\n"
    files = {
        "links/service.py": service.read_text(encoding="utf-8").replace(_WRONG, _RIGHT),
        "README.md": text if noted in text else text + noted,
    }
    return _build(desk, {**_files("mend"), **files})


def antagonist(desk: Desk) -> int:
    """Runs its own tests against the merged work, and reports their last error."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), _files("review"))
        tests = run_suite(Path(folder), PYTHONPATH=str(desk.tree))
    if tests.passed:
        desk.say(f"{tests.ran} tests of mine pass; I have nothing against it")
        desk.onloop("review", "pass", "--reason", f"{tests.ran} tests of mine, which its authors never saw, pass")
    else:
        reason = tests.cause.rpartition(" : ")[2]
        desk.say(f"it fails: {reason}")
        desk.onloop("review", "fail", "--reason", reason)
    return Exit.OK


PERSONAS: Mapping[Persona, Callable[[Desk], int]] = {
    Persona.PLANNER: planner,
    Persona.DILIGENT: builder,
    Persona.CARELESS: careless,
    Persona.ASKER: asker,
    Persona.RESOLVER: resolver,
    Persona.MENDER: mender,
    Persona.ANTAGONIST: antagonist,
}


def mended(text: str) -> str:
    """A file with its conflicts resolved: of each, the lines that either side changed."""
    return _CONFLICT.sub(_either, text)


def _files(key: str) -> Mapping[str, str]:
    return programs.part(PROGRAM, CHANGE, key)


def _part(desk: Desk) -> str:
    return desk.brief.title.partition(": ")[2].partition(":")[0]


def _build(desk: Desk, files: Mapping[str, str]) -> int:
    desk.start_over("HEAD")
    desk.write(files)
    desk.say(f"wrote {', '.join(files)}")
    run_tests(desk)
    desk.commit(desk.brief.title.partition(": ")[2])
    return Exit.OK


def _either(conflict: re.Match[str]) -> str:
    """Both sides of a conflict merged line by line; if both changed the same line, both versions."""
    sides = [conflict[name].splitlines() for name in ("base", "ours", "theirs")]
    lines = (line for triple in zip_longest(*sides, fillvalue="") for line in _merged(*triple))
    return "".join(f"{line}\n" for line in lines)


def _merged(base: str, ours: str, theirs: str) -> Iterator[str]:
    changed = dict.fromkeys(line for line in (ours, theirs) if line != base)
    yield from changed or (base,)
