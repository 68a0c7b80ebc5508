"""Runs one trial: workers of `onloop work` on a store of its own, watched until its task stands still, then ended.

A warden stands between this process and each worker: when this process ends for any reason, so do the workers, their
agents and their verifier.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from onloop.access.opening import GatewayHandle, wall_clock
from onloop.access.verifier_process import own_command
from onloop.agents.agent_process import AgentProcess
from onloop.agents.process_record import signal_group
from onloop.bench.bench_plan import Configuration, ReplayedTask, Trial, TrialSettings
from onloop.bench.replayable import briefed
from onloop.bench.trial_reading import read_row
from onloop.bench.trial_row import TrialEnd, TrialRow
from onloop.bench.trial_store import RUN, made_trial
from onloop.errors import OnloopError
from onloop.gates.repository.folders import private, scratch
from onloop.machine.state import State
from onloop.machine.task import Task
from onloop.records import Record
from onloop.text import safe
from onloop.views.queries.reads import ReadTask

POLL_S = 0.05
GRACE_S = 10.0
"""How long workers have to end by themselves, in seconds."""
LONGEST_WORDS = 300
_STANDS = frozenset({State.INPUT_REQUIRED, State.AUTH_REQUIRED, State.PAUSED})
"""The states from which only a person would move a task that has not ended."""


class TrialMaker(Record):
    """Makes and runs trials of one bench, in any number of threads.

    `folder` is where they are made, `tools` the file that says where gates find programs; with `keep`, each stays in a
    folder there. `stopped` says that the bench is to end; `pause` waits some seconds, or until then.
    """

    settings: TrialSettings
    folder: Path
    tools: Path
    stopped: Callable[[], bool]
    pause: Callable[[float], None]
    keep: Path | None = None

    def run(self, trial: Trial, task: ReplayedTask, configuration: Configuration) -> TrialRow | None:
        """What came of a trial; None where the bench was stopped meanwhile. Nothing of it is left but what is kept."""
        began = wall_clock()
        try:
            with self._place(trial) as place, ExitStack() as leaving:
                opened = made_trial(place, briefed(task, configuration.brief), self.tools)
                leaving.callback(opened.close)
                leaving.callback(opened.home.anchor.unlink, missing_ok=True)
                end, why = self._watched(place, opened, task, configuration)
                return None if end is None else read_row(opened, trial, task, end, why, began)
        except (OnloopError, OSError) as problem:
            why = problem.message if isinstance(problem, OnloopError) else str(problem)
            return _broken(trial, began, why)

    @contextmanager
    def _place(self, trial: Trial) -> Iterator[Path]:
        private(self.folder)
        if self.keep is None:
            with scratch("trial", self.folder) as place:
                yield place
            return
        name = f"{trial.task}.{trial.configuration}.{trial.repetition}"
        places = (self.keep / (name if number == 1 else f"{name}-{number}") for number in count(1))
        place = next(each for each in places if not each.exists())  # one that was cut may have left its own
        private(place)
        yield place

    def _watched(
        self, place: Path, opened: GatewayHandle, task: ReplayedTask, configuration: Configuration
    ) -> tuple[TrialEnd | None, str]:
        """Start the workers, and wait until the task stands still; they have ended when this returns."""
        workers: list[AgentProcess] = []
        deadline = time.monotonic() + self.settings.limit_ms / 1000
        try:
            for number, words in enumerate(worker_words(self.settings, task, configuration)):
                workers.append(_started(place, opened, number, words))
            while (end := _end_of(opened.gateway.perform(ReadTask(RUN)))) is None:
                if self.stopped():
                    return None, ""
                if time.monotonic() > deadline:
                    return _out_of_time(opened.gateway.perform(ReadTask(RUN)))
                ended = next((each for each in workers if each.exit_code is not None), None)
                if ended is not None:
                    said = safe(ended.last.decode("utf-8", "replace").strip(), LONGEST_WORDS)
                    return TrialEnd.BROKEN, f"its worker ended: {said or 'it said nothing'}"
                self.pause(POLL_S)
            return end, ""
        finally:
            _end(workers)


def worker_words(
    settings: TrialSettings, task: ReplayedTask, configuration: Configuration
) -> Iterator[tuple[str, ...]]:
    """The words of `onloop work` for each worker of a trial: one for an agent by name, one a role for a command."""
    common: list[str] = []
    if settings.isolation:
        common += ["--environment", settings.isolation]
    for option, values in (
        ("--reach", settings.reach),
        ("--show", settings.show),
        ("--agent-env", settings.agent_env),
    ):
        common += [word for value in values for word in (option, value)]
    if configuration.agent:
        flags = ("--", "--model", configuration.model) if configuration.model else ()
        yield (*common, "--agent", configuration.agent, *flags)
        return
    for role in task.roles:
        yield (*common, "--role", role, "--", *configuration.argv)


def _started(place: Path, opened: GatewayHandle, number: int, words: tuple[str, ...]) -> AgentProcess:
    """A worker of a trial; of ours it is told which store it has, and of the caller's nothing that names another."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONLOOP_")}
    if anchors := os.environ.get("ONLOOP_ANCHORS"):
        kept["ONLOOP_ANCHORS"] = anchors
    private(opened.home.logs)
    return AgentProcess.start(
        own_command("work", "--store", str(opened.home.store), *words),
        brief=Path(os.devnull),
        folder=place,
        environment=kept,
        log=place / f"worker-{number}.log",
        record=place / f"worker-{number}.pid",
    )


def _end(workers: Sequence[AgentProcess]) -> None:
    """Ask the workers to end, which then end their agents and tell what these used; then end what is left."""
    for worker in workers:
        signal_group(worker.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline and any(worker.exit_code is None for worker in workers):
        time.sleep(POLL_S)
    for worker in workers:
        worker.end()


def _end_of(task: Task | None) -> TrialEnd | None:
    """How the trial has ended; None while its task may go on by itself."""
    if task is None:
        return TrialEnd.BROKEN
    if task.state is State.COMPLETED:
        return TrialEnd.REACHED
    return TrialEnd.STOPPED if task.ended or task.state in _STANDS else None


def _out_of_time(task: Task | None) -> tuple[TrialEnd, str]:
    """The end of a trial that took too long: broken where what kept it was not its agent."""
    if task is not None and task.setback is not None:
        return TrialEnd.BROKEN, f"it could not go on: {task.detail}"
    return TrialEnd.OUT_OF_TIME, "" if task is None else task.detail


def _broken(trial: Trial, began: int, why: str) -> TrialRow:
    return TrialRow(
        trial.task,
        trial.configuration,
        trial.repetition,
        TrialEnd.BROKEN,
        began,
        0,
        detail=safe(why, LONGEST_WORDS),
    )
