"""Runs a gate's command where it can do no harm to what comes after: a clean checkout, made ready, thrown away."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from onloop.errors import Unavailable
from onloop.gates.checkout import Overlay, clean_checkout
from onloop.gates.counts import from_junit, from_unittest
from onloop.gates.folders import scratch
from onloop.gates.mirror import Mirror
from onloop.gates.process import Ending, Limits, Ran, run
from onloop.gates.python_runners import Start, before_the_end, doubt, heard, interpreter_of, isolated
from onloop.machine.definition import Counter
from onloop.machine.task import TestCounts

SETUP_MS = 600_000
"""How long each command that makes a checkout ready may take."""

_PLACEHOLDER = re.compile(r"\{(python|report)\}")


class GateStopped(Unavailable):
    """A gate that was ended before it could answer: it has no verdict, and is to be run again or dropped."""

    code = "gate_stopped"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a command at a commit. When the checkout could not be made ready, `argv` is the setup that failed.

    `counts` are the tests, or why they are not known; None where nobody asked. `removed` are links that led outside.
    `doubt` is why a run that ended well cannot be believed.
    """

    argv: tuple[str, ...]
    is_setup: bool
    ran: Ran
    counts: TestCounts | str | None
    removed: tuple[str, ...]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where commands are run: on commits of `mirror`, after `setup`, which is repeated for each run, uncached."""

    mirror: Mirror
    python: str
    setup: tuple[tuple[str, ...], ...]
    limits: Limits
    stop: Callable[[], bool]

    def trial(
        self,
        commit: str,
        argv: tuple[str, ...],
        timeout_ms: int,
        counter: Counter | None,
        overlay: Overlay | None = None,
    ) -> Trial:
        """Runs `argv` in a clean checkout of `commit`, after `overlay`; raises `GateStopped` when told to stop."""
        with clean_checkout(self.mirror, commit, overlay) as checkout, scratch("gate") as place:
            report = place / "report.xml"
            words = {"python": self.python, "report": str(report)}
            environment = _environment(place)
            for command in self.setup:
                ran = self._run(_filled(command, words), checkout.path, environment, SETUP_MS)
                if ran.exit_code != 0:
                    return Trial(command, True, ran, None, checkout.removed)
            start = _start(_filled(argv, words), checkout.path, environment, report)
            ran = self._run(start.argv, checkout.path, environment, timeout_ms)
            counts = _counts(counter, report, before_the_end(ran.output, start.token))
            output, end = heard(ran.output, start.token)
            doubts = doubt(start, end, ran.exit_code, report, counter, counts)
            shown = argv if start.token is None else start.shown
            return Trial(shown, False, replace(ran, output=output), counts, checkout.removed, doubts)

    def _run(self, argv: tuple[str, ...], folder: Path, environment: dict[str, str], timeout_ms: int) -> Ran:
        ran = run(
            argv, folder=folder, environment=environment, timeout_ms=timeout_ms, limits=self.limits, stop=self.stop
        )
        if ran.ending is Ending.STOPPED:
            raise GateStopped(f"{argv[0]!r} was ended before it could answer", hint="run the gate again if it is asked")
        return ran


def _filled(argv: tuple[str, ...], words: dict[str, str]) -> tuple[str, ...]:
    return tuple(_PLACEHOLDER.sub(lambda found: words[found[1]], item) for item in argv)


def _start(argv: tuple[str, ...], folder: Path, environment: dict[str, str], report: Path) -> Start:
    """How the command is started: Python's test runners so that nothing in the checkout takes their place."""
    return isolated(argv, interpreter_of(argv, folder, environment), report, secrets.token_hex(16))


def _environment(place: Path) -> dict[str, str]:
    """All that a command is told of the world: nothing of the verifier's own but where programs are."""
    home, temporary = place / "home", place / "tmp"
    home.mkdir()
    temporary.mkdir()
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return {
        "PATH": os.pathsep.join(folder for folder in folders if Path(folder).is_absolute()),
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "GIT_CEILING_DIRECTORIES": str(place.parent),
    }


def _counts(counter: Counter | None, report: Path, output: bytes) -> TestCounts | str | None:
    match counter:
        case Counter.JUNIT:
            return from_junit(report)
        case Counter.UNITTEST:
            return from_unittest(output)
        case None:
            return None
