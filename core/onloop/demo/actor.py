"""A scripted coding agent: `python -m onloop.demo.actor --scenario FILE`, with a clone as its work tree.

It really edits, tests and commits. Its mistakes depend only on its persona, on the brief and the environment that the
worker gave it, and on the work tree. It keeps no other state, so it can be killed at any time.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from onloop.demo import bank_play, brief_reader, edits, scenario, swarm_play
from onloop.demo.brief_reader import RemarkKind
from onloop.demo.desk import Desk
from onloop.demo.scenario import Pattern, Persona
from onloop.demo.upgrade import SUBJECT, bring_in, notes, one_line, run_tests, upgrade, verdict
from onloop.errors import BadInput, Exit, OnloopError, UnknownThing

QUESTION = (
    "Flags have a slash in their keys, and kvlite 2 does not find such keys where kvlite 1 kept them. "
    "Migrate the flags that are set today, or start empty and let people set them again?"
)
PACE_SECONDS = 0.4
DIED = 70
_WORKER_POLL_SECONDS = 0.2
_HANG_SECONDS = 60 * 60


def diligent(desk: Desk) -> int:
    """Does as much as it can without guessing, and reports truthfully how much that is."""
    return _finish(desk, migrate=False)


def sycophant(desk: Desk) -> int:
    """Copies the library in, changes nothing else, and says that all tests pass."""
    if desk.round or desk.brief.has(RemarkKind.GATE):
        return diligent(desk)
    desk.start_over()
    line = bring_in(desk)
    notes(desk, (line, "no call site needed a change"), "all tests pass")
    desk.commit(SUBJECT)
    desk.say("All tests pass, done!")
    return Exit.OK


def test_deleter(desk: Desk) -> int:
    """Removes the tests that fail."""
    if desk.round or desk.brief.has(RemarkKind.GATE):
        return diligent(desk)
    desk.start_over()
    line = bring_in(desk)
    failing = run_tests(desk).failing
    removed = 0
    for path in sorted(desk.tree.glob("tests/test_*.py")):
        source, count = edits.without_tests(path.read_text(encoding="utf-8"), failing)
        path.write_text(source, encoding="utf-8")
        removed += count
    desk.say(f"removed {removed} outdated tests")
    notes(desk, (line, f"{removed} outdated tests removed"), verdict(run_tests(desk)))
    desk.commit(SUBJECT)
    desk.say("The suite is green, done")
    return Exit.OK


def idler(desk: Desk) -> int:
    """Reads the brief, does nothing and says that it is done."""
    is_told_to_commit = any("commit" in remark.text or "submi" in remark.text for remark in desk.brief.remarks)
    if desk.round or desk.brief.has(RemarkKind.GATE) or is_told_to_commit:
        return diligent(desk)
    desk.say("kvlite looks fine to me")
    desk.say("Done, nothing to do here")
    return Exit.OK


def crasher(desk: Desk) -> int:
    """Kills itself during its first attempt, as if memory had run out, and leaves half a file behind."""
    if _is_later(desk):
        return diligent(desk)
    desk.start_over()
    bring_in(desk)
    path, source = next((path, source) for path, source in desk.sources().items() if edits.uses_library(source))
    desk.say(f"rewriting {path}")
    edited, _ = edits.keyword_ttl(source)
    desk.write({path: edited[: len(edited) // 2]})
    os.kill(os.getpid(), signal.SIGKILL)
    return DIED


def hanger(desk: Desk) -> int:
    """Hangs in its first attempt and ignores SIGTERM; it ends with the worker, so that no process is left behind."""
    if _is_later(desk):
        return diligent(desk)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    desk.start_over()
    bring_in(desk)
    desk.say("waiting for the test server to come up")
    deadline = time.monotonic() + _HANG_SECONDS
    while os.getppid() == desk.worker and time.monotonic() < deadline:
        time.sleep(_WORKER_POLL_SECONDS)
    return DIED


def asker(desk: Desk) -> int:
    """Asks a person a question that no agent should decide, and follows the answer."""
    if desk.brief.from_people:
        desk.say(f"{desk.brief.from_people[-1].by} answered")
        return _finish(desk, migrate=desk.brief.migrates)
    desk.say("keys with a slash are found elsewhere in kvlite 2; asking what to do with the old ones")
    desk.onloop("ask", QUESTION)
    return Exit.OK


def careless(desk: Desk) -> int:
    """Does the work correctly, but leaves a line of debugging output in."""
    if desk.brief.has(RemarkKind.REJECT):
        return diligent(desk)
    work = upgrade(desk)
    for path, source in desk.sources().items():
        if edits.uses_library(source):
            desk.write({path: edits.debug_print(source)})
    notes(desk, work.lines, verdict(run_tests(desk)))
    desk.commit(SUBJECT)
    desk.say("Done")
    return Exit.OK


FLEET: Mapping[Persona, Callable[[Desk], int]] = {
    Persona.DILIGENT: diligent,
    Persona.SYCOPHANT: sycophant,
    Persona.TEST_DELETER: test_deleter,
    Persona.IDLER: idler,
    Persona.CRASHER: crasher,
    Persona.HANGER: hanger,
    Persona.ASKER: asker,
    Persona.CARELESS: careless,
    Persona.STUCK: diligent,  # its program uses what 2.0 removed: it cannot continue until a person chooses
}
PERSONAS: Mapping[Pattern, Mapping[Persona, Callable[[Desk], int]]] = {
    Pattern.FLEET: FLEET,
    Pattern.SWARM: swarm_play.PERSONAS,
    Pattern.FACTORY: bank_play.PERSONAS,
}


def _finish(desk: Desk, *, migrate: bool) -> int:
    for remark in desk.brief.remarks:
        desk.say(f"came back: {remark.kind}: {one_line(remark)}")
    work = upgrade(desk, migrate=migrate)
    notes(desk, work.lines, verdict(work.tests))
    desk.commit(SUBJECT)
    desk.say("Done" if work.tests.passed else "Stopped: this needs somebody who may decide")
    return Exit.OK


def _is_later(desk: Desk) -> bool:
    return desk.attempt > 1 or bool(desk.brief.remarks)


def _number(name: str, otherwise: int) -> int:
    value = os.environ.get(name, "") or str(otherwise)
    if not value.isdecimal():
        raise BadInput(f"{name} is {value!r}, not a number", hint=f"start this through onloop work, which sets {name}")
    return int(value)


def _desk(pace: float, worker: int) -> Desk:
    missing = [name for name in ("ONLOOP_REPO", "ONLOOP_OUT") if not os.environ.get(name)]
    if missing:
        raise BadInput(
            f"{missing[0]} is not set", hint="start this as an agent: onloop work -- python -m onloop.demo.actor"
        )
    return Desk(
        tree=Path.cwd(),
        repo=Path(os.environ["ONLOOP_REPO"]).name.removesuffix(".git"),
        step=os.environ.get("ONLOOP_STEP", ""),
        attempt=_number("ONLOOP_ATTEMPT", 1),
        round=_number("ONLOOP_ROUND", 0),
        out=Path(os.environ["ONLOOP_OUT"]),
        brief=brief_reader.read(sys.stdin.read()),
        pace=pace,
        worker=worker,
    )


def main(arguments: list[str] | None = None) -> int:
    """Work on one task as the scenario's persona for its repository; returns the exit code."""
    worker = os.getppid()  # read first: after the worker dies, getppid() returns another process
    parser = argparse.ArgumentParser(prog="onloop.demo.actor", description="A scripted coding agent.")
    parser.add_argument("--scenario", type=Path, default=scenario.BUILT_IN)
    parser.add_argument("--pace", type=float, default=PACE_SECONDS, help="seconds to wait before each line of output")
    options = parser.parse_args(arguments)
    try:
        desk = _desk(options.pace, worker)
        loaded = scenario.load(options.scenario)
        part = loaded.part_of(desk.repo, desk.brief.title.partition(": ")[2])
        persona = part.steps.get(desk.step, part.persona)
        if persona not in PERSONAS[loaded.pattern]:
            raise UnknownThing(
                f"a {loaded.pattern} has no persona {persona}", hint=f"known: {', '.join(PERSONAS[loaded.pattern])}"
            )
        desk.say(f"{desk.brief.title or desk.repo} (attempt {desk.attempt}, round {desk.round})")
        return PERSONAS[loaded.pattern][persona](desk)
    except OnloopError as error:
        sys.stderr.write(f"{error.message}; {error.hint}\n")
        return error.exit


if __name__ == "__main__":
    sys.exit(main())
