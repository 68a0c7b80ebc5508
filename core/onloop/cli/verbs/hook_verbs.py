"""`onloop hook …`: print a vendor's hook, set it up, take it out, and prove that it fires."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from onloop.agents.agent_command import found_program, seen_logins
from onloop.agents.hooks.forms.hook_places import HookFolders, HookPlace, HookScope, place_of, scopes_of
from onloop.agents.hooks.rehearsal import rehearsed
from onloop.agents.vendors.known_vendors import VENDORS, launch_for
from onloop.agents.vendors.vendor import Vendor, hook_argument
from onloop.cli.context import Context
from onloop.cli.hook_verb_table import HookArguments
from onloop.cli.json_models.build_models import HookFileJson, HookProofJson, HookShownJson
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput, Exit, UnknownThing
from onloop.gates.repository.folders import private
from onloop.home import Home
from onloop.text import safe
from onloop.workflow.agent_file import FOLDER, LARGEST, AgentSpec, agent_path, load_agent
from onloop.workflow.hints import nearest


def hook(context: Context[HookArguments]) -> VerbOutput:
    """Print, install, take out or try the hook of one vendor's agent."""
    args = context.args
    vendor = vendor_called(args.agent)
    place = _place(vendor, args)
    match args.what:
        case "show":
            return _shown(vendor, place)
        case "install":
            return _installed(vendor, place)
        case "doctor":
            from onloop.cli.verbs.hook_doctor import hook_doctor

            return hook_doctor(vendor, _folders(args), context.home)
        case _:
            changed = place.uninstall()
            words = f"taken out of {place.path}" if changed else f"no hook of ours is in {place.path}"
            return VerbOutput(lines=(words,), data=HookFileJson(vendor.name, str(place.path), changed))


def vendor_called(name: str | None) -> Vendor:
    """The vendor of that name."""
    found = VENDORS.get(name or "")
    if found is None:
        raise UnknownThing(
            f"no agent is called {name!r} here", hint=f"{nearest(name or '', VENDORS)}one of: {', '.join(VENDORS)}"
        )
    return found


def _place(vendor: Vendor, args: HookArguments) -> HookPlace:
    """The file that is meant; BadInput where the options do not go together."""
    if args.user and args.managed:
        raise BadInput("--user and --managed are two files", hint="give one of them")
    if args.root is not None and not args.managed:
        raise BadInput("--root is of --managed", hint="onloop hook install AGENT --managed --root DIR")
    scope = HookScope.MANAGED if args.managed else HookScope.USER if args.user else HookScope.PROJECT
    program = args.program or (_running() if args.managed and args.root is None else "onloop")
    if _ODD.search(program) or (program != "onloop" and not program.startswith("/")):
        raise BadInput(f"{program!r:.80} is no program's full path", hint="--program /opt/onloop/bin/onloop")
    url = args.http or ""
    if url and vendor.name != "claude":
        raise BadInput(f"{vendor.title} has no hooks over HTTP", hint=f"onloop hook install {vendor.name}")
    if url and (_URL.fullmatch(url) is None or args.managed):
        what = "--http is of a project or a user" if args.managed else f"{url!r:.80} is no gateway's URL"
        raise BadInput(what, hint="onloop hook install claude --http https://HOST:PORT")
    return place_of(vendor, scope, _folders(args), program=program, url=url)


_ODD = re.compile(r"[^\w@%+=:,./-]")
_URL = re.compile(r"https?://[\w.:\[\]-]+(?:/[\w./-]*)?")


def _folders(args: HookArguments) -> HookFolders:
    return HookFolders(Path.cwd(), Path.home(), Path(args.root).absolute() if args.root else Path("/"))


def _running() -> str:
    """The `onloop` that runs now, by its full path."""
    return str(Path(sys.executable).parent / "onloop")


def _starts(name: str) -> str:
    return f"onloop work --agent {name}"


def _installed(vendor: Vendor, place: HookPlace) -> VerbOutput:
    changed = place.install()
    calls = f"{place.url}/v1/hooks/{vendor.name}" if place.url else f"`{vendor.command(place.program)}`"
    words = f"{vendor.title} calls {calls}: {place.path}" + ("" if changed else " (it was there already)")
    data = HookFileJson(vendor.name, str(place.path), changed)
    return VerbOutput(lines=(words,), data=data, notes=(f"mind: {vendor.trap}", _prove(vendor)))


def _shown(vendor: Vendor, place: HookPlace) -> VerbOutput:
    argument, command = hook_argument(vendor), _starts(vendor.name)
    by_worker = vendor.hook is not None and not place.url
    lines = (
        f"# {vendor.title}: {place.path}",
        place.content().rstrip(),
        *(("# or without a file: a worker brings it along", command) if by_worker else ()),
    )
    hooks = vendor.hooks(place.program)
    data = HookShownJson(vendor.name, hooks, argument, command, str(place.path), place.content())
    return VerbOutput(lines=lines, data=data, notes=(f"mind: {vendor.trap}", _prove(vendor)))


def _prove(vendor: Vendor) -> str:
    return (
        f"onloop hook doctor {vendor.name} proves what holds; onloop doctor --agent {vendor.name}, what holds in a "
        "worker's clone"
    )


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
    folders = HookFolders(Path.cwd(), Path.home())
    places = [place_of(vendor, scope, folders) for scope in scopes_of(vendor)]
    data = HookProofJson(
        vendor.name,
        program.version,
        shown.fires is True,
        [str(place.path) for place in places if place.events()],
        [],
        name=spec.name,
        login=seen,
        works=shown.commits,
        denies=shown.denies,
    )
    ends = {None: "it has no hook at the end of a turn; the worker hands in what it commits", True: _FIRES}
    lines = (
        safe(f"{spec.name}: {vendor.title}, {program.path}, {program.version or 'of unknown version'}"),
        f"{'ok ' if seen else 'mind'} login: {', '.join(seen) or 'none of it is seen; log in with ' + vendor.program}",
        f"{_mark(shown.commits)} in a worker's clone it {'may run commands and commit' if shown.commits else _BARRED}",
        f"{_mark(shown.fires is not False)} {ends.get(shown.fires, _SILENT)}",
        *((f"{_mark(shown.denies)} {_REFUSED if shown.denies else _ALLOWED}",) if vendor.hook is not None else ()),
    )
    good = shown.commits and shown.fires is not False and (shown.denies or vendor.hook is None)
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
_REFUSED = "it is refused a push and a change of .onloop, as it tries"
_ALLOWED = "it is NOT refused a push and a change of .onloop"
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
