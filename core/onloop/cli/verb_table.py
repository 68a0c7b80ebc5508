"""Every verb as data: help, parsing and the guide `verbs` are made from this list."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from onloop.cli.agent_protocol_verb_table import AGENT_PROTOCOLS, OF_WORKERS
from onloop.cli.agent_verb_table import AGENTS
from onloop.cli.arguments import (
    DemoArguments,
    FilesArguments,
    GraphArguments,
    InitArguments,
    ListArguments,
    LogArguments,
    ServeArguments,
    StartArguments,
    StoreArguments,
    TreeArguments,
    VerifierArguments,
    WorkArguments,
)
from onloop.cli.attest_verb_table import ATTEST
from onloop.cli.audit_verb_table import AUDIT
from onloop.cli.bench_verb_table import BENCH
from onloop.cli.budget_argument import BUDGET_FORM
from onloop.cli.clock_verb_table import CLOCK
from onloop.cli.doctor_verb_table import DOCTOR
from onloop.cli.elsewhere_verb_table import ADOPT, FROM_ELSEWHERE, TICKETS
from onloop.cli.fleet_arguments import FLEET_TARGETS, FROM_PROGRAM, PLAN, FleetArguments
from onloop.cli.harness_verb_table import HARNESS
from onloop.cli.hook_verb_table import HOOK
from onloop.cli.instruct_verb_table import INSTRUCT
from onloop.cli.launcher_verb_table import TOKENS
from onloop.cli.loop_verb_table import LOOP
from onloop.cli.machine_verb_table import MACHINES
from onloop.cli.people_verb_table import PEOPLE
from onloop.cli.person_verb_table import ENROL
from onloop.cli.place_arguments import PLACES
from onloop.cli.place_verb_table import ENTER, ENVIRONMENT
from onloop.cli.policy_verb_table import POLICY
from onloop.cli.reference_verb_table import REFERENCE
from onloop.cli.report_arguments import REPORT
from onloop.cli.simulation_verb_table import SIMULATION
from onloop.cli.standard_verb_table import STANDARD
from onloop.cli.trigger_verb_table import TRIGGER
from onloop.cli.verb import AS, AT, KEY, LISTENING, RUN, TOKEN_FD, Reach, Verb, arg
from onloop.cli.workflow_verb_table import WORKFLOW

RUNTIME_ROLE = arg(
    "--runtime-role",
    help="in a database: the role as which gateways work, which is granted what they need",
    default="",
    metavar="ROLE",
)

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "agents": "for agents: in a worker's environment they need no arguments",
        "people": "for people: decisions ask for a passphrase",
        "work": "for work: starting it, doing it, looking at it",
        "build": "for building: stores, workflows, this machine",
        "serve": "for serving: one gateway for hundreds of agents",
    }
)

DRY_RUN = arg(
    "--dry-run", help="look at every target, say what is wrong with it, and begin nothing", action="store_true"
)
NO_BASE_CHECK = arg(
    "--no-base-check", help="let agents start without running gates on the base first", action="store_true"
)

WAIT = arg("--wait", help="how long to wait for what gates find on the base (0s: not at all)", default="90s")

GIVING = (
    arg("--brief", help="a file that every brief of the run quotes; - reads standard input", metavar="FILE"),
    arg("--attach", help="a file for its agents, in $ONLOOP_IN; may be repeated", action="append", metavar="FILE"),
    arg("--label", help="a label that workers can choose by; may be repeated", action="append", metavar="NAME"),
    arg("--budget", help=f"what the whole run may spend: {BUDGET_FORM}", metavar="LIMITS"),
)

VERBS: tuple[Verb, ...] = (
    *AGENTS,
    *PEOPLE,
    ENTER,
    ENVIRONMENT,
    Verb(
        "start",
        "work",
        "begin one task in one repository",
        "beginning.start_verbs:start",
        StartArguments,
        (
            arg("workflow", nargs="?", help="a built-in, or a file committed there (default: the one in .onloop)"),
            arg("--repo", help="path or URL of the repository (default: the remote origin of this folder, or itself)"),
            arg("--branch", help="the branch that a merge moves (default: the one that HEAD of the repository names)"),
            arg("--title", help="what must be done, in one line"),
            *GIVING,
            *FROM_ELSEWHERE,
            DRY_RUN,
            NO_BASE_CHECK,
            WAIT,
            KEY,
        ),
        prints=("work_models:TaskJson", "start_models:PreflightJson"),
        needs_git=True,
        reach=Reach.GATEWAY,
    ),
    ADOPT,
    TICKETS,
    Verb(
        "fleet",
        "work",
        "begin one task per repository, in waves if wanted; add more to a live fleet, or show how it stands",
        "beginning.fleet_verbs:fleet",
        FleetArguments,
        (
            *FLEET_TARGETS,
            *PLAN,
            arg("--title", help="what must be done, in one line"),
            *GIVING,
            DRY_RUN,
            arg("--skip-bad", help="begin without the targets that are not ready", action="store_true"),
            NO_BASE_CHECK,
            WAIT,
            KEY,
            FROM_PROGRAM,
        ),
        prints=(
            "work_models:FleetJson",
            "start_models:PreflightJson",
            "start_models:AddedJson",
            "fleet_models:FleetStandingJson",
        ),
        needs_git=True,
        reach=Reach.GATEWAY,
    ),
    Verb(
        "list",
        "work",
        "list the tasks, one per line",
        "look_verbs:list_tasks",
        ListArguments,
        (
            RUN,
            AT,
            arg("--state", help="only this state"),
            arg("--columns", help="these columns instead, such as state,owner,age (onloop help keys)", metavar="NAMES"),
            arg("--sort", help="in the order of this column; --sort=-age is the other way round", metavar="NAME"),
            arg("--a2a", help="the whole list as A2A's ListTasks answers it, in JSON", action="store_true"),
        ),
        prints=("work_models:TasksJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "tree",
        "work",
        "runs, their tasks, and the status of their gates",
        "look_verbs:tree",
        TreeArguments,
        (RUN, AT),
        prints=("work_models:TasksJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "log",
        "work",
        "the audit trail: who did what, when",
        "look_verbs:log",
        LogArguments,
        (
            arg("task", nargs="?", help="only this task"),
            RUN,
            arg("--after", help="only events after this sequence number", type=int, default=0),
            arg("--limit", help="show at most this many events", type=int, default=200),
        ),
        prints=("work_models:LogJson",),
        reach=Reach.GATEWAY,
    ),
    REPORT,
    LOOP,
    Verb(
        "work",
        "work",
        "be a worker: claim tasks and run an agent on each",
        "worker_verbs:work",
        WorkArguments,
        (
            arg(
                "--agent",
                help="claude, codex, gemini, opencode, copilot, or a file of the repository in .onloop/agents",
            ),
            *OF_WORKERS,
            arg("--role", help="the role to claim for (default, with --agent or --acp: every role)", default=""),
            arg("--name", help="the agent's name (default: the agent or the role, and the process id)"),
            arg("--jobs", help="how many agents work at once (default: 1)", type=int, metavar="N"),
            arg("--min", help="how many work at once while anything waits (with --max)", type=int, metavar="N"),
            arg("--max", help="how many may work at once where more wait than work", type=int, metavar="N"),
            arg("--run", help="claim only tasks of this run"),
            arg("--repo", help="claim only tasks in the repository of this name"),
            arg("--workflow", help="claim only tasks that walk this workflow"),
            arg("--label", help="claim only tasks with this label (onloop start --label)"),
            arg("--once", help="end after one task, or when there is none", action="store_true"),
            arg("--lease", help="how long a lease lasts without a heartbeat", default="60s"),
            arg("--stall", help="end an agent that is silent for this long (default: never)", default=""),
            arg(
                "--agent-env",
                help="a variable of yours that agents get beside the usual ones; may be repeated",
                action="append",
                default=[],
                metavar="NAME",
            ),
            *PLACES,
            TOKEN_FD,
            arg(
                "command",
                nargs="...",
                help="-- CMD…: run for each task, brief on standard input; with --agent: its flags",
                metavar="-- CMD",
            ),
        ),
        needs_git=True,
        reach=Reach.GATEWAY,
    ),
    Verb(
        "verifier",
        "work",
        "run gates and effects for all workers",
        "work_verbs:verifier",
        VerifierArguments,
        (
            arg("--idle-exit", help="end after this long without work (default: never)", default=""),
            arg("--jobs", help="how many gates run at a time (default: one for each processor, at most 8)", default=""),
        ),
        reach=Reach.FILE,
    ),
    Verb(
        "demo",
        "work",
        "play a demo: a fleet of 14 repositories (or a swarm, or a factory), agents that misbehave, and you",
        "demo_verbs:demo",
        DemoArguments,
        (
            arg(
                "play",
                help="a fleet, a swarm, or a bank that grows",
                nargs="?",
                choices=("cve-remediation", "swarm-feature", "bank"),
            ),
            arg("--dir", help="continue the demo in this folder", metavar="D"),
            arg("--unattended", help="let a script decide, and report how the demo ended", action="store_true"),
            arg("--tour", help="be shown around the dashboard, a card at a time", action="store_true"),
        ),
        prints=("work_models:DemoJson", "work_models:DemoLeftJson"),
        needs_git=True,
        reach=Reach.NONE,
    ),
    *SIMULATION,
    BENCH,
    Verb(
        "init",
        "build",
        "make a store and enrol its first approver; with --repo, propose a workflow that is green on the base",
        "build_verbs:init",
        InitArguments,
        (
            arg("--repo", help="look at the project in this folder, and write a workflow into .onloop", metavar="DIR"),
            arg("--force", help="with --repo: propose anew although there is a workflow", action="store_true"),
            arg("--commit", help="with --repo: commit the workflow if it is green", action="store_true"),
            arg("--name", help="the approver's name (default: your user name)"),
            arg("--group", help="a group that the person belongs to; may be repeated", action="append"),
            arg("--email", help="whose commits they may not approve: their own", default=""),
            arg("--isolate", help="give the store to this user, as which no agent runs (needs root)", metavar="USER"),
            arg("--agents", help="with --isolate: the group of the users as which agents run", default="agents"),
            RUNTIME_ROLE,
            arg("--passphrase-fd", help="read the passphrase from this file descriptor", type=int, metavar="N"),
        ),
        prints=("build_models:InitJson", "build_models:NotIsolatedJson", "build_models:ProposedJson"),
        reach=Reach.FILE,
    ),
    ENROL,
    Verb(
        "validate",
        "build",
        "check workflow files",
        "build_verbs:validate",
        FilesArguments,
        (arg("files", nargs="+", help="files"),),
        prints=("build_models:ValidateJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "graph",
        "build",
        "draw a workflow (or, without one, the machine) as Mermaid, or as text",
        "build_verbs:graph",
        GraphArguments,
        (
            arg("workflow", nargs="?", help="a file or a built-in"),
            arg("--task", help="draw the workflow of a task, and where it stands"),
            arg("--text", action="store_true", help="boxes and arrows in plain text instead of Mermaid"),
        ),
        prints=("build_models:GraphJson",),
        reach=Reach.GATEWAY,
    ),
    WORKFLOW,
    POLICY,
    *CLOCK,
    MACHINES,
    TRIGGER,
    Verb(
        "serve",
        "serve",
        "be the resident gateway: at a Unix socket, and with --listen over HTTP",
        "serve_verbs:serve",
        ServeArguments,
        (
            arg("--group", help="the group whose members may connect besides you (default: your own)"),
            arg("--jobs", help="how many gates run at a time (default: one for each processor, at most 8)", default=""),
            *LISTENING,
        ),
        needs_git=True,
        reach=Reach.FILE,
    ),
    *TOKENS,
    *STANDARD,
    *REFERENCE,
    *AGENT_PROTOCOLS,
    HOOK,
    INSTRUCT,
    DOCTOR,
    AUDIT,
    HARNESS,
    ATTEST,
    Verb(
        "store",
        "build",
        "verify, export, import, copy, archive or migrate a store",
        "store_verbs:store",
        StoreArguments,
        (
            arg(
                "what",
                choices=("verify", "export", "import", "copy", "archive", "migrate"),
                help="verify: compare it with its log; export, import: all of it; copy: all of it into a new store; "
                "archive: move finished runs to a file; migrate: to this version's schema",
            ),
            arg(
                "file",
                nargs="?",
                help="the file to write or read, or where to copy to: a folder or postgresql://…; without one, export "
                "writes to stdout",
            ),
            arg(
                "--before",
                help="archive runs that ended before this day, local time",
                default="",
                metavar="YYYY-MM-DD",
            ),
            arg("--read", help="list what is in an archive, and change nothing", action="store_true"),
            RUNTIME_ROLE,
            *AS,
        ),
        prints=(
            "store_models:VerifyJson",
            "store_models:ExportJson",
            "store_models:ImportJson",
            "store_models:CopyJson",
            "store_models:ArchiveJson",
            "store_models:NothingArchivedJson",
            "store_models:ArchivedJson",
            "store_models:MigrateJson",
        ),
        reach=Reach.FILE,
    ),
)

DASHBOARD_PRINTS = ("work_models:VersionJson", "work_models:NoStoreJson")
"""The models of what `onloop` prints without a verb."""


def verb(name: str) -> Verb | None:
    """The verb of that name; None if there is none."""
    return next((known for known in VERBS if known.name == name), None)
