"""Makes the trials of a bench that are still missing, some at a time, and keeps what comes of each."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from onloop.bench.bench_plan import BenchPlan, Trial
from onloop.bench.results_file import ResultsFile
from onloop.bench.trial_row import TrialRow
from onloop.bench.trial_run import TrialMaker
from onloop.errors import OnloopError
from onloop.records import Record

Told = Callable[[TrialRow, int, int], None]
"""Is told of each row, how many trials there are results of now, and of how many."""


class BenchRun(Record):
    """One bench at work; `jobs` trials are made at a time."""

    plan: BenchPlan
    maker: TrialMaker
    results: ResultsFile
    jobs: int
    told: Told

    def missing(self) -> tuple[Trial, ...]:
        """The trials that nothing is known of, and those that broke: these are made again."""
        known = {row.trial for row in self.results.rows if row.counts}
        return tuple(trial for trial in self.plan.trials if trial not in known)

    def run(self) -> None:
        """Make all that are missing, or until the bench is stopped. OnloopError where results cannot be kept."""
        waiting, troubles = deque(self.missing()), deque[OnloopError]()
        threads = [
            threading.Thread(target=self._work, args=(waiting, troubles), name=f"trial-{number}")
            for number in range(min(self.jobs, len(waiting)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if troubles:
            raise troubles[0]

    def _work(self, waiting: deque[Trial], troubles: deque[OnloopError]) -> None:
        tasks = {task.id: task for task in self.plan.tasks}
        configurations = {configuration.name: configuration for configuration in self.plan.configurations}
        while not self.maker.stopped() and not troubles:
            try:
                trial = waiting.popleft()
            except IndexError:
                return
            row = self.maker.run(trial, tasks[trial.task], configurations[trial.configuration])
            if row is None:
                return
            try:
                self.results.add(row)
            except OnloopError as problem:
                troubles.append(problem)
                return
            self.told(row, len(self.results.rows), len(self.plan.trials))
