"""What one run of git gets so that it can reach one origin: settings, variables, and an open file with the secret."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from onloop.errors import FailureKind, OnloopError, Unavailable
from onloop.gates.credentials import answering
from onloop.gates.credentials.declared import Access, Address, access_for, address_of_origin
from onloop.gates.credentials.sources import Credential, credential_of, forget

_SSH = (
    *("-F", os.devnull, "-oBatchMode=yes", "-oConnectTimeout=30", "-oServerAliveInterval=15"),
    *("-oStrictHostKeyChecking=yes", f"-oGlobalKnownHostsFile={os.devnull}", "-oUpdateHostKeys=no"),
    *("-oIdentitiesOnly=yes", "-oForwardAgent=no", "-oClearAllForwardings=yes", "-oPermitLocalCommand=no"),
    *("-oPasswordAuthentication=no", "-oKbdInteractiveAuthentication=no"),
)
_OF_SETTINGS = (
    ("ca_file", "http.sslCAInfo"),
    ("ca_path", "http.sslCAPath"),
    ("client_cert", "http.sslCert"),
    ("client_key", "http.sslKey"),
    ("proxy", "http.proxy"),
)


@dataclass(frozen=True, slots=True)
class GitAccess:
    """Settings and variables for git, and the open file that `answering` reads, if there is a password."""

    settings: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    secret: int | None = None


@contextmanager
def access_to(file: Path | None, origin: str, embedded: Credential | None = None) -> Iterator[GitAccess]:
    """What git gets for an origin while the block runs; nothing for a path. `embedded` counts if nothing is declared.

    Unavailable (kind `auth`) if what is declared cannot be had, or if nothing is declared where something must be. If
    the block fails because the origin did not accept it, a helper is told.
    """
    address, access = address_of_origin(origin), access_for(file, origin)
    if address is None:
        yield GitAccess()
    elif address.scheme == "ssh":
        yield GitAccess(variables=_ssh(access, address, file))
    else:
        credential = (credential_of(access) if access else None) or embedded
        with _kept(credential, access.address if access else address) as secret:
            try:
                yield GitAccess(_settings(access, secret), secret=secret)
            except OnloopError as problem:
                if access is not None and problem.kind is FailureKind.AUTH:
                    with suppress(OnloopError):
                        forget(access)
                raise


def _settings(access: Access | None, secret: int | None) -> tuple[str, ...]:
    given = ((key, getattr(access, name)) for name, key in _OF_SETTINGS) if access else ()
    settings = [f"{key}={value}" for key, value in given if value]
    if secret is not None:
        program = f"!{shlex.join([sys.executable, '-I', '-S', answering.__file__, str(secret)])}"
        settings += [f"credential.helper={program}", "credential.useHttpPath=true"]
    return tuple(settings)


def _ssh(access: Access | None, address: Address, file: Path | None) -> dict[str, str]:
    if access is None:
        raise Unavailable(
            f"no key is declared for {address.scheme}://{address.netloc}",
            hint=f'declare it in {file or "git.toml of the store"}: ["ssh://{address.netloc}"], ssh_key, known_hosts',
            kind=FailureKind.AUTH,
        )
    agent = os.environ.get("SSH_AUTH_SOCK", "") if access.ssh_agent else ""
    options = [*_SSH, f'-oUserKnownHostsFile="{access.known_hosts}"', f'-oIdentityAgent="{agent or "none"}"']
    options += ["-i", access.ssh_key] if access.ssh_key else ["-oIdentityFile=none", "-oIdentitiesOnly=no"]
    return {"GIT_SSH_COMMAND": shlex.join(["ssh", *options]), "GIT_SSH_VARIANT": "ssh"}


@contextmanager
def _kept(credential: Credential | None, address: Address) -> Iterator[int | None]:
    """An open file without a name that holds the credential and where it belongs; None if there is no credential."""
    if credential is None:
        yield None
        return
    words = {"protocol": "https", "host": address.netloc, "path": address.path}
    content = json.dumps(words | {"user": credential.user, "password": credential.password}).encode()
    handle = _unnamed()
    try:
        os.write(handle, content)
        yield handle
    finally:
        os.close(handle)


def _unnamed() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("onloop")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
