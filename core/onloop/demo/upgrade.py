"""The change the fleet is about, made in one repository: kvlite 2 in, and every call site brought along."""

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
    """What was done, in lines for the notes, and what the tests said of it."""

    lines: tuple[str, ...]
    tests: TestRun


def bring_in(desk: Desk) -> str:
    """Put the fixed library in, exactly as the advisory hands it out."""
    for path in sorted((desk.tree / LIBRARY).rglob("*")):
        if path.is_file():
            path.unlink()
    desk.write(library(FIXED).files)
    desk.say(f"{LIBRARY}: {FLAWED} -> {FIXED}")
    return f"{LIBRARY} is now {desk.vendored()}"


def upgrade(desk: Desk, *, migrate: bool = False) -> Work:
    """The whole change as far as it can be made without guessing, and the tests run on it."""
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
    """The program's tests, and what they said in the log."""
    tests = desk.test()
    desk.say(verdict(tests))
    return tests


def verdict(tests: TestRun) -> str:
    """What the tests said, in a sentence."""
    if tests.passed:
        return f"{tests.ran} tests ran, all passed"
    return f"{tests.ran} tests ran, {len(tests.failing)} failed: {tests.cause}"


def one_line(remark: Remark) -> str:
    """What was said, without its line breaks, and not at length."""
    return " ".join(remark.text.split())[:300]


def notes(desk: Desk, lines: tuple[str, ...], tests: str) -> None:
    """Hand over what was done, what the tests said, and what people had said before."""
    heard = [f"- {remark.by}: {one_line(remark)}" for remark in desk.brief.from_people]
    said = (
        ["", "Said by people (this agent is scripted: it cannot do all that a person may ask):", *heard]
        if heard
        else []
    )
    body = [
        f"# kvlite {FLAWED} to {FIXED} in {desk.repo}",
        "",
        f"{ADVISORY}: a key with `../` in it read, wrote and deleted files outside the store.",
        "",
        *(f"- {line}" for line in lines),
        f"- {tests}",
        *said,
    ]
    desk.hand_over(NOTES, "\n".join(body) + "\n")


def _change(desk: Desk, counts: dict[str, int], what: str) -> list[str]:
    lines = [f"{path}: {what} ({count} call{'s' if count > 1 else ''})" for path, count in counts.items()]
    for line in lines:
        desk.say(line)
    return lines
