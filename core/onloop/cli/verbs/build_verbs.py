"""The verbs that make stores, check files, and say what this machine can prove."""

from __future__ import annotations

import getpass
import secrets
from collections.abc import Iterator
from pathlib import Path

from onloop.access.isolation import can_isolate, check_place, isolate, make_parents, recipe, serve_command
from onloop.access.opening import create_home
from onloop.access.opening import enrol as enrol_person
from onloop.access.reach import HIGHEST, closed_gates
from onloop.cli.arguments import EnrolArguments, FilesArguments, GraphArguments, InitArguments
from onloop.cli.context import Context, read_passphrase
from onloop.cli.json_models.build_models import (
    EnrolJson,
    GraphJson,
    InitJson,
    NotIsolatedJson,
    ValidateJson,
)
from onloop.cli.output import VerbOutput
from onloop.cli.verbs.file_checks import other_file
from onloop.cli.verbs.persons.enrolled_verbs import new_passphrase
from onloop.cli.verbs.workflow_sources import built_in_or_file, workflow_bytes
from onloop.errors import BadInput, Exit, WorkflowError, unknown_task
from onloop.gates.toolchain import missing_tools, toolchain_of
from onloop.home import Home
from onloop.identity.process_privacy import keep_others_out
from onloop.machine.definition import Assurance, Definition
from onloop.machine.diagram import table_mermaid, workflow_mermaid
from onloop.machine.named_programs import named_programs
from onloop.machine.plain_graph import workflow_text
from onloop.machine.rule_engine import INSTALL
from onloop.machine.step_marks import LEGEND, step_marks
from onloop.machine.step_rules import rules_of
from onloop.machine.transition_table import rows
from onloop.policies.cel_rules import is_installed
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadTask
from onloop.workflow.loader import load

ADVISORY = (
    "advisory: the store is open to the user whom agents run as. Agents are held by refusal and evidence; "
    "code running as this user could still forge a decision."
)


def init(context: Context[InitArguments]) -> VerbOutput:
    """Make a store and enrol its first approver; with `--repo`, propose a workflow for a project."""
    args = context.args
    if args.repo is not None:
        from onloop.access.project_folder import checkout_of  # here: making a store needs no gates
        from onloop.cli.verbs.beginning.project_verbs import propose
        from onloop.gates.repository.git import check_git

        check_git()
        checkout_of(Path(args.repo).absolute())  # before a store is made, and a passphrase asked for
        is_there = context.home.store.exists()
        return propose(context, () if is_there else _made(context).lines)
    return _made(context)


def _made(context: Context[InitArguments]) -> VerbOutput:
    args = context.args
    name = args.name or getpass.getuser()
    _check_database(context.home, args)
    if args.isolate and not can_isolate(args.isolate, args.agents):
        lines = recipe(context.home, args.isolate, args.agents, name)
        return VerbOutput(Exit.USAGE, lines, NotIsolatedJson(isolated=False))
    if args.isolate:
        check_place(context.home, args.isolate)
    keep_others_out()
    passphrase, typed = read_passphrase(
        args.passphrase_fd, f"A new passphrase for {name}, with which you will decide: "
    )
    if passphrase is None:
        raise BadInput("a passphrase is needed, and there is no terminal", hint="--passphrase-fd 3 3<FILE")
    if typed and getpass.getpass("Again: ") != passphrase:
        raise BadInput("the two passphrases differ", hint="onloop init, once more")
    made = make_parents(context.home) if args.isolate else ()
    create_home(
        context.home,
        store_id=secrets.token_hex(8),
        person=name,
        groups=tuple(args.group or ("approvers",)),
        passphrase=passphrase,
        email=args.email,
        scripted=False,
        runtime_role=args.runtime_role,
    )
    where = context.home.name
    if args.isolate:
        isolate(context.home, args.isolate, args.agents, made)
    words = f"owner: {args.isolate}" if args.isolate else ADVISORY
    data = InitJson(where, name, "isolated" if args.isolate else "advisory")
    following = serve_command(context.home, args.isolate, args.agents) if args.isolate else "onloop start …"
    return VerbOutput(lines=(f"store: {where}", f"approver: {name}", words), data=data, notes=(f"next: {following}",))


