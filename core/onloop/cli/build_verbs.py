"""The verbs that make stores, check files, and say what this machine can prove."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

from onloop.cli.context import Context, read_passphrase
from onloop.cli.output import Output
from onloop.errors import BadInput, Exit, OnloopError, WorkflowError
from onloop.gates.git import git_version
from onloop.gateway.home import Home, is_own
from onloop.gateway.isolation import can_isolate, can_open, isolate, recipe, serve_command
from onloop.gateway.opening import create_home
from onloop.gateway.opening import enrol as enrol_person
from onloop.gateway.presence import is_verifier_up
from onloop.gateway.reach import HIGHEST, closed_gates
from onloop.gateway.secrecy import shut
from onloop.machine.definition import Assurance, Definition
from onloop.machine.diagram import table_mermaid, workflow_mermaid
from onloop.machine.digest import Json
from onloop.machine.house import PersonEnrolled
from onloop.machine.table import rows
from onloop.store.rows import Job
from onloop.workflow.loader import load
from onloop.workflow.schema import json_schema
from onloop.workflow.source import builtin, builtins

ADVISORY = (
    "advisory: the store is a file of the user whom agents run as. Agents are held by refusal and evidence; "
    "code running as this user could still forge a decision."
)
LARGEST_WORKFLOW = 1_048_576
LATE_MS = 20_000
"""A gate that nobody has taken up for so long waits for somebody who does not come."""


def init(context: Context) -> Output:
    """Make a store and enrol its first approver."""
    args = context.args
    if args.isolate and not can_isolate(args.isolate, args.agents):
        return Output(Exit.USAGE, recipe(context.home, args.isolate, args.agents), {"isolated": False})
    name = args.name or getpass.getuser()
    shut()
    passphrase, typed = read_passphrase(args.passphrase_fd, f"A passphrase for {name}: ")
    if passphrase is None:
        raise BadInput("a passphrase is needed, and there is no terminal", hint="--passphrase-fd 3 3<FILE")
    if typed and getpass.getpass("Again: ") != passphrase:
        raise BadInput("the two passphrases differ", hint="onloop init, once more")
    create_home(
        context.home,
        store_id=secrets.token_hex(8),
        person=name,
        groups=tuple(args.group or ("approvers",)),
        passphrase=passphrase,
        email=args.email,
        scripted=False,
    )
    where = str(context.home.store)
    if args.isolate:
        isolate(context.home, args.isolate, args.agents)
    mode, words = ("isolated", f"owner: {args.isolate}") if args.isolate else ("advisory", ADVISORY)
    data: dict[str, Json] = {"store": where, "person": name, "mode": mode}
    following = serve_command(context.home, args.isolate, args.agents) if args.isolate else "onloop start …"
    return Output(lines=(f"store: {where}", f"approver: {name}", words), data=data, notes=(f"next: {following}",))


def enrol(context: Context) -> Output:
    """Enrol another person."""
    args = context.args
    by, _ = context.voice("enrol")
    passphrase, _ = read_passphrase(args.new_passphrase_fd, f"A passphrase for {args.name}: ")
    if passphrase is None:
        raise BadInput("a passphrase is needed for them, and there is no terminal", hint="--new-passphrase-fd 4 4<FILE")
    groups = tuple(args.group or ("approvers",))
    enrol_person(context.opened, by, args.name, groups, args.email, passphrase, key=args.key)
    return Output(lines=(f"enrolled: {args.name} in {', '.join(groups)}",), data={"person": args.name})


def validate(context: Context) -> Output:
    """Check workflow files; every problem of every file is named."""
    problems: list[str] = []
    fine: list[str] = []
    closed: list[str] = []
    for name in context.args.files:
        try:
            definition = _file(name)
            fine.append(f"{name}: {definition.name}, {len(definition.steps)} steps, {definition.digest[:12]}")
            closed += _closed_words(name, definition)
        except WorkflowError as error:
            problems += error.problems
    data: dict[str, Json] = {"ok": not problems, "problems": problems}
    return Output(Exit.USAGE if problems else Exit.OK, tuple(fine), data, (*problems, *closed))


def _closed_words(name: str, definition: Definition) -> Iterator[str]:
    """Which gates nobody passes on a machine like most, and which nobody passes anywhere."""
    nowhere = set(closed_gates(definition, HIGHEST))
    for words in closed_gates(definition, Assurance.A1):
        gate = words.partition(" demands")[0]
        if any(other.startswith(gate) for other in nowhere):
            yield f"{name}: {gate} stays closed: no more than {HIGHEST.value} can be proved by anybody yet"
        else:
            yield f"{name}: {words} unless the gateway runs apart: onloop doctor says what this machine reaches"


def graph(context: Context) -> Output:
    """Draw a workflow or the machine."""
    name = context.args.workflow
    if name is None:
        text = table_mermaid(rows())
    else:
        text = workflow_mermaid(load(builtin(name), name) if name in builtins() else _file(name))
    return Output(lines=(text.rstrip("\n"),), data={"mermaid": text})


def workflow(context: Context) -> Output:
    """List the built-ins, print one, or print the schema."""
    args = context.args
    if args.what == "schema":
        schema = json_schema()
        return Output(lines=(json.dumps(schema, indent=2),), data={"schema": schema})
    if args.what == "list":
        return Output(lines=tuple(builtins()), data={"workflows": list(builtins())})
    if args.name is None:
        raise BadInput("which workflow?", hint=f"onloop workflow print NAME; built-ins: {', '.join(builtins())}")
    source = builtin(args.name).decode()
    return Output(lines=(source.rstrip("\n"),), data={"source": source})


def _file(name: str) -> Definition:
    path = Path(name)
    try:
        if path.is_file() and path.stat().st_size <= LARGEST_WORKFLOW:
            return load(path.read_bytes(), name)
        source = b" " * (LARGEST_WORKFLOW + 1) if path.is_file() else None
    except OSError as problem:
        raise BadInput(f"{name} cannot be read: {problem.strerror}", hint="give a workflow file") from None
    if source is None:
        raise BadInput(f"there is no file {name!r}", hint=f"give a file, or a built-in: {', '.join(builtins())}")
    return load(source, name)


def _verifier(jobs: Sequence[Job], now: int, apart: bool, home: Home) -> tuple[str, bool, str]:
    """Whether somebody answers gates: one that nobody has taken up for long says that nobody does."""
    waited = max((now - job.created_at for job in jobs), default=0)
    if waited > LATE_MS and not any(job.leased_until > now for job in jobs):
        where = home.store.parent / "logs" / "verifier.log"
        return "verifier", False, f"nobody has taken up what has waited for {waited // 1000} s; {where} may say why"
    if apart:
        return "verifier", True, "the gateway starts it where gates are asked for"
    return "verifier", True, "up" if is_verifier_up(home) else "none is up; onloop work and the dashboard start one"


def doctor(context: Context) -> Output:
    """Say what this machine and store can prove, and what not; of an agent, whether its hook fires."""
    if context.args.agent:
        from onloop.cli.hook_verbs import prove

        return prove(context.args.agent)
    checks: list[tuple[str, bool, str]] = [_python(), _git(), _sqlite()]
    assurance = "A0"
    try:
        with context.opened.gateway.store.reading() as at:
            house, jobs = at.house(), at.select(Job)
        people = "; ".join(_person(person) for person in house.people.values()) or "nobody"
        apart = not is_own(context.home.store)
        checks += [
            ("store", True, f"{context.home.store}, {'scripted for ever' if house.scripted else 'people decide'}"),
            ("people", bool(house.people), people),
            _verifier(jobs if not house.freezes else (), context.opened.gateway.clock(), apart, context.home),
        ]
        if apart:
            checks.append(_isolation(context.home))
        assurance = "A0" if house.scripted else "A2" if apart and checks[-1][1] else "A1"
    except OnloopError as problem:
        checks.append(("store", False, f"{problem.message}; {problem.hint}"))
    lines = [f"{'ok ' if good else 'BAD'} {name}: {words}" for name, good, words in checks]
    mode = "isolated" if assurance == "A2" else "advisory"
    lines += [f"assurance: up to {assurance}", *([ADVISORY] if mode == "advisory" else [])]
    data: dict[str, Json] = {
        "checks": [{"name": name, "ok": good, "detail": words} for name, good, words in checks],
        "assurance": assurance,
        "mode": mode,
    }
    return Output(Exit.OK if all(good for _, good, _ in checks) else Exit.UNAVAILABLE, tuple(lines), data)


def _isolation(home: Home) -> tuple[str, bool, str]:
    """Whether this user, as whom agents run, fails to open the store: found out by trying."""
    if can_open(home):
        return "isolation", False, f"user {os.getuid()} can open {home.store}; chmod 700 it"
    return "isolation", True, f"user {os.getuid()} cannot open the store, and reaches it through the gateway alone"


def _person(person: PersonEnrolled) -> str:
    known = person.email or "no e-mail, so the sheet cannot say which commits carry it"
    return f"{person.name} ({', '.join(person.groups)}; {known})"


def _python() -> tuple[str, bool, str]:
    return "python", sys.version_info >= (3, 11), sys.version.split()[0]


def _git() -> tuple[str, bool, str]:
    try:
        version = git_version()
    except OnloopError as problem:
        return "git", False, f"{problem.message}; {problem.hint}"
    return "git", version >= (2, 38), f"{'.'.join(map(str, version))}; merges need 2.38"


def _sqlite() -> tuple[str, bool, str]:
    version = apsw.sqlite_lib_version()
    return "sqlite", tuple(map(int, version.split("."))) >= (3, 51, 3), f"{version}; before 3.51.3 WAL can corrupt"
