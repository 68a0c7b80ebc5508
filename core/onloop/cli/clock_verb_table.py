"""The verbs of what happens by itself, as data: schedules, calls to people, and the stream of what needs them."""

from __future__ import annotations

from onloop.cli.clock_arguments import CallsArguments, ScheduleArguments, WatchArguments
from onloop.cli.verb import AS, KEY, Reach, Verb, arg

SCHEDULE = Verb(
    "schedule",
    "work",
    "what begins by the clock: list, adopt, drop, run, pause or resume it",
    "schedule_verbs:schedule",
    ScheduleArguments,
    (
        arg(
            "what",
            choices=("list", "adopt", "drop", "run", "pause", "resume", "schema"),
            help="list those in force; adopt a file of them; drop, run now, pause or resume one; print the schema",
        ),
        arg("names", nargs="*", help="the file (default: .onloop/schedules.yaml), or schedules by name"),
        arg("--reason", help="why; it goes into the log", default=""),
        arg("--wait", help="with run: how long to wait until it has begun (0s: not at all)", default="90s"),
        *AS,
        KEY,
    ),
    prints=(
        "clock_models:SchedulesJson",
        "clock_models:ScheduleChangeJson",
        "clock_models:FiredJson",
        "build_models:SchemaJson",
    ),
    reach=Reach.GATEWAY,
)

CALLS = Verb(
    "calls",
    "serve",
    "whom onloop calls when something needs a person: list, adopt, drop, test, log",
    "call_verbs:calls",
    CallsArguments,
    (
        arg(
            "what",
            choices=("list", "adopt", "drop", "test", "log", "schema"),
            help="list the rules in force; adopt a file of them; drop them; test: what would be sent now, and why "
            "not; log: what was sent; print the schema",
        ),
        arg("file", nargs="?", help="the file (default: .onloop/calls.yaml)"),
        arg("--reason", help="why; it goes into the log", default=""),
        arg("--limit", help="with log: show at most this many", type=int, default=50),
        *AS,
        KEY,
    ),
    prints=(
        "clock_models:CallRulesJson",
        "clock_models:CallsChangedJson",
        "clock_models:CallsPlannedJson",
        "clock_models:CallLogJson",
        "build_models:SchemaJson",
    ),
    reach=Reach.GATEWAY,
)

WATCH = Verb(
    "watch",
    "work",
    "print a line for each change of what needs people, until stopped",
    "watch_verb:watch",
    WatchArguments,
    (
        arg("--since", help="go on after this sequence number, which each line names", type=int, metavar="SEQ"),
        arg("--until", help="end after this long (0s: with what has changed up to now)", metavar="FOR"),
    ),
    prints=("clock_models:WatchedJson", "clock_models:WatchEndedJson"),
    reach=Reach.GATEWAY,
)

CLOCK = (SCHEDULE, CALLS, WATCH)