def _check_database(home: Home, args: InitArguments) -> None:
    """BadInput for what means nothing in the kind of store that is to be made."""
    if args.isolate and home.database:
        hint = "give the role's password only to the user as which onloop serve runs, and no agent"
        raise BadInput("--isolate gives a folder away, and this store is a database", hint=hint)
    if args.runtime_role and not home.database:
        raise BadInput("--runtime-role is of a database", hint="--store postgresql://OWNER@HOST/DATABASE")


def enrol(context: Context[EnrolArguments]) -> VerbOutput:
    """Enrol another person."""
    args = context.args
    by, _ = context.voice("enrol")
    passphrase = new_passphrase(args.new_passphrase_fd, f"A passphrase for {args.name}: ")
    groups = tuple(args.group or ("approvers",))
    enrol_person(context.opened, by, args.name, groups, args.email, passphrase, key=args.key)
    return VerbOutput(lines=(f"enrolled: {args.name} in {', '.join(groups)}",), data=EnrolJson(args.name))


def validate(context: Context[FilesArguments]) -> VerbOutput:
    """Check workflow files; every problem of every file is named."""
    problems: list[str] = []
    fine: list[str] = []
    closed: list[str] = []
    for name in context.args.files:
        try:
            if (told := other_file(name)) is not None:
                fine.append(told)
                continue
            definition = _file(name)
            problems += _unchecked_rules(name, definition)
            fine.append(f"{name}: {definition.name}, {len(definition.steps)} steps, {definition.digest[:12]}")
            closed += (*_closed_words(name, definition), *_missing_words(name, definition, context.home))
        except WorkflowError as error:
            problems += error.problems
    data = ValidateJson(not problems, problems)
    return VerbOutput(Exit.USAGE if problems else Exit.OK, tuple(fine), data, (*problems, *closed))


def _unchecked_rules(name: str, definition: Definition) -> Iterator[str]:
    """That rules could not be checked, where what evaluates them is missing; no run of it could start here either."""
    if rules_of(definition) and not is_installed():
        yield f"{name}: it has rules, and nothing here evaluates them; {INSTALL}"


def _closed_words(name: str, definition: Definition) -> Iterator[str]:
    """Which gates nobody passes on a machine like most, and which nobody passes anywhere."""
    nowhere = set(closed_gates(definition, HIGHEST))
    for words in closed_gates(definition, Assurance.A1):
        gate = words.partition(" demands")[0]
        if any(other.startswith(gate) for other in nowhere):
            yield f"{name}: {gate} stays closed: no more than {HIGHEST.value} can be proved by anybody yet"
        else:
            needs_key = "demands A3" in words
            unless = "somebody has a security key (onloop people key add)" if needs_key else "the gateway runs apart"
            yield f"{name}: {words} unless {unless}: onloop doctor says what this machine reaches"


def _missing_words(name: str, definition: Definition, home: Home) -> Iterator[str]:
    """Which tools of the workflow the store's toolchain does not have; nothing where there is no store of ours."""
    if home.is_ours and home.store.is_dir():
        for missing in missing_tools(toolchain_of(home.store), definition.environment, named_programs(definition)):
            yield f"{name}: {missing.message}; {missing.hint}"


def graph(context: Context[GraphArguments]) -> VerbOutput:
    """Draw a workflow or the machine."""
    args = context.args
    if args.task is not None and args.workflow is not None:
        raise BadInput("--task draws the workflow of that task", hint="leave the workflow out")
    if args.task is not None:
        return _graph_of_task(context, args.task)
    if args.workflow is not None:
        definition = load(built_in_or_file(args.workflow), args.workflow)
        return _graph_output(workflow_mermaid(definition), workflow_text(definition) if args.text else "")
    if args.text:
        raise BadInput("--text draws a workflow, and none was named", hint="onloop graph feature --text")
    return _graph_output(table_mermaid(rows()), "")


def _graph_of_task(context: Context[GraphArguments], name: str) -> VerbOutput:
    task = context.opened.gateway.perform(ReadTask(name))
    if task is None:
        raise unknown_task(name)
    definition = context.opened.gateway.perform(ReadDefinition(task.definition))
    marks = step_marks(definition, task)
    text = f"{workflow_text(definition, marks)}\n{LEGEND}\n" if context.args.text else ""
    return _graph_output(workflow_mermaid(definition, marks), text)


def _graph_output(mermaid: str, text: str) -> VerbOutput:
    return VerbOutput(lines=((text or mermaid).rstrip("\n"),), data=GraphJson(mermaid, text))


def _file(name: str) -> Definition:
    return load(workflow_bytes(name), name)
