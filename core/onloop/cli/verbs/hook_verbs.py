"""`onloop hook …`: print a vendor's hook, set it up, take it out, and prove that it fires."""

from __future__ import annotations

import json
import os
from pathlib import Path

from onloop.agents.agent_command import found_program, seen_logins
from onloop.agents.hooks.installation import install, installed_events, uninstall
from onloop.agents.hooks.rehearsal import rehearsed
from onloop.agents.vendors.known_vendors import HOOKED, VENDORS, launch_for
from onloop.agents.vendors.vendor import Vendor, hook_argument, hook_file
from onloop.cli.arguments import HookArguments
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import HookFileJson, HookProofJson, HookShownJson
from onloop.cli.output import VerbOutput
from onloop.errors import Exit, UnknownThing
from onloop.gates.repository.folders import private
from onloop.home import Home
from onloop.text import safe
from onloop.workflow.agent_file import FOLDER, LARGEST, AgentSpec, agent_path, load_agent
from onloop.workflow.hints import nearest


def hook(context: Context[HookArguments]) -> VerbOutput:
    """Print, install or take out the hook of one vendor's agent."""
    args = context.args
    vendor = vendor_called(args.agent)
    path = _file(vendor, user=args.user)
    assert path is not None  # noqa: S101 - a vendor with a hook has a file for it
    match args.what:
        case "show":
            return _shown(vendor)
        case "install":
            changed = install(vendor, path)
            words = f"{vendor.title} calls `{vendor.command()}`: {path}" + (
                "" if changed else " (it was there already)"
            )
            data = HookFileJson(vendor.name, str(path), changed)
            return VerbOutput(lines=(words,), data=data, notes=(f"mind: {vendor.trap}", _prove(vendor)))
        case _:
            changed = uninstall(vendor, path)
            words = f"taken out of {path}" if changed else f"no hook of ours is in {path}"
            return VerbOutput(lines=(words,), data=HookFileJson(vendor.name, str(path), changed))


def vendor_called(name: str | None) -> Vendor:
    """The vendor of that name that has a hook."""
    found = HOOKED.get(name or "")
    if name is not None and name in VENDORS and found is None:
        raise UnknownThing(f"{VENDORS[name].title} has no hook of ours: {VENDORS[name].trap}", hint=_starts(name))
    if found is None:
        raise UnknownThing(
            f"no agent is called {name!r} here", hint=f"{nearest(name or '', HOOKED)}one of: {', '.join(HOOKED)}"
        )
    return found


def _starts(name: str) -> str:
    return f"onloop work --agent {name}"


def _file(vendor: Vendor, *, user: bool) -> Path | None:
    return hook_file(vendor, user=user, project=Path.cwd(), home=Path.home())


def _shown(vendor: Vendor) -> VerbOutput:
    argument, form = hook_argument(vendor), vendor.hook
    places = f"{form.project_file} of a project, or {form.user_file} of your home folder" if form is not None else ""
    lines = (
        f"# {vendor.title}: in {places}",
        json.dumps({"hooks": vendor.hooks()}, indent=2),
        "# or without a file: a worker brings it along",
        _starts(vendor.name),
    )
    command = _starts(vendor.name)
    data = HookShownJson(vendor.name, vendor.hooks(), argument, command)
    return VerbOutput(lines=lines, data=data, notes=(f"mind: {vendor.trap}", _prove(vendor)))


def _prove(vendor: Vendor) -> str:
    return f"onloop doctor --agent {vendor.name} proves that it works in a worker's clone"


def prove(name: str, home: Home) -> VerbOutput:
    """Let an agent take two turns against a model on loopback, in a clone and with the words that a worker gives it.

    The program runs with this user's settings as they are: that is what is to be proved. `name` is a vendor, or an
    agent whose file is in this folder.
    """
    spec = _agent_here(name)
    vendor = VENDORS[spec.vendor]
    program = found_program(vendor, os.environ)
    _, remark = launch_for(vendor, program.version)
    seen = seen_logins(vendor, Path.home(), os.environ)
    private(home.store.parent)
    shown = rehearsed(spec, program, os.environ, home.store.parent)
    paths = [path for user in (False, True) if (path := _file(vendor, user=user)) is not None]
    data = HookProofJson(
        vendor.name,
        program.version,
        shown.fires is True,
        [str(path) for path in paths if installed_events(vendor, path)],
        [],
        name=spec.name,
        login=seen,
        works=shown.commits,
    )
    ends = {None: "it has no hook at the end of a turn; the worker hands in what it commits", True: _FIRES}
    lines = (
        safe(f"{spec.name}: {vendor.title}, {program.path}, {program.version or 'of unknown version'}"),
        f"{'ok ' if seen else 'mind'} login: {', '.join(seen) or 'none of it is seen; log in with ' + vendor.program}",
        f"{_mark(shown.commits)} in a worker's clone it {'may run commands and commit' if shown.commits else _BARRED}",
        f"{_mark(shown.fires is not False)} {ends.get(shown.fires, _SILENT)}",
    )
    good = shown.commits and shown.fires is not False
    notes = (f"mind: {remark}",) if remark else ()
    if not good:
        notes = (
            *notes,
            f"mind: {vendor.trap}",
            *(safe(f"it printed: {line}") for line in shown.said.splitlines()[-8:]),
        )
    return VerbOutput(Exit.OK if good else Exit.UNAVAILABLE, lines, data, notes)


_FIRES = "it calls our hook at the end of a turn"
_SILENT = "it does NOT call our hook at the end of a turn"
_BARRED = "may NOT run commands and commit"


def _mark(good: bool) -> str:
    return "ok " if good else "BAD"


def _agent_here(name: str) -> AgentSpec:
    """The vendor of that name, or the agent whose file is in this folder, committed or not."""
    if name in VENDORS:
        return AgentSpec(name, name, source=VENDORS[name].title)
    path = Path(agent_path(name))
    try:
        with path.open("rb") as file:
            return load_agent(file.read(LARGEST + 1), name, str(path))
    except OSError:
        hint = f"{nearest(name, VENDORS)}one of: {', '.join(VENDORS)}, or the name of a file in {FOLDER}"
        raise UnknownThing(f"no agent is called {name!r} here", hint=hint) from None
