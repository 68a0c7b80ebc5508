"""The verb that lets launchers in over the network."""

from __future__ import annotations

import os
from pathlib import Path

from onloop.cli.context import Context
from onloop.cli.json_models.launcher_models import GrantJson, TokenJson, TokenMintedJson, TokenRevokedJson, TokensJson
from onloop.cli.name_checks import unknown_names
from onloop.cli.output import VerbOutput, columns
from onloop.cli.person_arguments import TokenArguments
from onloop.errors import BadInput
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.identity.network_credentials import OF_LAUNCHER, new_secret
from onloop.identity.resolution import token_digest
from onloop.machine.definition import Isolation
from onloop.machine.launchers import MOST_AT_ONCE, OF_CI, Grant, LauncherMinted, LauncherRevoked
from onloop.text import safe
from onloop.times import second_words
from onloop.views.queries.launcher_reads import LauncherStanding, ReadLaunchers
from onloop.workflow.duration import milliseconds


def token(context: Context[TokenArguments]) -> VerbOutput:
    """Mint, list or revoke launchers' tokens."""
    args = context.args
    if args.what == "list":
        if args.name:
            raise BadInput("list takes no name", hint="onloop token list")
        return _listed(context.opened.gateway.perform(ReadLaunchers()), context.opened.gateway.clock())
    context.check_no_agent(f"{args.what} a launcher's token")
    if not args.name:
        raise BadInput("the launcher has no name", hint=f"onloop token {args.what} NAME")
    return _minted(context, args.name) if args.what == "mint" else _revoked(context, args.name)


def _minted(context: Context[TokenArguments], name: str) -> VerbOutput:
    args, gateway, secret = context.args, context.opened.gateway, new_secret(OF_LAUNCHER)
    if not 1 <= args.at_most <= MOST_AT_ONCE:
        raise BadInput(f"{args.at_most} tasks at a time", hint=f"--at-most 1 to {MOST_AT_ONCE}")
    grant = Grant(
        args.role,
        args.repo,
        gateway.clock() + milliseconds(args.expires),
        Isolation(args.isolation),
        args.at_most,
        args.start,
    )
    _check_given(grant, name)
    unknown = tuple(words for role in args.role if role != "*" for words in unknown_names(context, role=role))
    by, _ = context.voice("mint a launcher's token")
    if args.to is not None:
        _write(Path(args.to), secret)
    try:
        gateway.perform(RecordStoreEvent(by, LauncherMinted(name, token_digest(secret), grant, by.id), key=args.key))
    except BaseException:
        if args.to is not None:
            Path(args.to).unlink(missing_ok=True)
        raise
    notes = (
        *unknown,
        f"{name} may claim for {', '.join(grant.roles)} in {', '.join(grant.repositories)}"
        f" until {second_words(grant.until)}, {grant.at_most} at a time",
        f"it is shown this once; end it: onloop token revoke {name}",
    )
    shown = secret if args.to is None else None
    data = TokenMintedJson(name, shown, args.to, _grant_json(grant))
    return VerbOutput(lines=(shown or safe(str(args.to)),), data=data, notes=tuple(map(safe, notes)))


def _check_given(grant: Grant, name: str) -> None:
    """BadInput where what is needed was left out, before anybody is asked for a passphrase."""
    if not grant.roles:
        raise BadInput("the launcher has no role", hint=f"onloop token mint {name} --role implementer --repo '*'")
    if not grant.repositories:
        hint = "--repo billing, --repo 'github.com/acme/*', or --repo '*' for every one"
        raise BadInput("the launcher has no repository", hint=hint)


def _write(path: Path, secret: str) -> None:
    """A new file for its owner alone; nothing that is there is replaced."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise BadInput(f"{path} cannot be made: {problem.strerror}", hint="name a file that is not there yet") from None
    with os.fdopen(handle, "w") as file:
        file.write(f"{secret}\n")


def _revoked(context: Context[TokenArguments], name: str) -> VerbOutput:
    args, gateway = context.args, context.opened.gateway
    by, _ = context.voice("revoke a launcher's token")
    before = next((each.holds for each in gateway.perform(ReadLaunchers()) if each.name == name), 0)
    gateway.perform(RecordStoreEvent(by, LauncherRevoked(name, by.id, args.reason), key=args.key))
    notes = [f"what its agents held goes back to its role: {before} tasks"]
    if name.startswith(OF_CI):
        notes.append("its jobs are let in again until ci.toml says otherwise")
    return VerbOutput(lines=(safe(f"revoked: {name}"),), data=TokenRevokedJson(name, before), notes=tuple(notes))


def _listed(found: tuple[LauncherStanding, ...], now: int) -> VerbOutput:
    header = ("NAME", "ROLES", "REPOSITORIES", "ISOLATION", "UNTIL", "USED", "HOLDS", "BY")
    data = TokensJson([_token_json(each, now) for each in found])
    return VerbOutput(lines=columns([_row(each, now) for each in found], header=header), data=data)


def _row(each: LauncherStanding, now: int) -> tuple[str, ...]:
    used, grant = "never" if each.used is None else second_words(each.used), each.grant
    if grant is None:
        return each.name, "-", "-", "-", "-", used, str(each.holds), each.by
    until = "expired" if grant.until <= now else second_words(grant.until)
    may = ", ".join(grant.roles) + (", starts" if grant.starts else "")
    where, holds = ", ".join(grant.repositories), f"{each.holds} of {grant.at_most}"
    return each.name, may, where, grant.isolation.value, until, used, holds, each.by


def _token_json(each: LauncherStanding, now: int) -> TokenJson:
    grant = each.grant
    shown = None if grant is None else _grant_json(grant)
    expired = grant is not None and grant.until <= now
    return TokenJson(each.name, shown, each.by, each.at, each.used, each.holds, expired)


def _grant_json(grant: Grant) -> GrantJson:
    until, isolation = grant.until, grant.isolation.value
    return GrantJson(grant.roles, grant.repositories, isolation, grant.at_most, grant.starts, until)
