"""`onloop hook …`: print a vendor's hook, set it up, take it out, and prove that it fires."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

from onloop.agents.hooks.installation import install, installed_events, uninstall
from onloop.agents.hooks.rehearsal import fires, version_of
from onloop.agents.hooks.vendors import VENDORS, Vendor, file_of, on_the_command_line
from onloop.cli.arguments import HookArguments
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import HookFileJson, HookProofJson, HookShownJson
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput, Exit, UnknownThing
from onloop.text import safe


def hook(context: Context[HookArguments]) -> VerbOutput:
    """Print, install or take out the hook of one vendor's agent."""
    args = context.args
    vendor = vendor_called(args.agent)
    path = file_of(vendor, user=args.user, project=Path.cwd(), home=Path.home())
    match args.what:
        case "show":
            return _shown(vendor, str(context.home.store.parent))
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
    """The vendor of that name."""
    found = VENDORS.get(name or "")
    if found is None:
        raise UnknownThing(f"no agent is called {name!r} here", hint=f"one of: {', '.join(VENDORS)}")
    return found


def _shown(vendor: Vendor, state: str) -> VerbOutput:
    argument = on_the_command_line(vendor)
    given = {"{hook}": argument, "{state}": state}
    command = shlex.join(given.get(word, word) for word in vendor.run)
    lines = (
        f"# {vendor.title}: in {vendor.project_file} of a project, or {vendor.user_file} of your home folder",
        json.dumps({"hooks": vendor.hooks()}, indent=2),
        "# or without a file, as a worker's command:",
        f"onloop work --role implementer -- {command}",
    )
    data = HookShownJson(vendor.name, vendor.hooks(), argument, command)
    return VerbOutput(lines=lines, data=data, notes=(f"mind: {vendor.trap}", _prove(vendor)))


def _prove(vendor: Vendor) -> str:
    return f"onloop doctor --agent {vendor.name} proves that it fires"


def prove(name: str) -> VerbOutput:
    """Let the vendor's own program take one turn against a model on loopback, and see whether it calls our hook.

    The program runs in this folder, with this user's settings as they are: that is what is to be proved.
    """
    vendor = vendor_called(name)
    program = shutil.which(vendor.program)
    if program is None:
        raise BadInput(f"{vendor.program} is not on the path", hint=f"install {vendor.title} first")
    places = [file_of(vendor, user=user, project=Path.cwd(), home=Path.home()) for user in (False, True)]
    installed = {str(path): installed_events(vendor, path) for path in places}
    configured = [path for path, events in installed.items() if events]
    lacking = [event for event in vendor.events if configured and not any(event in installed[p] for p in configured)]
    version = version_of(program)
    good = fires(vendor, program, Path.cwd())
    words = "it calls our hook at the end of a turn" if good else "it does NOT call our hook at the end of a turn"
    data = HookProofJson(vendor.name, version, good, configured, lacking)
    lines = (
        safe(f"{vendor.title}: {program}, {version}"),
        safe(f"hooks: {', '.join(configured) or 'none of ours in a file of this project or user'}"),
        f"{'ok ' if good else 'BAD'} {words}",
    )
    notes = () if good else (f"mind: {vendor.trap}", f"onloop hook install {vendor.name}")
    if lacking:
        notes = (*notes, f"not set up: {', '.join(lacking)}; onloop hook install {vendor.name} adds what is missing")
    return VerbOutput(Exit.OK if good else Exit.UNAVAILABLE, lines, data, notes)
