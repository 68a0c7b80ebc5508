"""The verbs by which a person reads from another machine: a session at a gateway, which decides nothing."""

from __future__ import annotations

import os

from onloop.cli.context import Context, read_passphrase
from onloop.cli.json_models.people_models import LoginJson, LogoutJson
from onloop.cli.output import VerbOutput
from onloop.cli.person_arguments import LoginArguments, LogoutArguments
from onloop.errors import BadInput, OnloopError
from onloop.gateway.credential_operations import EndSession, MintSession
from onloop.home import Home
from onloop.identity.process_privacy import keep_others_out
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.client_credentials import Credentials
from onloop.remote.http_client.far_place import FarPlace
from onloop.remote.http_client.login_file import LoginOwner, LoginSession, forget_login, keep_login, login_session
from onloop.text import safe
from onloop.times import second_words


def login(context: Context[LoginArguments]) -> VerbOutput:
    """Prove who one is, and keep a session that reads."""
    args, home = context.args, _far_home(context)
    context.check_no_agent("log in")
    if not args.person:
        raise BadInput("who logs in is not said", hint="onloop login --as NAME")
    keep_others_out()
    passphrase, typed = read_passphrase(args.passphrase_fd, f"Passphrase of {args.person} at {home.url}: ")
    if passphrase is None:
        raise BadInput("a passphrase is needed, and there is no terminal", hint="--passphrase-fd 3 3<FILE")
    before = login_session(home.url)
    gateway = _gateway(home)
    try:
        person = gateway.person(args.person, passphrase, typed=typed)
        granted = gateway.perform(MintSession(person))
    finally:
        gateway.store.close()
    path = keep_login(LoginSession(LoginOwner(home.url, args.person, granted.expires), granted.secret))
    if before is not None:
        _end(home, before)
    words = f"{args.person} reads at {home.url} until {second_words(granted.expires)}"
    notes = (f"the session is in {path}; each decision asks for the passphrase", f"ONLOOP_URL={home.url} onloop")
    return VerbOutput(lines=(safe(words),), data=LoginJson(home.url, args.person, granted.expires), notes=notes)


def logout(context: Context[LogoutArguments]) -> VerbOutput:
    """End the session at the gateway, and forget it here in any case."""
    home = _far_home(context)
    kept = login_session(home.url)
    if kept is None:
        return VerbOutput(lines=(f"nobody is logged in at {home.url}",), data=LogoutJson(home.url, ended=False))
    trouble = _end(home, kept)
    forget_login(home.url)
    until = second_words(kept.owner.expires)
    notes = (f"the gateway was not told ({trouble}): it ends there at {until}",) if trouble else ()
    words = f"{kept.owner.person} is logged out of {home.url}"
    return VerbOutput(lines=(safe(words),), data=LogoutJson(home.url, ended=not trouble), notes=notes)


def _end(home: Home, kept: LoginSession) -> str:
    """End a session at its gateway; in words, why that was not possible."""
    gateway = _gateway(home, kept.secret)
    try:
        gateway.perform(EndSession(kept.secret))
    except OnloopError as problem:
        return problem.message
    finally:
        gateway.store.close()
    return ""


def _gateway(home: Home, bearer: str = "") -> GatewayClient:
    """The gateway, asked with that credential, or with none: the one that is kept may have ended."""
    line = FarPlace.of(home).only_line(Credentials(bearer=bearer))
    return GatewayClient(line, ClientStore(line), line.clock)


def _far_home(context: Context[LoginArguments] | Context[LogoutArguments]) -> Home:
    """The home of the gateway that `--url` or `$ONLOOP_URL` names, which is from then on the one meant."""
    if context.args.url:
        os.environ["ONLOOP_URL"] = context.args.url
    home = context.home
    if not home.url:
        words = f"{home.name} is on this machine, where nobody logs in"
        raise BadInput(words, hint="onloop login --url https://HOST:PORT --as NAME")
    return home
