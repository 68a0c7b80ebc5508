"""What the test forge knows: accounts, apps, repositories, and everything in them as GitHub's JSON."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from support.forge.bare_git import BareGit, Conflict

Json = dict[str, Any]
_RIGHTS = ("actions", "administration", "checks", "contents", "issues", "metadata", "pull_requests", "statuses")
EVERY_RIGHT = dict.fromkeys(_RIGHTS, "write")


class Answer(Exception):
    """What ends a request: a status, and what is said."""

    def __init__(self, status: int, message: str = "", **more: Any) -> None:
        super().__init__(message)
        self.status, self.message, self.more = status, message, more


@dataclass
class User:
    """An account. `rights` are its permission in repositories, by full name; its token stands for it."""

    login: str
    id: int
    token: str
    kind: str = "User"

    def json(self) -> Json:
        """As GitHub says it."""
        return {
            "login": self.login,
            "id": self.id,
            "node_id": _node("U", self.id),
            "type": self.kind,
            "site_admin": False,
            "html_url": f"https://forge.test/{self.login}",
        }


@cache
def app_key() -> tuple[str, Any]:
    """A private key in PEM, and its public key: one for all apps of a process, for making one takes long."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return pem.decode(), private.public_key()


@dataclass
class App:
    """A GitHub App, installed everywhere; `rights` may be taken from it."""

    id: int
    slug: str
    installation: int
    user: User
    rights: dict[str, str] = field(default_factory=lambda: dict(EVERY_RIGHT))
    tokens: dict[str, int] = field(default_factory=dict)

    def json(self) -> Json:
        """As GitHub says it."""
        return {
            "id": self.id,
            "slug": self.slug,
            "name": self.slug,
            "node_id": _node("A", self.id),
            "owner": self.user.json(),
            "permissions": self.rights,
        }


@dataclass
class Repository:
    """One repository: its git, and what is said in it."""

    world: World
    id: int
    owner: str
    name: str
    git: BareGit
    private: bool = False
    archived: bool = False
    topics: list[str] = field(default_factory=list)
    deleted: bool = False
    rights: dict[str, str] = field(default_factory=dict)
    issues: dict[int, Json] = field(default_factory=dict)
    pulls: dict[int, Json] = field(default_factory=dict)
    comments: dict[int, list[Json]] = field(default_factory=dict)
    line_comments: dict[int, list[Json]] = field(default_factory=dict)
    reviews: dict[int, list[Json]] = field(default_factory=dict)
    checks: list[Json] = field(default_factory=list)
    statuses: list[Json] = field(default_factory=list)
    runs: list[Json] = field(default_factory=list)
    logs: dict[int, str] = field(default_factory=dict)
    protection: dict[str, Json] = field(default_factory=dict)
    rulesets: dict[str, list[Json]] = field(default_factory=dict)
    hooks: list[Json] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    queue: dict[int, Json] = field(default_factory=dict)
    auto_merge: dict[int, Json] = field(default_factory=dict)
    workflows: list[str] = field(default_factory=lambda: ["deploy.yml", "ci.yml"])

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def api(self) -> str:
        """Its address in the API."""
        return f"{self.world.url}/repos/{self.full_name}"

    def json(self) -> Json:
        """As GitHub says it."""
        return {
            "id": self.id,
            "node_id": _node("R", self.id),
            "name": self.name,
            "full_name": self.full_name,
            "owner": self.world.account(self.owner).json(),
            "private": self.private,
            "archived": self.archived,
            "topics": self.topics,
            "html_url": f"{self.world.web}/{self.full_name}",
            "url": self.api,
            "clone_url": f"{self.world.web}/{self.full_name}.git",
            "default_branch": "main",
        }

    def number(self) -> int:
        """The next number of an issue or pull request."""
        return max((*self.issues, 0)) + 1

    def permission(self, user: User | None) -> str:
        """What an account may do here."""
        if user is None:
            return "read"
        return "admin" if user.login == self.owner else self.rights.get(user.login, "read")

    def pull_json(self, number: int) -> Json:
        """A pull request as it is now."""
        kept = self.pulls[number]
        issue = self.issues[number]
        source = self.world.repositories.get(kept["source"])
        alive = source is not None and not source.deleted
        return {
            "number": number,
            "id": kept["id"],
            "node_id": _node("PR", kept["id"]),
            "url": f"{self.api}/pulls/{number}",
            "html_url": f"{self.world.web}/{self.full_name}/pull/{number}",
            "issue_url": f"{self.api}/issues/{number}",
            "state": issue["state"],
            "draft": kept["draft"],
            "title": issue["title"],
            "body": issue["body"],
            "user": issue["user"],
            "labels": issue["labels"],
            "assignees": issue["assignees"],
            "requested_reviewers": kept["reviewers"],
            "created_at": issue["created_at"],
            "updated_at": issue["updated_at"],
            "closed_at": issue["closed_at"],
            "merged": kept["merged_at"] is not None,
            "merged_at": kept["merged_at"],
            "merge_commit_sha": kept["merge_sha"],
            "mergeable": self._mergeable(kept) if issue["state"] == "open" else None,
            "auto_merge": self.auto_merge.get(number),
            "head": {
                "ref": kept["head"],
                "sha": kept["head_sha"],
                "label": f"{kept['source'].split('/')[0]}:{kept['head']}",
                "user": self.world.account(kept["source"].split("/")[0]).json(),
                "repo": source.json() if alive and source is not None else None,
            },
            "base": {
                "ref": kept["base"],
                "sha": kept["base_sha"],
                "label": f"{self.owner}:{kept['base']}",
                "user": self.world.account(self.owner).json(),
                "repo": self.json(),
            },
        }

    def _mergeable(self, kept: Json) -> bool:
        try:
            self.git.merged_tree(f"refs/heads/{kept['base']}", kept["head_sha"])
        except Conflict:
            return False
        return True


