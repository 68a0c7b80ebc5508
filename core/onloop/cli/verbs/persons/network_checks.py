"""What doctor says of those who come over the network: launchers that were let in, and what `ci.toml` says of a CI."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.access.opening import GatewayHandle
from onloop.attention.groups import age
from onloop.errors import OnloopError
from onloop.identity.ci.ci_keys import check_available
from onloop.identity.ci.ci_settings import FILE, issuers_in
from onloop.text import safe
from onloop.views.queries.launcher_reads import ReadLaunchers

SOON_MS = 7 * 24 * 3_600_000
"""How long before the end of a token it is said."""

Checked = tuple[str, bool, str]


def network_checks(opened: GatewayHandle) -> Iterator[Checked]:
    """Name, whether it is good, and words, of each thing that was looked at; nothing where nobody was let in."""
    yield from _launchers(opened)
    if opened.apart is None:
        yield from _of_ci(opened)


def _launchers(opened: GatewayHandle) -> Iterator[Checked]:
    now = opened.gateway.clock()
    found = [each for each in opened.gateway.perform(ReadLaunchers()) if each.grant is not None]
    for each in found:
        left = each.grant.until - now if each.grant is not None else 0
        if left <= 0:
            yield (
                "launcher",
                False,
                safe(f"{each.name} was let in until {age(-left)} ago: onloop token mint, or revoke"),
            )
        elif left < SOON_MS:
            yield "launcher", True, safe(f"{each.name} is let in for {age(left)} more")
    if found:
        yield "launchers", True, f"{len(found)} let in: onloop token list"


def _of_ci(opened: GatewayHandle) -> Iterator[Checked]:
    file = opened.home.store / FILE
    if not file.exists():
        return
    try:
        issuers = issuers_in(opened.home.store)
        check_available()
    except OnloopError as problem:
        yield "ci", False, safe(f"{problem.message}; {problem.hint}", 1_000)
        return
    for name, issuer in issuers.items():
        roles = ", ".join(dict.fromkeys(role for rule in issuer.jobs for role in rule.roles))
        yield (
            "ci",
            True,
            safe(f"jobs of {name} may claim for {roles}, signed by {issuer.issuer}, keys at {issuer.keys}", 500),
        )
