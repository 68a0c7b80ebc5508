"""One command in a box and a place: which program it is, what it finds around it, and how it ended."""

from __future__ import annotations

import dataclasses
import os
import re
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.sight import Sight
from onloop.gates.box.visible import Inside, VisibleFiles, inside
from onloop.gates.command_process import Ending, Limits, Ran, run
from onloop.gates.contents.left_files import NOTHING_LEFT, LeftFiles
from onloop.gates.contents.services import ServicesRun, longest_ms, services_run, started_with
from onloop.gates.counts import failing, from_junit, from_unittest
from onloop.gates.environments.place import REPORT, Place
from onloop.gates.environments.tree_cache import GateStopped
from onloop.gates.python_runners import (
    RunnerStart,
    before_report,
    doubt,
    interpreter_of,
    isolated,
    missing,
    names_pytest,
    split_report,
)
from onloop.gates.reports.measured import ReadReport, ReportForm, read_report
from onloop.gates.reports.sarif_findings import Findings
from onloop.gates.toolchain import TOOLS, Toolchain, ToolMissing, check_pin, digest_of, is_of_the_machine
from onloop.inherited import for_network
from onloop.machine.definition import BoxSpec, Counter, ServiceSpec
from onloop.machine.gate_facts import Program, TimeSpent
from onloop.machine.task import TestCounts
from onloop.records import Record, field

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*(?::[a-z][a-z0-9_-]*)?)\}")


_NO_WORDS: Mapping[str, str] = {}


class CommandRun(Record):
    """The outcome of a command at a commit. If setup or build failed, `argv` is the command of it that failed.

    `part` says which it was: setup, build, fetch, or empty for the gate's own command; `of_base` that it ran on a
    commit of the target alone, so that the submitted one has no part in it. `counts` are the tests, or why
    they are not known; None where nobody asked. `removed` are links that led outside. `box` is what it ran in, `spec`
    what it asked of the box, `program` what was started. `doubt` says why a run that ended well cannot be believed;
    `missing` is the module that should run and is not installed. `failing` are the tests that failed, by name. `spent`
    is where the time went, `tools` what the workflow's tools were. `services` is what became of those beside it, `left`
    the files that are to be kept.
    """

    argv: tuple[str, ...]
    ran: Ran
    counts: TestCounts | str | None
    box: Box
    spec: BoxSpec
    program: Program
    part: str = ""
    of_base: bool = False
    removed: tuple[str, ...] = ()
    cache_key: str = ""
    doubt: str = ""
    missing: str = ""
    failing: tuple[str, ...] = ()
    spent: TimeSpent | None = None
    tools: tuple[Program, ...] = ()
    services: ServicesRun = ServicesRun()
    left: LeftFiles = NOTHING_LEFT
    read: ReadReport | None = None
    """What its coverage or SARIF report says; None where there should be none."""

    @property
    def says_findings(self) -> bool:
        """Whether its exit code 1 says no more than its report: that the analyser found something."""
        return self.ran.exit_code == 1 and isinstance(self.read, Findings) and self.read.results > 0

    @property
    def is_setup(self) -> bool:
        """Whether the gate's own command was never reached."""
        return bool(self.part)


class Surroundings(Record):
    """What every command of a gate finds, whatever it is for.

    `tools` says what {NAME} stands for; `pins` are the programs as they were when the run started. `variables` are
    added to the environment; `shown` are the folders of the machine that commands see beside the system. `stop` is
    called ten times a second while a command runs.
    """

    toolchain: Toolchain
    limits: Limits
    stop: Callable[[], bool]
    tools: Mapping[str, str] = TOOLS
    pins: Mapping[str, Program] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    shown: tuple[Path, ...] = ()

    def program(self, name: str) -> Program:
        """A program of the machine, compared with its pin; ToolMissing for {NAME} that is not there."""
        program = self.toolchain.program(name, self.tools)
        if name.startswith("{") and not program.path:
            raise ToolMissing.of(self.toolchain, name, self.tools)
        check_pin(program, self.pins)
        return program


