"""GitHub Copilot CLI: as its documentation says; we have not run it."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.agents.vendors.vendor import Fields, Heard, Launch, Login, OwnFile, Vendor

_WORDS = ("copilot", "--allow-all-tools", "--allow-all-paths", "--no-color", "{flags}")


def _hear(_: Fields) -> Iterator[Heard]:
    """It prints plain text."""
    return iter(())


COPILOT = Vendor(
    name="copilot",
    title="GitHub Copilot CLI",
    program="copilot",
    launches=(Launch((0, 0), _WORDS),),
    hear=_hear,
    hook=None,
    login=Login((".copilot/config.json",), ("COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN")),
    tried="",
    own_file=OwnFile(".github/hooks/onloop.json", ".copilot/hooks/onloop.json"),
    managed="etc/github-copilot/policy.d/onloop.json",
    trap="we have not run it: its words are those of its documentation, and every round begins a new session",
)
