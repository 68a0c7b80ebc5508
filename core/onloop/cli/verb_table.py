"""Every verb as data: help, parsing and README's tables are made from this list."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType

from onloop.cli.arguments import (
    AskArguments,
    CheckpointArguments,
    ClaimArguments,
    DemoArguments,
    DoctorArguments,
    EnrolArguments,
    FilesArguments,
    FleetArguments,
    GraphArguments,
    HandoffArguments,
    HeartbeatArguments,
    HookArguments,
    InitArguments,
    ListArguments,
    LogArguments,
    ReasonArguments,
    ReviewArguments,
    RunArguments,
    ServeArguments,
    SpawnArguments,
    StartArguments,
    StoreArguments,
    SubmitArguments,
    TellArguments,
    VerifierArguments,
    WorkArguments,
    WorkflowArguments,
)
from onloop.cli.people_verb_table import PEOPLE
from onloop.cli.verb import AS, KEY, RUN, Verb, arg

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "agents": "for agents: in a worker's environment they need no arguments",
        "people": "for people: decisions ask for a passphrase",
        "work": "for work: starting it, doing it, looking at it",
        "build": "for building: stores, workflows, this machine",
        "serve": "for serving: one gateway for hundreds of agents",
    }
)


VERBS: tuple[Verb, ...] = (
    Verb(
        "claim",
        "agents",
        "take the lease of a task that waits for a role",
        "agent_verbs:claim",
        ClaimArguments,
        (
            arg("task", nargs="?", help="this task only"),
            arg("--role", required=True, help="the role that you take"),
            arg("--name", help="the agent's name (default: the role)"),
            arg("--lease", help="how long without a sign of life, like 90s or 10m", default="10m"),
            arg("--key", help="idempotency key, 16 random characters or more: it opens the lease again", default=""),
        ),
    ),
    Verb("next", "agents", "what is asked of you now: the brief of your step", "agent_verbs:next_step"),
    Verb("check", "agents", "have I achieved this step, may I proceed? changes nothing", "agent_verbs:check"),
    Verb(
        "submit",
        "agents",
        "ask for the gates of your step on HEAD, and wait for the answer",
        "agent_verbs:submit",
        SubmitArguments,
        (
            arg("--statement", help="what you have to say about it; kept, and no evidence", default=""),
            arg("--wait", help="how long to wait for the gates", default="90s"),
            KEY,
        ),
    ),
    Verb(
        "ask",
        "agents",
        "ask a person, and end your turn",
        "agent_verbs:ask",
        AskArguments,
        (arg("question", help="one question"), KEY),
    ),
    Verb(
        "review",
        "agents",
        "judge the work of another agent, at a step that asks for it",
        "agent_verbs:review",
        ReviewArguments,
        (
            arg("verdict", choices=("pass", "fail"), help="pass or fail"),
            arg("--reason", required=True, help="why; a fail's reason goes into the brief of whoever mends it"),
            KEY,
        ),
    ),
    Verb(
        "spawn",
        "agents",
        "make a child that does a part of your step; submit then waits for your children",
        "agent_verbs:spawn",
        SpawnArguments,
        (
            arg("--title", required=True, help="what the child is to do, in a line"),
            arg("--brief", help="what it must know", default=""),
            KEY,
        ),
    ),
    Verb(
        "tell",
        "agents",
        "tell another task of your run something",
        "message_verbs:tell",
        TellArguments,
        (
            arg("text", help="at most 4 KiB; - reads standard input"),
            arg("--to", required=True, help="a task's id, parent or children"),
            arg("--kind", choices=("note", "finding", "question", "result"), default="note", help="what it is"),
            KEY,
        ),
    ),
    Verb("inbox", "agents", "what other agents told you; acting on it acknowledges it", "message_verbs:inbox"),
    Verb(
        "checkpoint",
        "agents",
        "leave word of how far you are: your successor's brief holds it",
        "message_verbs:checkpoint",
        CheckpointArguments,
        (
            arg("stdin", nargs="?", choices=("-",), help="read standard input, which is the default"),
            arg("--file", help="a file of at most 64 KiB", default=""),
            KEY,
        ),
    ),
    Verb(
        "handoff",
        "agents",
        "give your step to another agent; it counts as no attempt",
        "message_verbs:handoff",
        HandoffArguments,
        (
            arg("--to", help="agent:NAME or a role of the workflow (default: anyone in the step's role)", default=""),
            arg("--why", required=True, help="why; it reaches your successor"),
            arg("--open", help="a question that is open; may be repeated", action="append"),
            KEY,
        ),
    ),
    Verb(
        "heartbeat",
        "agents",
        "keep your lease alive, say how full your context is, and which sub-agents your process has",
        "agent_verbs:heartbeat",
        HeartbeatArguments,
        (
            arg("--context", help="how much of your context is in use, like 0.6 or 60%%"),
            arg("--sub-agent", help="the id of one that is at work in your own process", metavar="ID"),
            arg("--kind", help="of what kind it is", default=""),
            arg("--doing", help="what it does, in a line", default=""),
            arg("--ended", help="the id of one that has ended; may be repeated", action="append", metavar="ID"),
        ),
    ),
    Verb(
        "release",
        "agents",
        "give the task back",
        "agent_verbs:release",
        ReasonArguments,
        (arg("--reason", help="why", default=""), KEY),
    ),
    Verb(
        "fail",
        "agents",
        "say that you cannot do this step",
        "agent_verbs:fail",
        ReasonArguments,
        (arg("reason", help="why not"), KEY),
    ),
    *PEOPLE,
    Verb(
        "start",
        "work",
        "begin one task over one repository",
        "work_verbs:start",
        StartArguments,
        (
            arg("workflow", help="a built-in, or a file committed in the repository"),
            arg("--repo", required=True, help="path or URL of the repository"),
            arg("--branch", help="the branch that a merge moves", default="main"),
            arg("--title", help="what is to be done, in a line"),
            KEY,
        ),
    ),
    Verb(
        "fleet",
        "work",
        "begin a task per repository",
        "work_verbs:fleet",
        FleetArguments,
        (
            arg("workflow", help="a built-in, or a file committed in the control repository"),
            arg("--targets", required=True, help="a file with one PATH-OR-URL [BRANCH] a line", metavar="FILE"),
            arg("--control", help="the repository that holds the workflow file", metavar="REPO"),
            arg("--control-branch", help="its branch", default="main"),
            arg("--max-parallel", help="how many repositories may be worked on at once", type=int),
            arg("--title", help="what is to be done, in a line"),
            KEY,
        ),
    ),
    Verb(
        "list",
        "work",
        "every task in a line",
        "look_verbs:list_tasks",
        ListArguments,
        (RUN, arg("--state", help="only this state")),
    ),
    Verb("tree", "work", "runs, their tasks, and how their gates stand", "look_verbs:tree", RunArguments, (RUN,)),
    Verb(
        "log",
        "work",
        "the audit trail: who did what, when",
        "look_verbs:log",
        LogArguments,
        (
            arg("task", nargs="?", help="only this task"),
            RUN,
            arg("--after", help="events after this sequence", type=int, default=0),
            arg("--limit", help="at most so many", type=int, default=200),
        ),
    ),
    Verb(
        "work",
        "work",
        "be a worker: claim tasks and run a command on each",
        "work_verbs:work",
        WorkArguments,
        (
            arg("--role", required=True, help="the role to claim for"),
            arg("--name", help="the agent's name (default: the role and the process id)"),
            arg("--once", help="end after one task, or when there is none", action="store_true"),
            arg("--lease", help="how long without a sign of life", default="60s"),
            arg("--stall", help="end an agent that is silent for so long (default: never)", default=""),
            arg("command", nargs="...", help="-- CMD…: run for each task, brief on standard input", metavar="-- CMD"),
        ),
    ),
    Verb(
        "verifier",
        "work",
        "run gates and effects for all workers",
        "work_verbs:verifier",
        VerifierArguments,
        (
            arg("--idle-exit", help="end after so long without work (default: never)", default=""),
            arg("--jobs", help="so many gates at a time (default: one for each processor, 8 at most)", default=""),
        ),
    ),
    Verb(
        "demo",
        "work",
        "see it all: a fleet of 14 repositories (or a swarm), agents that misbehave, and you",
        "demo_verbs:demo",
        DemoArguments,
        (
            arg(
                "play",
                help="what to play: a fleet, or a swarm",
                nargs="?",
                choices=("cve-remediation", "swarm-feature"),
            ),
            arg("--dir", help="go on with the demo in this folder", metavar="D"),
            arg("--unattended", help="let a script decide, and say how it ended", action="store_true"),
        ),
    ),
    Verb(
        "init",
        "build",
        "make a store and enrol its first approver",
        "build_verbs:init",
        InitArguments,
        (
            arg("--name", help="the approver's name (default: your user name)"),
            arg("--group", help="a group of theirs; may be repeated", action="append"),
            arg("--email", help="whose commits they may not approve: their own", default=""),
            arg("--isolate", help="give the store to this user, whom agents do not run as (as root)", metavar="USER"),
            arg("--agents", help="with --isolate: the group of the users whom agents run as", default="agents"),
            arg("--passphrase-fd", help="read the passphrase from this file descriptor", type=int, metavar="N"),
        ),
    ),
    Verb(
        "enrol",
        "build",
        "enrol another person; somebody enrolled must do it",
        "build_verbs:enrol",
        EnrolArguments,
        (
            arg("name", help="their name"),
            arg("--group", help="a group of theirs; may be repeated", action="append"),
            arg("--email", help="their address in commits", default=""),
            arg("--new-passphrase-fd", help="read theirs from this file descriptor", type=int, metavar="N"),
            *AS,
            KEY,
        ),
    ),
    Verb(
        "validate",
        "build",
        "check workflow files",
        "build_verbs:validate",
        FilesArguments,
        (arg("files", nargs="+", help="files"),),
    ),
    Verb(
        "graph",
        "build",
        "draw a workflow (or, without one, the machine) as Mermaid",
        "build_verbs:graph",
        GraphArguments,
        (arg("workflow", nargs="?", help="a file or a built-in"),),
    ),
    Verb(
        "workflow",
        "build",
        "built-in workflows, and the JSON Schema of the files",
        "build_verbs:workflow",
        WorkflowArguments,
        (
            arg("what", choices=("list", "schema", "print"), help="list, schema or print"),
            arg("name", nargs="?", help="which"),
        ),
    ),
    Verb(
        "serve",
        "serve",
        "be the resident gateway: one writer for all, at a Unix socket",
        "serve_verbs:serve",
        ServeArguments,
        (
            arg("--group", help="whose members may connect besides you (default: your own group)"),
            arg("--jobs", help="so many gates at a time (default: one for each processor, 8 at most)", default=""),
        ),
    ),
    Verb(
        "hook",
        "build",
        "keep a vendor's agent at its step: show, install or uninstall its hook, or answer it",
        "hook_verbs:hook",
        HookArguments,
        (
            arg("what", choices=("show", "install", "uninstall"), help="or an agent's name: answer its call on stdin"),
            arg("agent", help="claude or codex"),
            arg("--user", help="for everything you do, not for this project only", action="store_true"),
        ),
    ),
    Verb(
        "doctor",
        "build",
        "what this machine and store can prove, and what not",
        "doctor:doctor",
        DoctorArguments,
        (arg("--agent", help="prove that the hook of this agent (claude, codex) fires in this folder"),),
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
                help="verify: compare it with its log; export, import: the whole of it; archive: move finished runs to "
                "a file; migrate: to this version's schema, with a backup",
            ),
            arg("file", nargs="?", help="to write or to read; export without one writes to stdout"),
            arg("--before", help="archive runs that ended before this day (UTC)", default="", metavar="YYYY-MM-DD"),
            arg("--read", help="list what is in an archive, and change nothing", action="store_true"),
            *AS,
        ),
    ),
)


def verb(name: str) -> Verb | None:
    """The verb of that name."""
    return next((known for known in VERBS if known.name == name), None)


def verbs_markdown() -> str:
    """README's table of verbs."""
    rows = [f"| `onloop {known.name}` | {known.summary} | {known.group} |" for known in VERBS]
    return "\n".join(["| verb | does | for |", "|---|---|---|", *rows])


if __name__ == "__main__":
    sys.stdout.write(verbs_markdown() + "\n")
