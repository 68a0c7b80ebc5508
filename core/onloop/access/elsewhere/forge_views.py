"""The forges that a store declares, as watches and verbs see them."""

from __future__ import annotations

import re

from onloop.access.elsewhere.accounts_outside import read_accounts
from onloop.access.elsewhere.pull_work import ForgeView
from onloop.access.opening import GatewayHandle
from onloop.errors import BadInput
from onloop.forges.configured import forge_of
from onloop.forges.forge_settings import read_settings
from onloop.forges.port import RepositoryName
from onloop.gates.repository.ref_names import without_credentials
from onloop.records import Record
from onloop.views.queries.reads import ReadStoreState

_PULL = re.compile(r"https?://([^/@:\s]+(?::[0-9]+)?)/([^/\s]+)/([^/\s]+)/pull/([1-9][0-9]{0,9})/?(?:[?#].*)?")
_ISSUE = re.compile(r"https?://([^/@:\s]+(?::[0-9]+)?)/([^/\s]+)/([^/\s]+)/issues/([1-9][0-9]{0,9})/?(?:[?#].*)?")
_NUMBER = re.compile(r"#?([1-9][0-9]{0,9})")


class Numbered(Record):
    """A pull request or an issue of a repository."""

    repo: RepositoryName
    number: int


def forge_view(opened: GatewayHandle, host: str) -> ForgeView | None:
    """The forge at a host; None where the store declares none."""
    if read_settings(opened.home.store).forge(host) is None:
        return None
    forge = forge_of(opened, RepositoryName(host, "", ""))
    people = opened.gateway.perform(ReadStoreState()).people.values()
    accounts = read_accounts(opened.home.store, (each.principal for each in people))
    return ForgeView(forge, host, accounts)


def known_view(opened: GatewayHandle, repo: RepositoryName) -> ForgeView:
    """The forge of a repository; BadInput where the store declares none."""
    view = forge_view(opened, repo.host)
    if view is None:
        forge_of(opened, repo)  # says what is missing, and where
        raise BadInput(f"no forge is declared for {repo.host}", hint="onloop help forges")
    return view


def pull_named(opened: GatewayHandle, words: str, origin: str | None) -> Numbered:
    """The pull request that a URL names, or a number in the repository of an origin."""
    return _named(opened, words, origin, _PULL, "https://HOST/OWNER/NAME/pull/NUMBER")


def check_repository(opened: GatewayHandle, named: RepositoryName, origin: str) -> None:
    """Refuse a pull request of another repository than an origin's: its commits would not be those that are fetched."""
    own = read_settings(opened.home.store).repository(origin)
    if own is None or (own.host, own.words.casefold()) != (named.host, named.words.casefold()):
        here = own.words if own is not None else without_credentials(origin)[:200]
        raise BadInput(f"a pull request of {named.words} is no work for {here}", hint=f"name one of {here}")


def issue_named(opened: GatewayHandle, words: str, origin: str | None) -> Numbered:
    """The issue that a URL names, or a number in the repository of an origin."""
    return _named(opened, words, origin, _ISSUE, "https://HOST/OWNER/NAME/issues/NUMBER")


def _named(opened: GatewayHandle, words: str, origin: str | None, url: re.Pattern[str], form: str) -> Numbered:
    if found := url.fullmatch(words):
        host, owner, name, number = found.groups()
        return Numbered(RepositoryName(host.lower(), owner, name.removesuffix(".git")), int(number))
    found = _NUMBER.fullmatch(words)
    if found is None:
        raise BadInput(f"{words[:100]!r} is neither a URL nor a number", hint=f"write {form}, or a number and --repo")
    if origin is None:
        raise BadInput(f"of which repository is {words}", hint=f"--repo REPO, or write {form}")
    repo = read_settings(opened.home.store).repository(origin)
    if repo is None:
        forge_of(opened, origin)
        raise BadInput(f"{origin[:200]!r} is at no declared forge", hint="onloop help forges")
    return Numbered(repo, int(found[1]))
