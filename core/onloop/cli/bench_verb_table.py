"""The verb that compares agents on finished tasks, as data."""

from __future__ import annotations

from onloop.cli.arguments import Arguments
from onloop.cli.verb import Reach, Verb, arg


class BenchArguments(Arguments, frozen=True, kw_only=True):
    """Of bench."""

    tasks: tuple[str, ...]
    suite: str | None
    agent: tuple[str, ...]
    model: tuple[str, ...]
    brief: tuple[str, ...]
    repeat: int | None
    isolation: str
    reach: tuple[str, ...]
    show: tuple[str, ...]
    agent_env: tuple[str, ...]
    deadline: str
    jobs: int
    out: str | None
    keep: str | None
    md: bool


BENCH = Verb(
    "bench",
    "work",
    "replay finished tasks at their base with other agents, models or briefs, and compare them by verified gates",
    "benching.bench_verb:bench",
    BenchArguments,
    (
        arg("tasks", nargs="*", help="finished tasks; or: add TASK, which puts one into --suite", metavar="task"),
        arg("--suite", help="a file that says which tasks, and with what", metavar="FILE"),
        arg(
            "--agent",
            help="an agent as onloop work knows it, or NAME='CMD…'; may be repeated",
            action="append",
            default=[],
            metavar="AGENT",
        ),
        arg(
            "--model",
            help="a model of each vendor's agent; may be repeated",
            action="append",
            default=[],
            metavar="MODEL",
        ),
        arg(
            "--brief",
            help="a file in the place of the task's brief, or own for the task's; may be repeated",
            action="append",
            default=[],
            metavar="FILE",
        ),
        arg("--repeat", help="how often each is tried at each task (default: the suite's, else 5)", type=int),
        arg(
            "--isolation",
            help="where agents work: box, container:IMAGE, vm, …; none: in clones, as you (default: box)",
            default="box",
            metavar="KIND",
        ),
        arg(
            "--reach",
            help="a host that agents may reach, HOST[:PORT]; may be repeated",
            action="append",
            default=[],
            metavar="HOST",
        ),
        arg(
            "--show",
            help="a folder that agents in a box may read; may be repeated",
            action="append",
            default=[],
            metavar="DIR",
        ),
        arg(
            "--agent-env",
            help="a variable of yours that agents get; may be repeated",
            action="append",
            default=[],
            metavar="NAME",
        ),
        arg("--deadline", help="how long one trial may take (default: 1h)", default="1h", metavar="TIME"),
        arg("--jobs", help="how many trials are made at a time (default: 1)", type=int, default=1, metavar="N"),
        arg("--out", help="the file of the results; the same again makes what is missing", metavar="FILE"),
        arg("--keep", help="keep what each trial leaves, in this folder", metavar="DIR"),
        arg("--md", help="as Markdown", action="store_true"),
    ),
    prints=("insight.bench_models:BenchJson", "insight.bench_models:AddedToSuiteJson"),
    needs_git=True,
    reach=Reach.FILE,
)
