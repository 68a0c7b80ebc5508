"""The scripted agents of the swarm: one divides the intent, some build a part, one mends, and one is against it all."""

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
    """Divides the intent in three; when the whole comes back, one part is to mend what was said of it."""
    wanted = desk.brief.wanted
    lines = f"mend: {wanted[:180]}\n" if wanted else _files("plan")[PARTS]
    desk.hand_over(PARTS, lines)
    for line in lines.splitlines():
        desk.say(line)
    return Exit.OK


def builder(desk: Desk) -> int:
    """Builds its part, tests it, commits it."""
    return _build(desk, _files(_part(desk)))


def careless(desk: Desk) -> int:
    """Builds its part with a comparison that is wrong in one moment, which its own tests never look at."""
    files = {path: text.replace(_RIGHT, _WRONG) for path, text in _files(_part(desk)).items()}
    return _build(desk, files)


def asker(desk: Desk) -> int:
    """Asks a person what becomes of the links that are there, and does as they say."""
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
    """Merges what the tasks handed in, and keeps of each conflict every line that either side changed."""
    desk.start_over("HEAD")
    (desk.tree / ".git" / "MERGE_HEAD").unlink(missing_ok=True)  # of an attempt that died between merge and commit
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
    """Mends what a reviewer found, and writes down what was asked."""
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
    """Runs tests of its own against the merged work, and says what the worst of them says."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), _files("review"))
        found = run_suite(Path(folder), PYTHONPATH=str(desk.tree))
    if found.passed:
        desk.say(f"{found.ran} tests of mine pass; I have nothing against it")
        desk.onloop("review", "pass", "--reason", f"{found.ran} tests of mine, which its authors never saw, pass")
    else:
        reason = found.cause.rpartition(" : ")[2]
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
    """A file without its conflicts: of each, the lines that either side changed."""
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
    """Both sides of a conflict in one: line by line what was changed, and both where both changed the same line."""
    sides = [conflict[name].splitlines() for name in ("base", "ours", "theirs")]
    lines = (line for triple in zip_longest(*sides, fillvalue="") for line in _merged(*triple))
    return "".join(f"{line}\n" for line in lines)


def _merged(base: str, ours: str, theirs: str) -> Iterator[str]:
    changed = dict.fromkeys(line for line in (ours, theirs) if line != base)
    yield from changed or (base,)
