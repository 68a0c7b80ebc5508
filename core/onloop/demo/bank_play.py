"""The scripted roles of the bank's factory: product, triage, builders, reviewers, quality assurance, security."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from onloop.demo import programs
from onloop.demo.desk import Desk, TestRun, outcome_of, run_suite, write_files
from onloop.demo.scenario import Persona
from onloop.demo.swarm_play import resolver
from onloop.demo.upgrade import run_tests
from onloop.errors import Exit

PROGRAM = "bank"
CHANGE = "items"
ROADMAP, ITEMS, WORK, REPORT = "ROADMAP.md", "items.md", "work.txt", "quality.md"
AT_ONCE = 4
QUESTION = "A month's interest is seldom a whole cent. Does the house round up, or always down?"
_OPEN = re.compile(r"^- \[ \] (?P<item>(?P<name>[a-z-]+): .*)$", re.MULTILINE)
_RIGHT, _WRONG = "if cents <= 0:", "if cents == 0:"
_UNDECIDED = "ROUNDS_UP = None"
_UP = re.compile(r"\bup\b", re.IGNORECASE)
BACKWARDS = """
import sys, unittest
loader = unittest.TestLoader()
loader.sortTestMethodsUsing = lambda one, other: (one < other) - (one > other)
found = loader.discover("tests", top_level_dir=".")
sys.exit(not unittest.TextTestRunner().run(found).wasSuccessful())
"""
"""Runs all tests, those of each class in reverse order."""


def product(desk: Desk) -> int:
    """Describes every open item of the roadmap, with what stands below it."""
    text = (desk.tree / ROADMAP).read_text(encoding="utf-8")
    items = list(_OPEN.finditer(text))
    ends = [item.start() for item in items[1:]] + [len(text)]
    parts = [f"- {item['item']}\n{text[item.end() : end].rstrip()}\n" for item, end in zip(items, ends, strict=True)]
    desk.hand_over(ITEMS, "# Open items of the roadmap, in its order\n\n" + "\n".join(parts))
    desk.say(f"{len(items)} items are open: {', '.join(item['name'] for item in items)}")
    return Exit.OK


def dispatcher(desk: Desk) -> int:
    """Chooses the first items that it was handed: no more than are built at once."""
    handed = next(Path(os.environ["ONLOOP_IN"]).rglob(ITEMS)).read_text(encoding="utf-8")
    chosen = re.findall(r"^- ([a-z-]+: .*)$", handed, re.MULTILINE)[:AT_ONCE]
    for line in chosen:
        desk.say(f"now: {line}")
    desk.hand_over(WORK, "".join(f"{line}\n" for line in chosen))
    return Exit.OK


def builder(desk: Desk) -> int:
    """Builds its item with tests, and ticks its box."""
    return _build(desk, _files(_item(desk)))


def careless(desk: Desk) -> int:
    """Builds its item with a check that lets an amount below zero pass, until a reviewer shows it."""
    files, item = _files(_item(desk)), _item(desk)
    if desk.brief.wanted:
        desk.say(f"came back: {desk.brief.wanted[:200]}")
        return _build(desk, {**files, **_files(f"mend-{item}")})
    return _build(desk, {path: text.replace(_RIGHT, _WRONG) for path, text in files.items()})


def asker(desk: Desk) -> int:
    """Asks a person how fractions are rounded, and follows the answer."""
    if not desk.brief.from_people:
        desk.onloop("ask", QUESTION)
        return Exit.OK
    answer = desk.brief.from_people[-1]
    desk.say(f"{answer.by} answered: {answer.text}")
    decided = f"ROUNDS_UP = {bool(_UP.search(answer.text))}"
    return _build(desk, {path: text.replace(_UNDECIDED, decided) for path, text in _files(_item(desk)).items()})


def antagonist(desk: Desk) -> int:
    """Runs tests of its own against the item, and reports their last error."""
    own = _files(f"review-{_item(desk)}")
    if not own:
        return _judge(desk, "", "read it line by line, and its tests fail without it")
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), own)
        tests = run_suite(Path(folder), PYTHONPATH=str(desk.tree))
    return _judge(desk, "" if tests.passed else tests.cause.rpartition(" : ")[2], f"{tests.ran} attacks of mine failed")


def quality(desk: Desk) -> int:
    """Runs the tests forwards and backwards; mends what depends on their order, and what security found."""
    desk.start_over("HEAD")
    mended = list[str]()
    backwards = run_backwards(desk.tree)
    for path in sorted((desk.tree / "tests").glob("test_*.py")):
        if backwards.failing and path.stem in backwards.modules:
            mended += _mend(desk, f"mend-{path.stem}", f"{path.name} depended on the order of its tests")
    if desk.brief.wanted:
        mended += _mend(desk, "mend-codes", f"security said: {desk.brief.wanted[:120]}")
    forwards, again = run_tests(desk), run_backwards(desk.tree)
    lines = mended or ["nothing had to be mended"]
    words = f"{forwards.ran} tests forwards, {again.ran} backwards, {len(again.failing)} of them failed backwards"
    report = "\n".join(["# Quality", "", *(f"- {line}" for line in lines), f"- {words}", ""])
    desk.write({REPORT: report})
    desk.hand_over(REPORT, report)
    desk.commit("Quality: " + "; ".join(lines))
    return Exit.OK


def security(desk: Desk) -> int:
    """Looks in the bank's modules for chance that can be guessed."""
    for path in sorted((desk.tree / "bank").glob("*.py")):
        if "random" in _imported(path.read_text(encoding="utf-8")):
            return _judge(desk, f"bank/{path.name} makes a secret with random, whose numbers can be guessed", "")
    return _judge(desk, "", "no secret is made of chance that can be guessed, and no input is run")


