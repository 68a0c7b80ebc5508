"""What the parts of the adapter share: the API, and how a repository's paths begin."""

from __future__ import annotations

from urllib.parse import quote

from onloop.forges.forge_records import RepositoryName
from onloop.forges.github.answer_fields import nonsense
from onloop.forges.github.api_transport import GithubTransport


class GithubPart:
    """Asks one API."""

    def __init__(self, api: GithubTransport) -> None:
        self._api = api


def path_of(repo: RepositoryName, *words: str | int) -> str:
    """A path below a repository; each word is one part of it, whatever is in it."""
    return "/".join(("/repos", *(quote(str(word), safe="") for word in (repo.owner, repo.name, *words))))


def is_same(repo: RepositoryName, said: str) -> bool:
    """Whether a full name is this repository's."""
    return said.casefold() == repo.words.casefold()


def check_same(repo: RepositoryName, said: str, what: str) -> None:
    """ForgeTrouble where an answer is about another repository than was asked."""
    if not is_same(repo, said):
        raise nonsense(f"{what} is of {said[:100]!r}, and was asked of {repo.words!r}")


def check_address(repo: RepositoryName, address: str, what: str) -> None:
    """The same, by the API's address of the repository in an answer."""
    check_same(repo, "/".join(address.rstrip("/").split("/")[-2:]), what)


def check_commit(asked: str, said: str, what: str) -> None:
    """ForgeTrouble where an answer is about another commit than was asked."""
    if asked != said:
        raise nonsense(f"{what} is of commit {said[:12]}, and was asked of {asked[:12]}")
