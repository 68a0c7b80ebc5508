"""Every verb as data: help, parsing and README's tables are made from this list."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "agents": "for agents: in a worker's environment they need no arguments",
        "people": "for people: decisions ask for a passphrase",
        "work": "for work: starting it, doing it, looking at it",
        "build": "for building: stores, workflows, this machine",
    }
)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a verb, as argparse takes it."""

    names: tuple[str, ...]
    help: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: what it is for, where its function is (`module:function`), and what it takes."""

    name: str
    group: str
    summary: str
    function: str
    arguments: tuple[Argument, ...] = ()


def _arg(*names: str, help: str, **options: Any) -> Argument:  # noqa: A002 - argparse's own word
    return Argument(names, help, options)


_TASK = _arg("task", help="a task's id, like r7k2m.3")
_REASON = _arg("--reason", help="why; it reaches the agent", default="")
_AS = (
    _arg("--as", help="who you are; may be left out when one person is enrolled", dest="person", metavar="NAME"),
    _arg(
        "--passphrase-fd",
        help="read the passphrase from this file descriptor instead of asking; proves less (A0)",
        type=int,
        metavar="N",
    ),
)
_DIGEST = _arg("--digest", help="the digest that `onloop show` printed (12 characters or more)", default="")
_KEY = _arg("--key", help="idempotency key: the same key never acts twice", default="")
_RUN = _arg("--run", help="only this run")

VERBS: tuple[Verb, ...] = (
    Verb(
        "claim",
        "agents",
        "take the lease of a task that waits for a role",
        "agent_verbs:claim",
        (
            _arg("task", nargs="?", help="this task only"),
            _arg("--role", required=True, help="the role that you take"),
            _arg("--name", help="the agent's name (default: the role)"),
            _arg("--lease", help="how long without a sign of life, like 90s or 10m", default="10m"),
        ),
    ),
    Verb("next", "agents", "what is asked of you now: the brief of your step", "agent_verbs:next_step"),
    Verb("check", "agents", "have I achieved this step, may I proceed? changes nothing", "agent_verbs:check"),
    Verb(
        "submit",
        "agents",
        "ask for the gates of your step on HEAD, and wait for the answer",
        "agent_verbs:submit",
        (
            _arg("--statement", help="what you have to say about it; kept, and no evidence", default=""),
            _arg("--wait", help="how long to wait for the gates", default="90s"),
            _KEY,
        ),
    ),
    Verb(
        "ask",
        "agents",
        "ask a person, and end your turn",
        "agent_verbs:ask",
        (_arg("question", help="one question"), _KEY),
    ),
    Verb("heartbeat", "agents", "keep your lease alive", "agent_verbs:heartbeat"),
    Verb(
        "release",
        "agents",
        "give the task back",
        "agent_verbs:release",
        (_arg("--reason", help="why", default=""), _KEY),
    ),
    Verb(
        "fail", "agents", "say that you cannot do this step", "agent_verbs:fail", (_arg("reason", help="why not"), _KEY)
    ),
    Verb("attention", "people", "what needs a person: one row per cause", "people_verbs:attention"),
    Verb(
        "show",
        "people",
        "one task: what is asked, digests, gates, diff, history",
        "people_verbs:show",
        (_TASK, _arg("--diff", help="with the whole diff", action="store_true")),
    ),
    Verb(
        "approve",
        "people",
        "say yes to exactly what was shown",
        "people_verbs:approve",
        (
            _TASK,
            _arg("--gate", help="which, if several are asked"),
            _DIGEST,
            _arg("--note", help="a note", default=""),
            *_AS,
            _KEY,
        ),
    ),
    Verb(
        "reject",
        "people",
        "say no, with a reason that reaches the agent",
        "people_verbs:reject",
        (_TASK, _arg("--gate", help="which, if several are asked"), _DIGEST, _REASON, *_AS, _KEY),
    ),
    Verb(
        "answer",
        "people",
        "answer an agent's question",
        "people_verbs:answer",
        (_TASK, _arg("text", help="the answer"), *_AS, _KEY),
    ),
    Verb(
        "reassign",
        "people",
        "revoke the lease and name who may take the task",
        "people_verbs:reassign",
        (_TASK, _arg("--to", required=True, help="agent:NAME or a role"), _REASON, *_AS, _KEY),
    ),
    Verb(
        "retry",
        "people",
        "try again, with rounds and attempts at zero",
        "people_verbs:retry",
        (_TASK, _arg("--note", help="guidance for the next brief", default=""), *_AS, _KEY),
    ),
    Verb(
        "cancel",
        "people",
        "end a task, or a run with all below it",
        "people_verbs:cancel",
        (_TASK, _REASON, *_AS, _KEY),
    ),
    Verb(
        "freeze",
        "people",
        "let nothing move in a scope",
        "people_verbs:freeze",
        (_arg("scope", help="all, run:ID, task:ID, workflow:NAME, repo:NAME or agent:NAME"), _REASON, *_AS),
    ),
    Verb(
        "unfreeze",
        "people",
        "let it move again",
        "people_verbs:unfreeze",
        (_arg("scope", help="what was frozen"), *_AS),
    ),
    Verb(
        "start",
        "work",
        "begin one task over one repository",
        "work_verbs:start",
        (
            _arg("workflow", help="a built-in, or a file committed in the repository"),
            _arg("--repo", required=True, help="path or URL of the repository"),
            _arg("--branch", help="the branch that a merge moves", default="main"),
            _arg("--title", help="what is to be done, in a line"),
        ),
    ),
    Verb(
        "fleet",
        "work",
        "begin a task per repository",
        "work_verbs:fleet",
        (
            _arg("workflow", help="a built-in, or a file committed in the control repository"),
            _arg("--targets", required=True, help="a file with one PATH-OR-URL [BRANCH] a line", metavar="FILE"),
            _arg("--control", help="the repository that holds the workflow file", metavar="REPO"),
            _arg("--control-branch", help="its branch", default="main"),
            _arg("--max-parallel", help="how many repositories may be worked on at once", type=int),
            _arg("--title", help="what is to be done, in a line"),
        ),
    ),
    Verb(
        "list", "work", "every task in a line", "look_verbs:list_tasks", (_RUN, _arg("--state", help="only this state"))
    ),
    Verb("tree", "work", "runs, their tasks, and how their gates stand", "look_verbs:tree", (_RUN,)),
    Verb(
        "log",
        "work",
        "the audit trail: who did what, when",
        "look_verbs:log",
        (
            _arg("task", nargs="?", help="only this task"),
            _RUN,
            _arg("--after", help="events after this sequence", type=int, default=0),
            _arg("--limit", help="at most so many", type=int, default=200),
        ),
    ),
    Verb(
        "work",
        "work",
        "be a worker: claim tasks and run a command on each",
        "work_verbs:work",
        (
            _arg("--role", required=True, help="the role to claim for"),
            _arg("--name", help="the agent's name (default: the role and the process id)"),
            _arg("--once", help="end after one task, or when there is none", action="store_true"),
            _arg("--lease", help="how long without a sign of life", default="60s"),
            _arg("--stall", help="end an agent that is silent for so long (default: never)", default=""),
            _arg("command", nargs="...", help="-- CMD…: run for each task, brief on standard input", metavar="-- CMD"),
        ),
    ),
    Verb(
        "verifier",
        "work",
        "run gates and effects for all workers",
        "work_verbs:verifier",
        (_arg("--idle-exit", help="end after so long without work (default: never)", default=""),),
    ),
    Verb(
        "demo",
        "work",
        "see it all: a fleet of 14 repositories, agents that misbehave, and you",
        "demo_verbs:demo",
        (
            _arg("--dir", help="go on with the demo in this folder", metavar="D"),
            _arg("--unattended", help="let a script decide, and say how it ended", action="store_true"),
        ),
    ),
    Verb(
        "init",
        "build",
        "make a store and enrol its first approver",
        "build_verbs:init",
        (
            _arg("--name", help="the approver's name (default: your user name)"),
            _arg("--group", help="a group of theirs; may be repeated", action="append"),
            _arg("--email", help="whose commits they may not approve: their own", default=""),
            _arg("--passphrase-fd", help="read the passphrase from this file descriptor", type=int, metavar="N"),
        ),
    ),
    Verb(
        "enrol",
        "build",
        "enrol another person; somebody enrolled must do it",
        "build_verbs:enrol",
        (
            _arg("name", help="their name"),
            _arg("--group", help="a group of theirs; may be repeated", action="append"),
            _arg("--email", help="their address in commits", default=""),
            _arg("--new-passphrase-fd", help="read theirs from this file descriptor", type=int, metavar="N"),
            *_AS,
        ),
    ),
    Verb(
        "validate", "build", "check workflow files", "build_verbs:validate", (_arg("files", nargs="+", help="files"),)
    ),
    Verb(
        "graph",
        "build",
        "draw a workflow (or, without one, the machine) as Mermaid",
        "build_verbs:graph",
        (_arg("workflow", nargs="?", help="a file or a built-in"),),
    ),
    Verb(
        "workflow",
        "build",
        "built-in workflows, and the JSON Schema of the files",
        "build_verbs:workflow",
        (
            _arg("what", choices=("list", "schema", "print"), help="list, schema or print"),
            _arg("name", nargs="?", help="which"),
        ),
    ),
    Verb("doctor", "build", "what this machine and store can prove, and what not", "build_verbs:doctor"),
    Verb("store", "build", "verify the log", "build_verbs:store", (_arg("what", choices=("verify",), help="verify"),)),
)

COMMON: tuple[Argument, ...] = (
    _arg("--json", help="one JSON object on stdout", action="store_true", dest="as_json"),
    _arg("--store", help="the store's folder (default: $ONLOOP_STORE, then the XDG state folder)", metavar="DIR"),
)
DASHBOARD: tuple[Argument, ...] = (
    _arg("--read-only", help="look, and decide nothing", action="store_true"),
    _arg("--as", help="who you are", dest="person", metavar="NAME"),
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