class World:
    """Everything, under one lock. `clock` gives seconds; `tell` is called with each event."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self.folder, self.clock = folder, clock
        self.url = self.web = ""
        self.turn = threading.RLock()
        self.users: dict[str, User] = {}
        self.apps: dict[int, App] = {}
        self.repositories: dict[str, Repository] = {}
        self.tell: Callable[[Repository, str, Json, User], None] = lambda *_: None
        self._ids = count(910_000_001)
        self._logins = count(5001)

    def id(self) -> int:
        """A new id, of which there is one in the whole forge."""
        return next(self._ids)

    def account(self, login: str) -> User:
        """The account of that name, made where there is none."""
        known = self.users.get(login.lower())
        if known is None:
            number = next(self._logins)
            known = User(login, number, f"ghp_{login.encode().hex():0<36}"[:40].ljust(40, "0"))
            self.users[login.lower()] = known
        return known

    def app(self, app_id: int, slug: str) -> App:
        """An App."""
        bot = self.account(f"{slug}[bot]")
        bot.kind = "Bot"
        return self.apps.setdefault(app_id, App(app_id, slug, app_id + 1_000_000, bot))

    def now(self) -> str:
        """Now, as GitHub writes times."""
        return datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def repository(self, full_name: str) -> Repository:
        """A repository; 404 if there is none."""
        known = next((each for name, each in self.repositories.items() if name.lower() == full_name.lower()), None)
        if known is None or known.deleted:
            raise Answer(404, "Not Found")
        return known

    def made(self, full_name: str, files: Mapping[str, str | None], **fields: Any) -> Repository:
        """A new repository with one commit on main."""
        owner, name = full_name.split("/")
        git = BareGit(self.folder / owner / f"{name}.git")
        git.create()
        git.set_ref("refs/heads/main", git.written(files, "", "first"))
        repo = Repository(self, self.id(), owner, name, git, **fields)
        repo.seen = git.refs()
        self.repositories[full_name] = repo
        return repo

    def pulls_of(self, repo: Repository) -> Iterator[tuple[Repository, int, Json]]:
        """Every pull request that comes from a repository, with the one that it goes to."""
        for target in self.repositories.values():
            for number, kept in target.pulls.items():
                if kept["source"] == repo.full_name:
                    yield target, number, kept


def _node(kind: str, number: int) -> str:
    return f"{kind}_{base64.urlsafe_b64encode(str(number).encode()).decode().rstrip('=')}"
