"""How an agent is run: from a vendor or an agent file to words, variables, and what reads its output."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from onloop.agents.agent_output import AgentOutput
from onloop.agents.vendors.known_vendors import VENDORS, launch_for, version_in
from onloop.agents.vendors.vendor import HookWay, Launch, Vendor, hook_argument, no_hook
from onloop.agents.workplace import path_with_onloop
from onloop.errors import BadInput, UnknownThing
from onloop.gates.repository.mirror import Mirror
from onloop.records import Record, field
from onloop.workflow.agent_file import LARGEST, AgentSpec, agent_path, load_agent

_PLACE = re.compile(r"\{[a-z]+\}")

VERSION_S = 30.0
"""How long a program may take to say its version, in seconds."""


class AgentFolders(Record):
    """The folders that an agent's command names: the file `settings` is ours, the others are the agent's."""

    state: Path
    out: Path
    given: Path
    settings: Path
    temporary: Path


class AgentCommand(Record):
    """What runs as an agent: its words, what its environment has besides, and how its output is read.

    `inherits` names variables of the worker that it gets; `remark` is what a person should know of it. `resumes` says
    that it goes on with an earlier session.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    inherits: tuple[str, ...] = ()
    output: AgentOutput = field(default_factory=AgentOutput)
    remark: str = ""
    resumes: bool = False


class VendorProgram(Record):
    """A vendor's program on this machine, and its version; empty where it does not say."""

    path: str
    version: str


class VendorPrograms(Record):
    """The vendors' programs of this machine, each looked up once, by any thread."""

    inherited: Mapping[str, str]
    _found: dict[str, VendorProgram] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, vendor: str) -> VendorProgram:
        """The program of the vendor of that name; BadInput if it is not on the path."""
        with self._lock:
            if vendor not in self._found:
                self._found[vendor] = found_program(VENDORS[vendor], self.inherited)
            return self._found[vendor]


def found_program(vendor: Vendor, inherited: Mapping[str, str]) -> VendorProgram:
    """The program of a vendor as it is now; BadInput if it is not on the path."""
    path = shutil.which(vendor.program, path=inherited.get("PATH"))
    if path is None:
        raise BadInput(
            f"{vendor.title} is not here: no {vendor.program} is on the path", hint=f"install {vendor.title}"
        )
    words, environment = (path, "--version"), {**inherited, "PATH": path_with_onloop(inherited)}
    try:
        said = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            cwd="/",
            timeout=VERSION_S,
            check=False,
        ).stdout
    except (subprocess.TimeoutExpired, OSError):
        said = b""
    return VendorProgram(str(Path(path).absolute()), version_in(said[:1000].decode("utf-8", "replace")))


def seen_logins(vendor: Vendor, home: Path, inherited: Mapping[str, str]) -> tuple[str, ...]:
    """Where a login of the vendor is seen: files that are there, variables that are set. Nothing of them is read."""
    files = tuple(f"~/{name}" for name in vendor.login.files if (home / name).exists())
    return (*files, *(name for name in vendor.login.variables if inherited.get(name)))


def named_agent(name: str, mirror: Mirror | None, commit: str) -> AgentSpec:
    """The agent of that name: a vendor's, else the one whose file `commit` of the mirror has, which no agent wrote.

    UnknownThing where there is neither, WorkflowError where the file is wrong.
    """
    if name in VENDORS:
        return AgentSpec(name, name, source=VENDORS[name].title)
    path = agent_path(name)
    content = mirror.read_file(commit, path, LARGEST) if mirror is not None else None
    if content is None:
        where = f"{path} is not in {commit[:12]}" if mirror is not None else "there is no repository to look in"
        hint = f"name a vendor ({', '.join(VENDORS)}), or commit {path} on the branch that merges move"
        raise UnknownThing(f"there is no agent {name!r}: {where}", hint=hint)
    return load_agent(content, name, f"{path}@{commit[:12]}")


def command_of(
    spec: AgentSpec,
    program: VendorProgram,
    folders: AgentFolders,
    *,
    flags: tuple[str, ...] = (),
    session: str = "",
    brings_hook: bool = True,
) -> AgentCommand:
    """How to run an agent, in a fresh session or the one named; its hook's file is written where it needs one."""
    vendor = VENDORS[spec.vendor]
    launch, remark = launch_for(vendor, program.version)
    resumes = bool(session and launch.resumed)
    given = {
        "{state}": str(folders.state),
        "{out}": str(folders.out),
        "{given}": str(folders.given),
        "{settings}": str(folders.settings),
        "{temporary}": str(folders.temporary),
        "{hook}": hook_argument(vendor) if brings_hook else no_hook(vendor),
        "{session}": session,
    }
    argv = tuple(_filled(launch, spec, flags, given, resumes=resumes))
    return AgentCommand(
        (program.path, *argv[1:]),
        {name: _set(value, given) for name, value in vendor.environment.items()} | dict(spec.environment),
        (*vendor.login.variables, *vendor.inherits),
        AgentOutput(vendor.hear, window=spec.context_tokens or vendor.window),
        remark,
        resumes,
    )


def write_hook_file(spec: AgentSpec, settings: Path) -> None:
    """Write the file that holds the vendor's hook, if it reads it from one; outside the clone."""
    vendor = VENDORS[spec.vendor]
    if vendor.hook is None or vendor.hook.way is not HookWay.SETTINGS_FILE:
        return
    fresh = settings.with_name(f".{settings.name}.{os.getpid()}.{threading.get_ident()}")
    fresh.write_text(hook_argument(vendor), encoding="utf-8")
    fresh.replace(settings)


def _filled(
    launch: Launch, spec: AgentSpec, flags: tuple[str, ...], given: Mapping[str, str], *, resumes: bool
) -> Iterator[str]:
    """The words of a launch. What is filled in is one word each: no shell ever reads it."""
    for word in launch.resumed if resumes else launch.fresh:
        if word == "{flags}":
            yield from ("--model", spec.model) if spec.model else ()
            yield from (*spec.flags, *flags)
        else:
            yield _set(word, given)


def _set(word: str, given: Mapping[str, str]) -> str:
    """The word with each placeholder replaced, once: a value is never looked into."""
    return _PLACE.sub(lambda found: given.get(found[0], found[0]), word)
