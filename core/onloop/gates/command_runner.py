"""Runs a gate's command in a place and a box that are thrown away, so it cannot harm a later run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from onloop.errors import Unavailable
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.checkout import Overlay
from onloop.gates.command_process import Limits
from onloop.gates.contents.left_files import left_files
from onloop.gates.environments.boxed_command import BoxedCommands, CommandRun, Surroundings, shown_by
from onloop.gates.environments.layering import layering_of
from onloop.gates.environments.place import Layering
from onloop.gates.environments.preparation import Preparation, PreparationFailed
from onloop.gates.environments.slots import slot, slot_variables, turn
from onloop.gates.environments.stopwatch import Stopwatch
from onloop.gates.environments.tree_cache import TreeCache
from onloop.gates.reports.measured import ReportForm, form_of
from onloop.gates.repository.mirror import Mirror
from onloop.gates.toolchain import Toolchain, tools_of
from onloop.machine.definition import BoxSpec, CommandGate, Counter, EnvironmentSpec
from onloop.machine.gate_facts import Program
from onloop.records import Record, field, replace

_COARSE_NS = 20_000_000
"""How far the clock of a file system may be behind ours."""

_NONE = Box(BoxKind.NONE)


class BoxTooWeak(Unavailable):
    """A command needs a stronger box than this machine has."""

    code = "box_too_weak"


class CommandRunner(Record):
    """Runs commands on commits of `mirror`, in `box`, in the environment that the workflow declares.

    `kept` is the folder for what is made once; `layering` says how places get it, found by trying where it is None.
    `pins` are the programs as they were when the run started; `secrets` are the values that setup alone sees.
    """

    mirror: Mirror
    environment: EnvironmentSpec
    limits: Limits
    stop: Callable[[], bool]
    box: Box
    toolchain: Toolchain
    kept: Path
    pins: Mapping[str, Program] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    layering: Layering | None = None

    def run(
        self,
        commit: str,
        argv: tuple[str, ...],
        timeout_ms: int,
        counter: Counter | None,
        spec: BoxSpec,
        *,
        base: str = "",
        overlay: Overlay | None = None,
        exclusive: str = "",
        attach: tuple[str, ...] = (),
        form: ReportForm | None = None,
    ) -> CommandRun:
        """Runs `argv` on the files of `commit`, changed by `overlay`; raises `GateStopped` if `stop` says so.

        `base` is a commit that the target has, on which setup runs; without one, it is `commit`. The files
        that `attach` names are kept.
        """
        box, watch = self._box_for(spec), Stopwatch({})
        preparation = self._preparation(box, watch)
        ended = time.monotonic()
        try:
            with self._slot(exclusive, watch) as variables, preparation.ready(commit, base or commit, overlay) as ready:
                boxed = BoxedCommands(preparation.around, ready.place, box, spec, ready.words, variables)
                began_ns = time.time_ns()
                with watch.during("command_ms"):
                    done = boxed.run_tests(argv, timeout_ms, counter, self.environment.services, form)
                watch.move("command_ms", "services_ms", done.services.ready_ms)
                left = left_files(ready.place.made_in_checkout, attach, began_ns - _COARSE_NS)
                done = replace(done, removed=ready.removed, cache_key=ready.setup_key, left=left)
                ended = time.monotonic()
        except PreparationFailed as failed:
            return replace(failed.command_run, spent=watch.told(), tools=self._tools())
        watch.spent["teardown_ms"] = round(1000 * (time.monotonic() - ended))
        return replace(done, spent=watch.told(), tools=self._tools())

    def run_gate(self, gate: CommandGate, commit: str, base: str, overlay: Overlay | None = None) -> CommandRun:
        """Runs a gate's command on `commit`, as `run` does."""
        counter = gate.tests.counter if gate.tests else None
        return self.run(
            commit,
            gate.argv,
            gate.timeout_ms,
            counter,
            gate.box,
            base=base,
            overlay=overlay,
            exclusive=gate.exclusive,
            attach=(*self.environment.attach, *gate.attach) if commit != base else (),
            form=form_of(gate),
        )

    def _preparation(self, box: Box, watch: Stopwatch) -> Preparation:
        around = Surroundings(
            toolchain=self.toolchain,
            limits=self.limits,
            stop=self.stop,
            tools=tools_of(self.environment),
            pins=self.pins,
            variables=dict(self.environment.variables),
            shown=shown_by(self.toolchain, tools_of(self.environment)),
        )
        cache = TreeCache(self.kept / "trees")
        layering = self.layering or layering_of(box, cache.folder)
        return Preparation(self.mirror, self.environment, around, cache, layering, box, watch, secrets=self.secrets)

    @contextmanager
    def _slot(self, exclusive: str, watch: Stopwatch) -> Iterator[Mapping[str, str]]:
        with ExitStack() as stack:
            with watch.during("waited_ms"):
                stack.enter_context(turn(self.kept / "exclusive", exclusive, self.stop))
                number = stack.enter_context(slot(self.kept / "slots"))
            yield slot_variables(number)

    def _tools(self) -> tuple[Program, ...]:
        return self.toolchain.pinned(
            (f"{{{tool.name}}}" for tool in self.environment.tools), tools_of(self.environment)
        )

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
