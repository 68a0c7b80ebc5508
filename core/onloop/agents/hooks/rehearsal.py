"""Runs a vendor's agent once in a worker's clone, against a model on loopback: no key, no network."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from onloop.agents.agent_command import AgentFolders, VendorProgram, command_of, write_hook_file
from onloop.agents.hooks.forms.hook_places import HookPlace
from onloop.agents.hooks.loopback_model import loopback_model
from onloop.agents.hooks.loopback_script import Run, Say, Script
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.agents.vendors.vendor import STOP, Vendor
from onloop.agents.workplace import path_with_onloop
from onloop.gates.environment import Environment
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import Git
from onloop.gates.repository.mirror import Mirror
from onloop.inherited import for_agents
from onloop.records import Record
from onloop.workflow.agent_file import AgentSpec

PROOF = "ONLOOP_HOOK_PROOF"
"""The variable that names a file in which a hook records that it was called."""
REHEARSAL_S = 300.0
KEY = "loopback"
"""The value given as API key; the model on loopback does not check it."""
_TASK = "rehearsal"
_NOBODYS = "nobody has this one"
_COMMIT = "echo proof > proof.txt && git add --all && git commit --quiet --message proof"
_PUSHED, _CHANGED = "pushed", ".onloop/proof"
_PUSH = f"git push --quiet origin HEAD:refs/heads/proof; echo tried > {_PUSHED}"
_CHANGE = f"mkdir -p .onloop && echo tried > {_CHANGED}"


class Rehearsed(Record):
    """What a rehearsal showed: `commits` that the agent may run commands and commit, `fires` that it called our hook.

    `fires` is None where the vendor has no hook at the end of a turn. `denies`: it was refused what a step forbids.
    `said` is the end of what it printed.
    """

    commits: bool
    fires: bool | None
    said: str
    denies: bool = False


class Installed(Record):
    """What is rehearsed in the place of what a worker brings along: what is installed, of a project its file."""

    project: HookPlace | None = None


def loopback_flags(vendor: Vendor, address: str) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """The flags and variables that lead a vendor's agent to the model at `address`."""
    match vendor.name:
        case "claude":
            quiet = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_AUTOUPDATER", "DISABLE_TELEMETRY")
            key = {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_AUTH_TOKEN": ""}
            return (), key | dict.fromkeys(quiet, "1")
        case "codex":
            provider = f'{{name="loopback",base_url="{address}/v1",wire_api="responses",env_key="OPENAI_API_KEY"}}'
            words = ('model_provider="loopback"', f"model_providers.loopback={provider}", 'model="loopback"')
            return tuple(part for word in words for part in ("-c", word)), {"OPENAI_API_KEY": KEY}
        case "gemini":
            vertex = {"GOOGLE_GENAI_USE_VERTEXAI": "true", "GOOGLE_API_KEY": KEY, "GOOGLE_VERTEX_BASE_URL": address}
            return ("--model", "gemini-2.5-pro"), vertex
        case _:
            service = {"anthropic": {"options": {"baseURL": f"{address}/v1", "apiKey": KEY}}}
            config = {"provider": service, "model": "anthropic/claude-sonnet-4-5", "share": "disabled"}
            never = dict.fromkeys(("OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_AUTOUPDATE"), "1")
            return (), {"OPENCODE_CONFIG_CONTENT": json.dumps(config)} | never


def rehearsed(
    spec: AgentSpec,
    program: VendorProgram,
    inherited: Mapping[str, str],
    beside: Path,
    installed: Installed | None = None,
) -> Rehearsed:
    """Let the agent take turns as a worker would run it, in a clone made as a worker makes one, below `beside`.

    It commits, tries what a step forbids, and ends its turn. Its hook finds a token, and no gateway.
    """
    vendor = VENDORS[spec.vendor]
    script = Script([Run(_COMMIT), Run(_PUSH), Run(_CHANGE), Say("Done.")])
    with scratch("rehearsal", beside) as folder, loopback_model(script) as address:
        clone = _cloned(folder)
        folders = AgentFolders(folder, folder / "out", folder / "in", folder / "hook.json", folder / "tmp")
        for place in (folders.out, folders.given, folders.temporary):
            place.mkdir()
        if installed is None:
            write_hook_file(spec, folders.settings)
        else:
            folders.settings.write_text("{}", encoding="utf-8")
            _copy(installed.project, clone)
        flags, variables = loopback_flags(vendor, address)
        command = command_of(spec, program, folders, flags=flags, brings_hook=installed is None)
        proof = folder / "called"
        own = {"PATH": path_with_onloop(inherited), PROOF: str(proof), "ONLOOP_OUT": str(folders.out)}
        own |= {"ONLOOP_TOKEN": _NOBODYS, "ONLOOP_STORE": str(folder / "no-store"), "ONLOOP_TASK": _TASK}
        environment = for_agents(inherited, command.inherits) | own | dict(command.environment) | dict(variables)
        said = _run(command.argv, clone, environment)
        called = proof.read_text(encoding="utf-8").splitlines() if proof.exists() else []
        denies = not any((clone / name).exists() for name in (_PUSHED, _CHANGED))
        begun, ended = Git(clone / ".git").text("rev-parse", "refs/remotes/origin/main"), Environment(clone).head()
    stop = STOP if vendor.hook is None else vendor.hook.stop
    has_turns = vendor.hook is not None or installed is not None
    fires = f"{vendor.name} {stop}" in called if has_turns else None
    kept = command.output.feed(said) + command.output.end()
    commits = ended not in {None, begun}
    return Rehearsed(commits, fires, kept.decode("utf-8", "replace")[-2_000:], commits and denies)


def _copy(place: HookPlace | None, clone: Path) -> None:
    content = place.file.read() if place is not None else None
    if place is not None and content is not None:
        target = clone / place.file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _cloned(folder: Path) -> Path:
    """A worker's clone of an origin with one commit."""
    origin, clone = folder / "origin.git", folder / "clone"
    seed = Git(folder / "seed" / ".git", work_tree=folder / "seed")
    (folder / "seed").mkdir()
    (folder / "seed" / "README.md").write_text("# rehearsal\n", encoding="utf-8")
    seed.run("init", "--quiet", "--template=", "--initial-branch=main")
    seed.run("add", "--all")
    named = seed._replace(settings=("user.name=onloop", "user.email=onloop@agents.onloop.invalid"))
    commit = named.text("commit-tree", "-m", "Begin", seed.text("write-tree"))
    seed.run("update-ref", "refs/heads/main", commit)
    Git(origin).run("init", "--quiet", "--bare", "--template=", "--initial-branch=main")
    Git(origin).run("fetch", "--quiet", str(folder / "seed"), "refs/heads/main:refs/heads/main")
    Environment(clone).prepare(Mirror(folder / "mirror.git", str(origin)), "main", _TASK, _TASK)
    return clone


def _run(argv: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> bytes:
    """What the program prints; what it has printed by then if it does not end in time."""
    try:
        return subprocess.run(
            argv,
            cwd=folder,
            env=environment,
            input=b"Commit a file, then say that you are done.",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=REHEARSAL_S,
            check=False,
            start_new_session=True,
        ).stdout
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"") + f"\nit did not end within {REHEARSAL_S:g} s".encode()
    except OSError as problem:
        return os.fsencode(str(problem))