PERSONAS: Mapping[Persona, Callable[[Desk], int]] = {
    Persona.PRODUCT: product,
    Persona.DISPATCHER: dispatcher,
    Persona.DILIGENT: builder,
    Persona.CARELESS: careless,
    Persona.ASKER: asker,
    Persona.ANTAGONIST: antagonist,
    Persona.RESOLVER: resolver,
    Persona.QUALITY: quality,
    Persona.SECURITY: security,
}


def _files(key: str) -> Mapping[str, str]:
    return programs.part(PROGRAM, CHANGE, key)


def _item(desk: Desk) -> str:
    return desk.brief.title.partition(": ")[2].partition(":")[0]


def _build(desk: Desk, files: Mapping[str, str]) -> int:
    desk.start_over("HEAD")
    files = dict(files)
    added = files.pop("README.add", "")
    readme, roadmap = desk.tree / "README.md", desk.tree / ROADMAP
    said = readme.read_text(encoding="utf-8")
    ticked = roadmap.read_text(encoding="utf-8").replace(f"- [ ] {_item(desk)}: ", f"- [x] {_item(desk)}: ")
    desk.write({**files, "README.md": said if added in said else said + added, ROADMAP: ticked})
    desk.say(f"wrote {', '.join(files)}")
    run_tests(desk)
    desk.commit(desk.brief.title.partition(": ")[2])
    return Exit.OK


def _judge(desk: Desk, against: str, otherwise: str) -> int:
    desk.say(against or otherwise)
    desk.onloop("review", "fail" if against else "pass", "--reason", against or otherwise)
    return Exit.OK


def _mend(desk: Desk, key: str, words: str) -> list[str]:
    files = _files(key)
    desk.write(files)
    return [words] if files else []


def run_backwards(tree: Path) -> TestRun:
    """The result of the tests in `tree`, those of each class in reverse order."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", BACKWARDS],
        cwd=tree,
        env=kept | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return outcome_of(done)


def _imported(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    plain = {alias.name.partition(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {(node.module or "").partition(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
