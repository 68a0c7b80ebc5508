"""GitHub, whole, behind the port: what is asked of it is in the parts, by subject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onloop.errors import FailureKind
from onloop.forges.forge_errors import ForgeRefused, ForgeTrouble
from onloop.forges.forge_records import ForgeIdentity, RepositoryName
from onloop.forges.forge_settings import AppKey, ForgeSettings
from onloop.forges.github.answer_fields import Fields
from onloop.forges.github.api_tokens import AppToken, DeclaredToken
from onloop.forges.github.api_transport import GithubTransport, answered
from onloop.forges.github.github_checks import GithubChecks
from onloop.forges.github.github_comments import GithubComments
from onloop.forges.github.github_pulls import GithubPulls
from onloop.forges.github.github_repositories import GithubRepositories
from onloop.forges.outgoing import Courier, Outgoing
from onloop.forges.public_address import AddressRule


class GithubForge(GithubPulls, GithubChecks, GithubComments, GithubRepositories):
    """See Forge of the port."""

    def __init__(self, api: GithubTransport, app: AppAccess | None = None) -> None:
        super().__init__(api)
        self._app = app

    @property
    def asked(self) -> int:
        """How many requests were sent so far."""
        return self._api.asked

    def identity(self, repo: RepositoryName) -> ForgeIdentity:  # noqa: ARG002 - a token is the same in all of them
        """See Repositories."""
        if self._app is not None:
            return self._app.identity()
        said = Fields(self._api.read("/user"), "the account")
        return ForgeIdentity(said.line("login", limit=100), rights=tuple((scope, "") for scope in self._api.scopes))

    def close(self) -> None:
        """Hang up."""
        self._api.courier.close()


class AppAccess:
    """What an App asks as itself: a token of its installation, and who it is."""

    def __init__(self, api: str, key: AppKey, courier: Courier, clock: Callable[[], int]) -> None:
        self._api, self._key, self._courier, self._clock = api, key, courier, clock
        self.giver = AppToken(key, self._token, clock)
        self._rights: tuple[tuple[str, str], ...] = ()

    def identity(self) -> ForgeIdentity:
        """Who the App is, with the rights of its installation."""
        self.giver.token()
        said = Fields(self._asked("GET", "/app", self.giver.claim()), "the app")
        return ForgeIdentity(said.line("slug", limit=100), said.number("id"), self._rights)

    def _token(self, claim: str) -> tuple[str, int]:
        path = f"/app/installations/{self._key.installation}/access_tokens"
        said = Fields(self._asked("POST", path, claim), "the token")
        self._rights = said.part("permissions").texts() if said.part_or_none("permissions") is not None else ()
        token = said.line("token")
        if not token:
            raise ForgeTrouble("GitHub gave no token for the App", hint="it is tried again", kind=FailureKind.AUTH)
        return token, said.time("expires_at")

    def _asked(self, method: str, path: str, claim: str) -> Any:
        for last in (False, True):
            headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {claim}"}
            try:
                got = self._courier.carry(Outgoing(method, f"{self._api}{path}", headers))
                return answered(got, path)
            except ForgeRefused as no:
                if no.status != 401 or last or not self.giver.set_clock(got.headers.get("date", "")):
                    raise
                claim = self.giver.claim()  # clocks disagree: by GitHub's now
        raise AssertionError("the last try returns or raises")


def github_forge(settings: ForgeSettings, clock: Callable[[], int], allowed: tuple[str, ...] = ()) -> GithubForge:
    """The forge that settings declare; its own API may be at an address that is not public, for a person named it."""
    rule = AddressRule((_place(settings.api), *allowed))
    courier = Courier(rule, settings.ca_file)
    if settings.app is not None:
        app = AppAccess(settings.api, settings.app, courier, clock)
        return GithubForge(GithubTransport(settings.host, settings.api, courier, app.giver, clock), app)
    if settings.token is None:
        raise ValueError("settings without a token and without an App")
    return GithubForge(GithubTransport(settings.host, settings.api, courier, DeclaredToken(settings.token), clock))


def _place(api: str) -> str:
    return api.split("://", 1)[1].split("/", 1)[0].lower()
