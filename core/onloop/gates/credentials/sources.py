"""Gets the user and the password that a person declared, from where they are; they stay in this process."""

from __future__ import annotations

import netrc
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from onloop.errors import BadInput, FailureKind, Unavailable
from onloop.gates.credentials.declared import Access, private_text
from onloop.known_secrets import keep_secret

ANSWER_S = 30.0
"""How long a helper or an askpass program may take, in seconds."""

USER = "x-access-token"
"""The user that goes with a token, unless another one is declared: GitHub, GitLab and Gitea accept any."""

_LARGEST_ANSWER = 65_536


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """A user and a password; it has no text form, so that neither can be printed."""

    user: str
    password: str


def credential_of(access: Access) -> Credential | None:
    """The declared user and password; None if none is declared. BadInput or Unavailable say why there is none."""
    found = _found(access)
    if found is None:
        return None
    for word in (found.user, found.password):
        if not word or any(ord(char) < 32 for char in word):
            raise _none(access, "it is empty, or has control characters in it")
    keep_secret(found.password)
    return found


def forget(access: Access) -> None:
    """Tell a helper that what it gave was not accepted, as git does: it then gives something else."""
    if access.helper:
        _asked_helper(access, "erase")


def _found(access: Access) -> Credential | None:
    if access.token_file:
        text = private_text(Path(access.token_file))
        if text is None:
            raise _none(access, f"there is no file {access.token_file}")
        return Credential(access.user or USER, text.strip())
    if access.token_env:
        if not os.environ.get(access.token_env):
            raise _none(access, f"{access.token_env} is not set in the environment of this process")
        return Credential(access.user or USER, os.environ[access.token_env].strip())
    if access.netrc:
        return _of_netrc(access)
    if access.askpass:
        return _of_askpass(access)
    return _of_helper(access) if access.helper else None


def _of_netrc(access: Access) -> Credential:
    if private_text(Path(access.netrc)) is None:
        raise _none(access, f"there is no file {access.netrc}")
    try:
        entry = netrc.netrc(access.netrc).hosts.get(access.address.host)
    except (netrc.NetrcParseError, OSError) as problem:
        line = getattr(problem, "lineno", 0)
        raise BadInput(
            f"{access.netrc}:{line}: it is not a netrc file", hint="machine HOST login USER password …"
        ) from None
    if entry is None:
        raise _none(access, f"{access.netrc} has no machine {access.address.host}")
    return Credential(access.user or entry[0] or entry[1], entry[2] or "")


def _of_askpass(access: Access) -> Credential:
    """Ask as git does: the program gets one argument, what it is asked for, and prints the answer."""
    place = f"https://{access.address.netloc}"
    user = access.user or _printed(access, [access.askpass, f"Username for '{place}': "], b"").strip()
    password = _printed(access, [access.askpass, f"Password for 'https://{user}@{access.address.netloc}': "], b"")
    return Credential(user, password.rstrip("\r\n"))


def _of_helper(access: Access) -> Credential:
    answer = dict(line.split("=", 1) for line in _asked_helper(access, "get").splitlines() if "=" in line)
    if "password" not in answer:
        raise _none(access, f"its helper {access.helper[0]} gave no password")
    return Credential(answer.get("username") or access.user or USER, answer["password"])


def _asked_helper(access: Access, action: str) -> str:
    """What a helper answers in git's credential protocol; a plain name is one of git's own (`git credential-NAME`)."""
    first, *others = access.helper
    own = [first] if first.startswith("/") else [shutil.which("git") or "git", f"credential-{first}"]
    fields = {"protocol": "https", "host": access.address.netloc, "path": access.address.path, "username": access.user}
    asked = "".join(f"{name}={value}\n" for name, value in fields.items() if value)
    return _printed(access, [*own, *others, action], f"{asked}\n".encode())


def _printed(access: Access, argv: list[str], stdin: bytes) -> str:
    """What a program of the person's prints, with the person's own environment, without a terminal."""
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, cwd="/", env=_environment(os.environ), timeout=ANSWER_S, check=False
        )
    except OSError as problem:
        raise _none(access, f"{argv[0]} cannot be run: {problem.strerror}") from None
    except subprocess.TimeoutExpired:
        raise _none(access, f"{argv[0]} did not answer in {ANSWER_S:g} s") from None
    if done.returncode:
        raise _none(access, f"{argv[0]} ended with exit code {done.returncode}")
    return done.stdout[:_LARGEST_ANSWER].decode("utf-8", "replace")


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in own.items() if not name.startswith(("GIT_", "ONLOOP_"))}
    return kept | {"GIT_TERMINAL_PROMPT": "0"}


def _none(access: Access, why: str) -> Unavailable:
    return Unavailable(
        f"no credential for {access.address.words}: {why}",
        hint="put it right where it is declared; onloop doctor --repo URL tries it",
        kind=FailureKind.AUTH,
    )
