"""Reads an issue or a pull request again at its forge, where a token is declared: the payload may be old or untrue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from onloop.errors import BadInput, FailureKind, Unavailable
from onloop.forges.configured import Place, forge_of
from onloop.forges.forge_errors import ForgeRefused
from onloop.forges.forge_records import ForgeIssue, PullRequest, PullState, RepositoryName
from onloop.forges.port import Forge
from onloop.records import replace
from onloop.times import instant_words
from onloop.triggers.delivery_processing import Freshen
from onloop.triggers.hook_events import HookEvent
from onloop.triggers.hook_proofs import HookKind

_SLUG = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def freshened(place: Place) -> Freshen:
    """What reads events of GitHub again by the forges that the store declares; others count as they are."""

    def read(event: HookEvent) -> HookEvent | None:
        if event.kind is not HookKind.GITHUB or (repo := _repository(event.payload)) is None:
            return None
        try:
            forge = forge_of(place, repo)
        except BadInput:  # nobody declared it: what the payload says is used, and the log says so
            return None
        try:
            return _read_again(forge, repo, event)
        except ForgeRefused as no:
            if no.kind is FailureKind.AUTH:  # our own credential: it says nothing of the webhook
                words = f"the source does not let us look: {no.message}"
                raise Unavailable(words, hint=no.hint or "renew the token in forges.toml", kind=no.kind) from None
            raise BadInput(f"the source does not show it: {no.message}", hint=no.hint) from None

    return read


def _read_again(forge: Forge, repo: RepositoryName, event: HookEvent) -> HookEvent | None:
    payload = event.payload
    pull, issue = payload.get("pull_request"), payload.get("issue")
    if isinstance(pull, Mapping) and isinstance(number := pull.get("number"), int):
        found = forge.pull_request(repo, number)
        return _with(event, "pull_request", _pull_fields(pull, found))
    if isinstance(issue, Mapping) and isinstance(number := issue.get("number"), int):
        if "pull_request" in issue:
            pulled = forge.pull_request(repo, number)
            state = "open" if pulled.state is PullState.OPEN else "closed"
            fields = {"state": state, "title": pulled.title, "body": pulled.body, "labels": _labels(pulled.labels)}
            return _with(event, "issue", {**issue, **fields, "updated_at": instant_words(pulled.updated_at)})
        told = forge.issue(repo, number)
        return _with(event, "issue", _issue_fields(issue, told))
    return None


def _with(event: HookEvent, name: str, fields: Mapping[str, Any]) -> HookEvent:
    """The event with what it is about as it is now; when it happened stays as it was said."""
    return replace(event, payload={**event.payload, name: fields})


def _pull_fields(said: Mapping[str, Any], found: PullRequest) -> dict[str, Any]:
    is_merged = found.state is PullState.MERGED
    head, base = (part if isinstance(part := said.get(name), Mapping) else {} for name in ("head", "base"))
    return {
        **said,
        "state": "open" if found.state is PullState.OPEN else "closed",
        "merged": is_merged,
        "draft": found.draft,
        "title": found.title,
        "body": found.body,
        "labels": _labels(found.labels),
        "updated_at": instant_words(found.updated_at),
        "head": {**head, "sha": found.head_sha, "ref": found.head_ref},
        "base": {**base, "sha": found.base_sha, "ref": found.base_ref},
    }


def _issue_fields(said: Mapping[str, Any], found: ForgeIssue) -> dict[str, Any]:
    return {
        **said,
        "state": found.state,
        "title": found.title,
        "body": found.body,
        "labels": _labels(found.labels),
        "assignees": [{"login": person.login, "id": person.id} for person in found.assignees],
        "updated_at": instant_words(found.updated_at),
    }


def _labels(names: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def _repository(payload: Mapping[str, Any]) -> RepositoryName | None:
    """The repository that an event is of; None where its names are none, or it does not say where."""
    said = payload.get("repository")
    if not isinstance(said, Mapping):
        return None
    full, url = said.get("full_name"), said.get("html_url")
    if not isinstance(full, str) or not isinstance(url, str):
        return None
    owner, slash, name = full.partition("/")
    is_sound = slash and all(part and set(part) <= _SLUG and part not in {".", ".."} for part in (owner, name))
    try:
        host = urlsplit(url).netloc
    except ValueError:  # such as a bracket that is not closed
        return None
    return RepositoryName(host, owner, name) if is_sound and host and "@" not in host else None
