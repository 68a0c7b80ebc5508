"""The fleet's change in one repository: kvlite 2 instead of 1, and every call site adapted."""

from __future__ import annotations

from functools import partial

from onloop.demo import edits
from onloop.demo.brief_reader import Remark
from onloop.demo.desk import Desk, TestRun
from onloop.demo.programs import ADVISORY, FIXED, FLAWED, LIBRARY, library
from onloop.records import Record

NOTES = "remediation.md"
SUBJECT = f"Move to kvlite {FIXED} ({ADVISORY})"


class Work(Record):
    """What was done, in lines for the notes, and the result of the tests."""

    lines: tuple[str, ...]
    tests: TestRun


def bring_in(desk: Desk) -> str:
    """Replace the vendored library with the fixed version, exactly as published; returns a line for the notes."""
    for path in sorted((desk.tree / LIBRARY).rglob("*")):
        if path.is_file():
            path.unlink()
    desk.write(library(FIXED).files)
    desk.say(f"{LIBRARY}: {FLAWED} -> {FIXED}")
    return f"{LIBRARY} is now {desk.vendored()}"


def upgrade(desk: Desk, *, migrate: bool = False) -> Work:
    """Make as much of the change as possible without guessing, and run the tests."""
    desk.start_over()
    lines = [bring_in(desk)]
    sources = desk.sources()
    lines += _change(desk, edits.apply_to(sources, edits.keyword_ttl), "put() names its ttl")
    if migrate:
        counts = edits.apply_to(sources, edits.migrate_on_open)
        lines += _change(desk, counts, "open() brings keys with a slash over first")
    chosen = desk.brief.replacement
    if chosen is not None:
        replacement, person = chosen
        counts = edits.apply_to(sources, partial(edits.replace_scan, replacement=replacement))
        lines += _change(desk, counts, f"scan() became {replacement}(), as {person} said")
    desk.write(sources)
    left = sum(edits.scans(source) for source in sources.values() if edits.uses_library(source))
    if left:
        lines.append(
            f"scan() is still called in {left} places: snapshot() and stream() differ, and I was not told which"
        )
        desk.say("scan() is gone; snapshot() or stream()? that changes what readers see, and I will not guess")
    return Work(tuple(lines), run_tests(desk))


def run_tests(desk: Desk) -> TestRun:
    """Run the program's tests, and write their result to the log."""
    tests = desk.test()
    desk.say(verdict(tests))
    return tests


def verdict(tests: TestRun) -> str:
    """The result of the tests in a sentence."""
    if tests.passed:
        return f"{tests.ran} tests ran, all passed"
    return f"{tests.ran} tests ran, {len(tests.failing)} failed: {tests.cause}"


def one_line(remark: Remark) -> str:
    """The remark's text in one line of at most 300 characters."""
    return " ".join(remark.text.split())[:300]


def notes(desk: Desk, lines: tuple[str, ...], tests: str) -> None:
    """Hand over notes: what was done, the result of the tests, and the remarks of people."""
    remarks = [f"- {remark.by}: {one_line(remark)}" for remark in desk.brief.from_people]
    remark_lines = (
        ["", "Said by people (this agent is scripted: it cannot do all that a person may ask):", *remarks]
        if remarks
        else []
    )
    body = [
        f"# kvlite {FLAWED} to {FIXED} in {desk.repo}",
        "",
        f"{ADVISORY}: a key with `../` in it read, wrote and deleted files outside the store.",
        "",
        *(f"- {line}" for line in lines),
        f"- {tests}",
        *remark_lines,
    ]
    desk.hand_over(NOTES, "\n".join(body) + "\n")


def _change(desk: Desk, counts: dict[str, int], what: str) -> list[str]:
    lines = [f"{path}: {what} ({count} call{'s' if count > 1 else ''})" for path, count in counts.items()]
    for line in lines:
        desk.say(line)
    return lines
