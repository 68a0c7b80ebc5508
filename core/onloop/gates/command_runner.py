"""Runs a gate's command in a clean checkout and a box that are thrown away, so it cannot harm a later run."""

from __future__ import annotations

import dataclasses
import os
import re
import secrets
import signal
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from onloop.errors import Unavailable
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.visible import Inside, VisibleFiles, inside
from onloop.gates.checkout import Checkout, Overlay, clean_checkout
from onloop.gates.command_process import Ending, Limits, Ran, run
from onloop.gates.counts import from_junit, from_unittest
from onloop.gates.python_runners import (
    RunnerStart,
    before_report,
    doubt,
    interpreter_of,
    isolated,
    missing,
    split_report,
)
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.mirror import Mirror
from onloop.gates.toolchain import Toolchain, check_pin, digest_of, is_of_the_machine
from onloop.machine.definition import BoxSpec, Counter, EnvironmentSpec
from onloop.machine.task import Program, TestCounts
from onloop.records import Record, field, replace

SETUP_MS = 600_000
"""How long each setup command may take."""

MOST_LINKS = 40
REPORT = "report.xml"

_PLACEHOLDER = re.compile(r"\{(python|report)\}")
_NONE = Box(BoxKind.NONE)


class GateStopped(Unavailable):
    """A gate was ended before it could answer: it has no verdict, and somebody must run it again or drop it."""

    code = "gate_stopped"


class BoxTooWeak(Unavailable):
    """A command needs a stronger box than this machine has."""

    code = "box_too_weak"


class CommandRun(Record):
    """The outcome of a command at a commit. If setup failed, `argv` is the setup command that failed.

    `counts` are the tests, or why they are not known; None where nobody asked. `removed` are links that led outside.
    `box` is what it ran in, `spec` what it asked of the box, `program` what was started. `doubt` says why a run that
    ended well cannot be believed; `missing` is the module that should run and is not installed.
    """

    argv: tuple[str, ...]
    is_setup: bool
    ran: Ran
    counts: TestCounts | str | None
    removed: tuple[str, ...]
    box: Box
    spec: BoxSpec
    program: Program
    cache_key: str
    doubt: str = ""
    missing: str = ""


class CommandRunner(Record):
    """Runs commands on commits of `mirror`, in `box`. Setup runs before each command, without a cache.

    `pins` are the programs as they were when the run started.
    """

    mirror: Mirror
    python: str
    environment: EnvironmentSpec
    limits: Limits
    stop: Callable[[], bool]
    box: Box
    toolchain: Toolchain
    pins: Mapping[str, Program] = field(default_factory=dict)

    def run(
        self,
        commit: str,
        argv: tuple[str, ...],
        timeout_ms: int,
        counter: Counter | None,
        spec: BoxSpec,
        overlay: Overlay | None = None,
    ) -> CommandRun:
        """Runs `argv` in a clean checkout of `commit` changed by `overlay`; raises `GateStopped` if `stop` says so."""
        box = self._box_for(spec)
        with clean_checkout(self.mirror, commit, overlay) as checkout, scratch("gate") as place:
            for name in ("home", "tmp", "out"):
                (place / name).mkdir()
            prepared = _PreparedCheckout(self, checkout, place, self._cache_key(checkout.path))
            for command in self.environment.setup:
                command_run = prepared.run(command, SETUP_MS, self._box_for(self.environment.box), self.environment.box)
                if command_run.ran.exit_code != 0:
                    return replace(command_run, is_setup=True)
            return prepared.run_tests(argv, timeout_ms, box, spec, counter)

    def _box_for(self, spec: BoxSpec) -> Box:
        """The box that a command runs in; BoxTooWeak if the workflow demands a stronger one than this machine has."""
        box = _NONE if spec.open else self.box
        for demanded in filter(None, (spec.at_least, self.environment.box.at_least)):
            if not box.kind.reaches(BoxKind(demanded)):
                has = f"it opens {', '.join(spec.open)}" if spec.open else f"this machine has {box.name}"
                raise BoxTooWeak(
                    f"the workflow demands the box {demanded}, but {has}", hint="onloop doctor says what is missing"
                )
        return box

    def _cache_key(self, checkout: Path) -> str:
        """The digest of what setup depends on: its commands, and the content of the files that the workflow names."""
        if not self.environment.setup:
            return ""
        made = sha256(repr((self.environment.setup, self.python)).encode())
        for name in self.environment.cache_key:
            path = checkout / name
            digest = digest_of(str(path)) if not path.is_symlink() else None
            made.update(repr((name, digest)).encode())
        return made.hexdigest()


