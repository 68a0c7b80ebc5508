"""`onloop bench`: replays finished tasks with other agents, and says what verifiers found."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.bench.bench_plan import MOST_JOBS, BenchPlan
from onloop.bench.bench_run import BenchRun, Told
from onloop.bench.comparison import figures_of
from onloop.bench.replayable import replayed
from onloop.bench.results_file import ResultsFile
from onloop.bench.suite_file import added_to_suite
from onloop.bench.trial_row import TrialRow
from onloop.bench.trial_run import TrialMaker
from onloop.cli.bench_verb_table import BenchArguments
from onloop.cli.context import Context
from onloop.cli.json_models.insight.bench_models import AddedToSuiteJson
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput
from onloop.cli.reports.bench_json import bench_json
from onloop.cli.reports.bench_tables import markdown_lines, text_lines
from onloop.cli.running import pause_until, say, stop_signals
from onloop.cli.verbs.benching.asked_bench import asked_plan
from onloop.errors import BadInput, Exit, NotAllowed, Unavailable
from onloop.gates import toolchain
from onloop.home import addressed, state_home
from onloop.machine.definition import Isolation
from onloop.text import safe

ADD = "add"
_READS_MIRRORS = "bench as the user whose gateway it is, on its machine"


def bench(context: Context[BenchArguments]) -> VerbOutput:
    """Make the trials that are missing, and compare; or put a task into a suite."""
    args = context.args
    if os.environ.get("ONLOOP_TOKEN"):
        raise NotAllowed("an agent may not bench: it would be shown finished work", hint="a person benches")
    if args.as_json and args.md:
        raise BadInput("stdout cannot hold several formats", hint="one of --json and --md")
    for task in args.tasks[args.tasks[:1] == (ADD,) :]:
        check_names(context, task=task)
    opened = context.opened
    if opened.apart is not None:
        raise Unavailable("tasks are replayed from the gateway's mirrors, which you may not read", hint=_READS_MIRRORS)
    if args.tasks[:1] == (ADD,):
        return _added(opened, args)
    if not 1 <= args.jobs <= MOST_JOBS:
        raise BadInput(f"--jobs {args.jobs} is not possible", hint=f"give 1 to {MOST_JOBS}")
    plan = asked_plan(opened, args)
    tools = opened.home.store / toolchain.FILE
    context.close()  # what follows reads the mirror alone
    return _benched(context, plan, tools)


def _added(opened: GatewayHandle, args: BenchArguments) -> VerbOutput:
    """Put tasks into a suite, once it is known that each can be replayed."""
    if args.suite is None or len(args.tasks) != 2:
        raise BadInput("one task is put into one suite", hint="onloop bench add TASK --suite FILE")
    task = replayed(opened, args.tasks[1], Isolation.VM)
    is_new = added_to_suite(Path(args.suite), task.id, task.base, task.title)
    words = f"{task.id} is in {safe(args.suite)}" if is_new else f"{task.id} was in {safe(args.suite)} already"
    return VerbOutput(
        lines=(f"{words}: it begins at {task.base[:12]}, and has {len(task.gates)} gates",),
        data=AddedToSuiteJson(args.suite, task.id, task.base, is_new),
        notes=(f"compare agents on it: onloop bench --suite {safe(args.suite)} --agent A --agent B",),
    )


def _benched(context: Context[BenchArguments], plan: BenchPlan, tools: Path) -> VerbOutput:
    args = context.args
    out = Path(args.out).absolute() if args.out is not None else _new_file(plan)
    results = ResultsFile(out, plan)
    try:
        with stop_signals() as stop:
            maker = TrialMaker(
                settings=plan.settings,
                folder=state_home() / "trials",
                tools=tools,
                stopped=stop.is_set,
                pause=pause_until(stop),
                keep=None if args.keep is None else Path(args.keep).absolute(),
            )
            run = BenchRun(plan, maker, results, args.jobs, _told())
            say(f"bench: {len(run.missing())} trials to make, {args.jobs} at a time; results: {out}")
            run.run()
            missing = len(run.missing())
        rows = results.rows
    finally:
        results.close()
    figures = figures_of(plan, rows)
    lines = markdown_lines(plan, figures) if args.md else text_lines(plan, figures)
    broken = dict.fromkeys(row.detail for row in rows if not row.counts)
    notes = tuple(f"broken, and not counted: {why}" for why in tuple(broken)[:3])
    if missing:
        again = addressed(context.home, f"onloop bench … --out {out}")
        notes += (f"{missing} trials have no result; the same command with --out goes on: {again}",)
    code = Exit.UNAVAILABLE if missing else Exit.OK
    return VerbOutput(code, tuple(lines), bench_json(plan, figures, str(out)), notes)


def _new_file(plan: BenchPlan) -> Path:
    """A file for results where nobody named one."""
    folder = state_home() / "benches"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = {path.name for path in folder.iterdir()}
    number = next(n for n in range(1, len(taken) + 2) if f"{plan.fingerprint[:8]}-{n}.jsonl" not in taken)
    return folder / f"{plan.fingerprint[:8]}-{number}.jsonl"


def _told() -> Told:
    turn = threading.Lock()

    def told(row: TrialRow, done: int, of: int) -> None:
        with turn:
            why = f": {row.detail}" if row.detail else ""
            say(f"{done}/{of} {row.task} {row.configuration} #{row.repetition} {row.end.value}{why}")

    return told
