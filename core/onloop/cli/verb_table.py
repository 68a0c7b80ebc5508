"""Every verb as data: help, parsing and the guide `verbs` are made from this list."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from onloop.cli.agent_verb_table import AGENTS
from onloop.cli.arguments import (
    DemoArguments,
    DoctorArguments,
    EnrolArguments,
    FilesArguments,
    FleetArguments,
    GraphArguments,
    HookArguments,
    InitArguments,
    ListArguments,
    LogArguments,
    RunArguments,
    ServeArguments,
    StartArguments,
    StoreArguments,
    VerifierArguments,
    WorkArguments,
    WorkflowArguments,
)
from onloop.cli.people_verb_table import PEOPLE
from onloop.cli.reference_verb_table import REFERENCE
from onloop.cli.verb import AS, KEY, RUN, Reach, Verb, arg

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
)

VERBS: tuple[Verb, ...] = (
    *AGENTS,
    *PEOPLE,
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
            DRY_RUN,
            NO_BASE_CHECK,
            WAIT,
            KEY,
        ),
        prints=("work_models:TaskJson", "start_models:PreflightJson"),
        needs_git=True,
        reach=Reach.GATEWAY,
    ),
    Verb(
        "fleet",
        "work",
        "begin one task per repository, or more of them in a live fleet",
        "beginning.start_verbs:fleet",
        FleetArguments,
        (
            arg("workflow", help="a built-in, a file committed in the control repository, or add"),
            arg("run", nargs="?", help="after add: the live fleet that the targets join"),
            arg(
                "--targets",
                required=True,
                help="a file with one PATH-OR-URL [BRANCH] a line, quoted as in a shell",
                metavar="FILE",
            ),
            arg("--control", help="the repository that holds the workflow file", metavar="REPO"),
            arg("--control-branch", help="its branch (default: the one that its HEAD names)"),
            arg("--max-parallel", help="how many repositories may be worked on at once", type=int),
            arg("--title", help="what must be done, in one line"),
            *GIVING,
            DRY_RUN,
            arg("--skip-bad", help="begin without the targets that are not ready", action="store_true"),
            NO_BASE_CHECK,
            WAIT,
            KEY,
        ),
        prints=("work_models:FleetJson", "start_models:PreflightJson", "start_models:AddedJson"),
        needs_git=True,
        reach=Reach.GATEWAY,
    ),
    Verb(
        "list",
        "work",
        "list the tasks, one per line",
        "look_verbs:list_tasks",
        ListArguments,
        (RUN, arg("--state", help="only this state")),
        prints=("work_models:TasksJson",),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "tree",
        "work",
        "runs, their tasks, and the status of their gates",
        "look_verbs:tree",
        RunArguments,
        (RUN,),
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
            arg("--role", help="the role to claim for (default, with --agent: every role)", default=""),
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
        "play a demo: a fleet of 14 repositories (or a swarm), agents that misbehave, and you",
        "demo_verbs:demo",
        DemoArguments,
        (
            arg("play", help="a fleet, or a swarm", nargs="?", choices=("cve-remediation", "swarm-feature")),
            arg("--dir", help="continue the demo in this folder", metavar="D"),
            arg("--unattended", help="let a script decide, and report how the demo ended", action="store_true"),
        ),
        prints=("work_models:DemoJson", "work_models:DemoLeftJson"),
        needs_git=True,
        reach=Reach.NONE,
    ),
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
            arg("--passphrase-fd", help="read the passphrase from this file descriptor", type=int, metavar="N"),
        ),
        prints=("build_models:InitJson", "build_models:NotIsolatedJson", "build_models:ProposedJson"),
        reach=Reach.FILE,
    ),
    Verb(
        "enrol",
        "build",
        "enrol another person; an enrolled person must do it",
        "build_verbs:enrol",
        EnrolArguments,
        (
            arg("name", help="their name"),
            arg("--group", help="a group that the person belongs to; may be repeated", action="append"),
            arg("--email", help="their address in commits", default=""),
            arg("--new-passphrase-fd", help="read the new passphrase from this file descriptor", type=int, metavar="N"),
            *AS,
            KEY,
        ),
        prints=("build_models:EnrolJson",),
        reach=Reach.GATEWAY,
    ),
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
        "draw a workflow (or, without one, the machine) as Mermaid",
        "build_verbs:graph",
        GraphArguments,
        (arg("workflow", nargs="?", help="a file or a built-in"),),
        prints=("build_models:GraphJson",),
        reach=Reach.NONE,
    ),
    Verb(
        "workflow",
        "build",
        "list or print built-in workflows, or print the JSON Schema",
        "build_verbs:workflow",
        WorkflowArguments,
        (
            arg("what", choices=("list", "schema", "print"), help="list, schema or print"),
            arg("name", nargs="?", help="the built-in workflow to print"),
        ),
        prints=("build_models:WorkflowsJson", "build_models:SchemaJson", "build_models:WorkflowSourceJson"),
        reach=Reach.NONE,
    ),
    Verb(
        "serve",
        "serve",
        "be the resident gateway: one writer for all agents, at a Unix socket",
        "serve_verbs:serve",
        ServeArguments,
        (
            arg("--group", help="the group whose members may connect besides you (default: your own)"),
            arg("--jobs", help="how many gates run at a time (default: one for each processor, at most 8)", default=""),
        ),
        needs_git=True,
        reach=Reach.FILE,
    ),
    *REFERENCE,
    Verb(
        "hook",
        "build",
        "keep a vendor's agent at its step: show, install or uninstall its hook, or answer it",
        "hook_verbs:hook",
        HookArguments,
        (
            arg("what", choices=("show", "install", "uninstall"), help="or an agent: answer its hook call on stdin"),
            arg("agent", help="claude, codex or gemini"),
            arg("--user", help="for all your projects, not only for this one", action="store_true"),
        ),
        prints=("build_models:HookShownJson", "build_models:HookFileJson"),
        reach=Reach.NONE,
    ),
    Verb(
        "doctor",
        "build",
        "what this machine and store can prove, and what they cannot",
        "doctor:doctor",
        DoctorArguments,
        (
            arg(
                "--agent",
                help="prove that this agent (a vendor, or a file in .onloop/agents) works as a worker runs it",
            ),
            arg("--repo", help="try whether our git reaches this origin, with what is declared for it", metavar="URL"),
        ),
        prints=("build_models:DoctorJson", "build_models:HookProofJson", "build_models:OriginProofJson"),
        reach=Reach.GATEWAY,
    ),
    Verb(
        "store",
        "build",
        "verify, export, import, archive or migrate a store",
        "store_verbs:store",
        StoreArguments,
        (
            arg(
                "what",
                choices=("verify", "export", "import", "archive", "migrate"),
                help="verify: compare it with its log; export, import: all of it; archive: move finished runs to "
                "a file; migrate: to this version's schema, with a backup",
            ),
            arg("file", nargs="?", help="the file to write or read; without one, export writes to stdout"),
            arg(
                "--before",
                help="archive runs that ended before this day, local time",
                default="",
                metavar="YYYY-MM-DD",
            ),
            arg("--read", help="list what is in an archive, and change nothing", action="store_true"),
            *AS,
        ),
        prints=(
            "store_models:VerifyJson",
            "store_models:ExportJson",
            "store_models:ImportJson",
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