def shown_by(toolchain: Toolchain, tools: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders of the machine that commands see beside the system: those of its programs, and of the tools."""
    return toolchain.showing([toolchain.program(f"{{{name}}}", tools) for name in tools]).view


class BoxedCommands(Record):
    """Runs commands in one place and box. `words` are placeholders beside those of the tools; `more` adds variables."""

    around: Surroundings
    place: Place
    box: Box
    spec: BoxSpec
    words: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)

    def run(self, argv: tuple[str, ...], timeout_ms: int, part: str = "") -> CommandRun:
        """The outcome of a command, started as it is written; GateStopped if `stop` says so."""
        program = self._program(argv[0])
        ran = self._ran((program.path, *self._filled(argv[1:])), timeout_ms)
        return CommandRun(argv, ran, None, self.box, self.spec, program, part)

    def run_tests(
        self,
        argv: tuple[str, ...],
        timeout_ms: int,
        counter: Counter | None,
        services: Sequence[ServiceSpec] = (),
        form: ReportForm | None = None,
    ) -> CommandRun:
        """The outcome of a command; Python's test runners are started so that no file of the checkout replaces them.

        The services are started before it, and ended after it.
        """
        program, report = self._program(argv[0]), self.place.report
        start = self._start((program.path, *self._filled(argv[1:])))
        ran, beside = self._ran_beside(services, start.argv, timeout_ms)
        counts = _counts(counter, report, before_report(ran.output, start.token))
        output, end = split_report(ran.output, start.token)
        return CommandRun(
            argv=argv if start.token is None else start.shown,
            ran=dataclasses.replace(ran, output=output),
            counts=counts,
            failing=failing(counter, report, before_report(ran.output, start.token)),
            box=self.box,
            spec=self.spec,
            program=program,
            doubt=doubt(start, end, ran.exit_code, report, counter, counts, is_read=form is not None),
            missing=missing(start, end, ran.exit_code),
            services=beside,
            read=read_report(form, report, self.names.checkout),
        )

    @property
    def names(self) -> Inside:
        """The paths of the place's folders as commands see them."""
        return inside(self.box, self._view)

    @property
    def _view(self) -> VisibleFiles:
        return self.place.view(self.spec, self.around.shown)

    @property
    def _sight(self) -> Sight:
        return Sight(self.box, self._view)

    def _start(self, argv: tuple[str, ...]) -> RunnerStart:
        names, sight = self.names, self._sight
        real = tuple(self._outside(word) if names_pytest(word) else word for word in argv)
        interpreter = interpreter_of(real, sight.outside(names.checkout) or self.place.checkout, self.environment)
        return isolated(argv, interpreter, Path(names.out) / REPORT, secrets.token_hex(16))

    def _outside(self, name: str) -> str:
        """Where a program is outside, following links as code in the box follows them."""
        if is_of_the_machine(name):
            return name
        real = self._sight.real(f"{self.names.checkout}/{name}")
        found = self._sight.outside(real)
        return real if found is None else str(found)

    def _filled(self, argv: tuple[str, ...], more: Mapping[str, str] = _NO_WORDS) -> tuple[str, ...]:
        report, words = f"{self.names.out}/{REPORT}", {**self.words, **more}

        def filled(placeholder: re.Match[str]) -> str:
            name = placeholder[1]
            if name == "report":
                return report
            if name in words:
                return words[name]
            return self.around.program(placeholder[0]).path if name in self.around.tools else placeholder[0]

        return tuple(_PLACEHOLDER.sub(filled, item) for item in argv)

    def _ran_beside(
        self, services: Sequence[ServiceSpec], argv: tuple[str, ...], timeout_ms: int
    ) -> tuple[Ran, ServicesRun]:
        """The outcome of a command beside services, and what became of them."""
        if not services or not argv[0]:
            return self._ran(argv, timeout_ms), ServicesRun()
        started = started_with(
            services,
            argv,
            python=self.around.program("{python}").path,
            tmp=self.names.tmp,
            out=self.names.out,
            timeout_ms=timeout_ms,
            filled=self._of_service,
        )
        ran = self._ran(started, longest_ms(services, timeout_ms))
        found, told = services_run(services, self.place.folder / "out")
        return told(ran), found

    def _of_service(self, words: Sequence[str], data: str) -> tuple[str, ...]:
        """A command of a service, filled in; its program is the machine's, as it was pinned, where it names one."""
        filled = self._filled(tuple(words), {"data": data})
        if not words or not is_of_the_machine(words[0]):
            return filled
        return (self.around.program(words[0]).path or filled[0], *filled[1:])

    def _ran(self, argv: tuple[str, ...], timeout_ms: int) -> Ran:
        """The outcome of a command whose placeholders are filled in; GateStopped if `stop` says so."""
        if not argv[0]:
            return Ran(Ending.NOT_STARTED, None, b"", 0, 0, "No such file or directory")
        ran = run(
            argv,
            folder=self.names.checkout,
            environment=self.environment,
            timeout_ms=timeout_ms,
            limits=self.around.limits,
            stop=self.around.stop,
            box=self.box,
            view=self._view,
        )
        if ran.ending is Ending.STOPPED:
            raise GateStopped(
                f"{argv[0]!r} was ended before it could answer", hint="run the gate again if it is needed"
            )
        if self.box.kind is BoxKind.NONE:
            return ran
        return dataclasses.replace(ran, exit_code=_own_exit(ran.exit_code))

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a command: it inherits nothing from the verifier but the way to the network."""
        names = self.names
        return {
            "PATH": self.around.toolchain.path,
            "LANG": "C.UTF-8",
            **(for_network(os.environ) if self.spec.network else {}),
            **self.around.variables,
            **self.more,
            "HOME": names.home,
            "TMPDIR": names.tmp,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
            "GIT_CEILING_DIRECTORIES": str(Path(names.checkout).parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
        }

    def _program(self, name: str) -> Program:
        """The program that the first word of a command names: a pinned one, or a file of the checkout."""
        if is_of_the_machine(name):
            return self.around.program(name)
        sight, checkout = self._sight, self.names.checkout
        real = sight.real(f"{checkout}/{name}")
        found = sight.outside(real)
        if found is None or not os.path.exists(found):  # noqa: PTH110 - false for a name of any length and form
            return Program(name)
        is_visible = self.around.toolchain.holds(real) or Path(real).is_relative_to(checkout)
        return Program(name, name, (digest_of(str(found)) if is_visible else None) or "")


def _own_exit(code: int | None) -> int | None:
    """The command's own exit code: the init of a box reports 128 plus the signal that ended the command."""
    return 128 - code if code is not None and 128 < code < 128 + signal.NSIG else code


def _counts(counter: Counter | None, report: Path, output: bytes) -> TestCounts | str | None:
    match counter:
        case Counter.JUNIT:
            return from_junit(report)
        case Counter.UNITTEST:
            return from_unittest(output)
        case None:
            return None
