"""What of a devcontainer file is obeyed: its image, its variables, and the commands that set a container up.

The file is the base's, never an agent's. What would reach this machine is refused, with the field named: an agent's
container is no place of a person's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from onloop.environments.containers.jsonc import read_jsonc
from onloop.errors import BadInput
from onloop.records import Record
from onloop.text import safe

PLACES = (".devcontainer/devcontainer.json", ".devcontainer.json")
MOST_VARIABLES, MOST_COMMANDS, LONGEST = 200, 50, 8_192

REFUSED: Mapping[str, str] = {
    "build": "images are not built here; name one that is",
    "dockerFile": "images are not built here; name one that is",
    "dockerComposeFile": "one container is made, not several",
    "features": "features are installed into an image beforehand",
    "mounts": "nothing of this machine is mounted",
    "workspaceMount": "the clone is put in its place by onloop",
    "runArgs": "the engine's words are onloop's",
    "privileged": "agents get no rights over this machine",
    "capAdd": "agents get no rights over this machine",
    "securityOpt": "agents get no rights over this machine",
    "initializeCommand": "nothing of a repository runs on this machine",
    "appPort": "nothing is published",
}
"""What would reach this machine, and why it is refused."""

_SET_UP = ("onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand")
_VARIABLES = ("containerEnv", "remoteEnv")
IGNORED = frozenset(
    {
        *("name", "$schema", "customizations", "forwardPorts", "portsAttributes", "otherPortsAttributes"),
        *("shutdownAction", "waitFor", "userEnvProbe", "overrideCommand", "updateRemoteUserUID", "hostRequirements"),
        *("remoteUser", "containerUser", "workspaceFolder", "init", "postAttachCommand", "secrets", "extensions"),
        *("settings", "service", "runServices"),
    }
)
"""What says nothing that matters to an agent, or is decided here: whoever is inside is root of a namespace."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_HOLE = re.compile(r"\$\{([A-Za-z]+)(?::([^}]*))?\}")
_NEVER = ("ONLOOP_", "GIT_", "LD_")


class DevcontainerSpec(Record):
    """What a devcontainer file asks for; each command is argv, run in the clone inside."""

    image: str
    variables: tuple[tuple[str, str], ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()


def read_devcontainer(content: bytes, name: str) -> DevcontainerSpec:
    """What the file says; BadInput names the field that is refused, or what is wrong with it."""
    found = read_jsonc(content, name)
    for field, why in REFUSED.items():
        if field in found and found[field] not in (None, False, [], {}):
            raise BadInput(f"{name}: {field} is refused: {why}", hint=f"take {field} out, or use container:IMAGE")
    unknown = found.keys() - REFUSED.keys() - IGNORED - {"image", *_SET_UP, *_VARIABLES}
    if unknown:
        field = safe(sorted(unknown)[0], 60)
        raise BadInput(f"{name}: {field} is not known", hint="take it out, or use container:IMAGE")
    image = found.get("image")
    if not isinstance(image, str) or not image or image.startswith("-") or not image.isprintable() or " " in image:
        raise BadInput(f"{name} names no image", hint='write "image": "…", such as an image that CI has built')
    variables = tuple(pair for field in _VARIABLES for pair in _variables(found.get(field), field, name))
    commands = tuple(each for field in _SET_UP for each in _commands(found.get(field), field, name))
    if len(variables) > MOST_VARIABLES or len(commands) > MOST_COMMANDS:
        raise BadInput(
            f"{name} has more than {MOST_VARIABLES} variables or {MOST_COMMANDS} commands", hint="shorten it"
        )
    return DevcontainerSpec(image, variables, commands)


def filled(value: str, environment: Mapping[str, str], folder: str) -> str:
    """A value with what it names of the container put in; BadInput for what it may not name."""

    def put(hole: re.Match[str]) -> str:
        kind, name = hole[1], hole[2] or ""
        if kind == "containerEnv":
            return environment.get(name.partition(":")[0], name.partition(":")[2])
        known = {"containerWorkspaceFolder": folder, "containerWorkspaceFolderBasename": folder.rpartition("/")[2]}
        if kind not in known:
            words = f"${{{safe(kind, 40)}}} names something of this machine"
            raise BadInput(words, hint="only containerEnv and containerWorkspaceFolder are known")
        return known[kind]

    return _HOLE.sub(put, value)


def _variables(found: Any, field: str, name: str) -> Iterator[tuple[str, str]]:
    if found is None:
        return
    if not isinstance(found, dict):
        raise BadInput(f"{name}: {field} is no object", hint=f'write "{field}": {{"NAME": "value"}}')
    for variable, value in found.items():
        if value is None:
            continue
        if not _NAME.fullmatch(variable) or variable.startswith(_NEVER):
            words = f"{name}: {field} may not set {safe(variable, 60)!r}"
            raise BadInput(words, hint="name a variable of your own")
        if not isinstance(value, str) or len(value) > LONGEST or "\0" in value:
            raise BadInput(f"{name}: {field}.{variable} is no text of at most {LONGEST} characters", hint="shorten it")
        yield variable, value


def _commands(found: Any, field: str, name: str) -> Iterator[tuple[str, ...]]:
    """A text runs in the shell inside, as the specification says; a list is argv; an object holds several of them."""
    if found is None or found in ("", [], {}):
        return
    if isinstance(found, dict):
        for each in found.values():
            yield from _commands(0 if isinstance(each, dict) else each, field, name)
        return
    words = ["/bin/sh", "-c", found] if isinstance(found, str) else found
    is_argv = isinstance(words, list) and all(isinstance(word, str) and "\0" not in word for word in words)
    if not is_argv or sum(map(len, words)) > LONGEST:
        raise BadInput(f"{name}: {field} is no command", hint=f'write "{field}": "make setup", or a list of words')
    yield tuple(words)