class _PreparedCheckout(Record):
    """One checkout and one scratch folder, for setup and the command after it."""

    runner: CommandRunner
    checkout: Checkout
    place: Path
    cache_key: str

    def run(self, argv: tuple[str, ...], timeout_ms: int, box: Box, spec: BoxSpec) -> CommandRun:
        """The outcome of a command, started as it is written."""
        view = self._view(spec)
        names = inside(box, view)
        program = self._program(argv[0], names)
        ran = self._ran((program.path, *self._filled(argv[1:], names)), names, timeout_ms, box, view)
        return CommandRun(argv, False, ran, None, self.checkout.removed, box, spec, program, self.cache_key)

    def run_tests(
        self, argv: tuple[str, ...], timeout_ms: int, box: Box, spec: BoxSpec, counter: Counter | None
    ) -> CommandRun:
        """The outcome of a command; Python's test runners are started so that no file of the checkout replaces them."""
        view, report = self._view(spec), self.place / "out" / REPORT
        names = inside(box, view)
        program = self._program(argv[0], names)
        start = self._start((program.path, *self._filled(argv[1:], names)), names)
        ran = self._ran(start.argv, names, timeout_ms, box, view)
        counts = _counts(counter, report, before_report(ran.output, start.token))
        output, end = split_report(ran.output, start.token)
        doubts = doubt(start, end, ran.exit_code, report, counter, counts)
        shown = argv if start.token is None else start.shown
        ran, removed = dataclasses.replace(ran, output=output), self.checkout.removed
        absent = missing(start, end, ran.exit_code)
        return CommandRun(shown, False, ran, counts, removed, box, spec, program, self.cache_key, doubts, absent)

    def _view(self, spec: BoxSpec) -> VisibleFiles:
        return VisibleFiles(self.checkout.path, self.place, self.runner.toolchain.view, spec.network, spec.nested)

    def _start(self, argv: tuple[str, ...], names: Inside) -> RunnerStart:
        real = (self._real(argv[0], names), *argv[1:])
        interpreter = interpreter_of(real, self.checkout.path, self._environment(names))
        return isolated(argv, interpreter, Path(names.out) / REPORT, secrets.token_hex(16))

    def _filled(self, argv: tuple[str, ...], names: Inside) -> tuple[str, ...]:
        return _filled(argv, {"python": self.runner.python, "report": f"{names.out}/{REPORT}"})

    def _ran(self, argv: tuple[str, ...], names: Inside, timeout_ms: int, box: Box, view: VisibleFiles) -> Ran:
        """The outcome of a command whose placeholders are filled in; GateStopped if `stop` says so."""
        if not argv[0]:
            return Ran(Ending.NOT_STARTED, None, b"", 0, 0, "No such file or directory")
        ran = run(
            argv,
            folder=names.checkout,
            environment=self._environment(names),
            timeout_ms=timeout_ms,
            limits=self.runner.limits,
            stop=self.runner.stop,
            box=box,
            view=view,
        )
        if ran.ending is Ending.STOPPED:
            raise GateStopped(
                f"{argv[0]!r} was ended before it could answer", hint="run the gate again if it is needed"
            )
        return dataclasses.replace(ran, exit_code=_own_exit(ran.exit_code)) if box.kind is not BoxKind.NONE else ran

    def _environment(self, names: Inside) -> dict[str, str]:
        """The whole environment of a command: it inherits no variable from the verifier."""
        return {
            "PATH": self.runner.toolchain.path,
            "LANG": "C.UTF-8",
            "HOME": names.home,
            "TMPDIR": names.tmp,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
            "GIT_CEILING_DIRECTORIES": str(Path(names.checkout).parent),
        }

    def _program(self, name: str, names: Inside) -> Program:
        """The program that the first word of a command names: a pinned one, or a file of the checkout."""
        if is_of_the_machine(name):
            program = self.runner.toolchain.program(name, self.runner.python)
            check_pin(program, self.runner.pins)
            return program
        real = self._real(name, names)
        if not Path(real).exists():
            return Program(name)
        is_visible = self.runner.toolchain.holds(real) or Path(real).is_relative_to(self.checkout.path)
        return Program(name, name, (digest_of(real) if is_visible else None) or "")

    def _real(self, name: str, names: Inside) -> str:
        """Where a path of the checkout leads, following links as code in the box follows them."""
        own, path = str(self.checkout.path), str(self.checkout.path / name)
        for _ in range(MOST_LINKS):
            path = os.path.realpath(path)
            if own == names.checkout or not path.startswith(f"{names.checkout}/"):
                return path
            path = own + path.removeprefix(names.checkout)
        return path


def _own_exit(code: int | None) -> int | None:
    """The command's own exit code: the init of a box reports 128 plus the signal that ended the command."""
    return 128 - code if code is not None and 128 < code < 128 + signal.NSIG else code


def _filled(argv: tuple[str, ...], words: dict[str, str]) -> tuple[str, ...]:
    return tuple(_PLACEHOLDER.sub(lambda placeholder: words[placeholder[1]], item) for item in argv)


def _counts(counter: Counter | None, report: Path, output: bytes) -> TestCounts | str | None:
    match counter:
        case Counter.JUNIT:
            return from_junit(report)
        case Counter.UNITTEST:
            return from_unittest(output)
        case None:
            return None
