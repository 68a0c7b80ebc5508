"""The verb about what the machines do, as data."""

from __future__ import annotations

from onloop.cli.machine_arguments import WorkersArguments
from onloop.cli.verb import AS, KEY, Reach, Verb, arg

MACHINES = Verb(
    "workers",
    "work",
    "what the machines are at: workers and their slots, gates and effects; have a worker drain, or go on",
    "machine_verbs:workers",
    WorkersArguments,
    (
        arg(
            "what",
            nargs="?",
            choices=("list", "drain", "go-on"),
            default="list",
            help="list them (default); drain: claim nothing more, and end when its agents have; go-on takes that back",
        ),
        arg("names", nargs="*", help="workers by name, or by id"),
        arg("--reason", help="why it is to drain; it goes into the log", default=""),
        *AS,
        KEY,
    ),
    prints=("machine_models:MachinesJson", "machine_models:DrainJson"),
    reach=Reach.GATEWAY,
)
