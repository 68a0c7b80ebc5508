"""The test forge itself: its HTTP server, what a test sets up, and what people and other apps do in it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.forge import deeds, demands
from support.forge.answering import ForgeHandler
from support.forge.fault import Fault, FaultKind
from support.forge.forge_world import App, Json, Repository, User, World, app_key
from support.forge.hooks import Hook, Hooks
from support.forge.observing import observe

APP = "acme/app"
"""The repository of the fixture `forge`."""
APP_ID = 424_242
"""The id of onloop's own App in the test forge."""


class TestForge:
    """See `support.forge`. `bot` is the account whose token `settings()` names; `app` is onloop's own App."""

    __test__ = False

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self.world = World(folder, clock)
        self.world.tell = self._tell
        self.hooks = Hooks()
        self.faults: list[Fault] = []
        self.calls: list[tuple[str, str, int]] = []
        """Every request that was answered: method, path, status."""
        self.left: dict[str, int] = {}
        """How much of its limit each token has left."""
        self.skew_s = 0.0
        """How far the forge's clock is ahead."""
        self.bot = self.world.account("onloop-bot")
        self.app = self.world.app(APP_ID, "onloop")
        handler = type("Handler", (ForgeHandler,), {"forge": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = self.world.web = f"http://{self.host}"
        self.world.url = f"{self.url}/api/v3"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Answer nobody any more."""
        self.hooks.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # What a test sets up

    def repository(self, full_name: str, files: Mapping[str, str | None] | None = None, **fields: Any) -> Repository:
        """A new repository, in which the bot may write; `private`, `topics`, `archived` as they are given."""
        with self.world.turn:
            made = self.world.made(full_name, files or {"README.md": "hello\n"}, **fields)
            made.rights.setdefault("onloop-bot", "write")
            return made

    def origin(self, full_name: str) -> str:
        """Where git finds a repository: its path, which `settings()` declares."""
        return str(self.folder / f"{full_name}.git")

    def settings(self, *, app: bool = False) -> str:
        """What `forges.toml` must say, with the bot's token or onloop's App; files lie beside the repositories."""
        lines = [f'[forge."{self.host}"]', 'kind = "github"', f'api = "{self.world.url}"']
        lines.append(f'origins = ["{self.folder}/"]')
        if app:
            file = _private(self.folder / "app.pem", app_key()[0])
            lines.append(f'app = {{ id = {self.app.id}, installation = {self.app.installation}, key_file = "{file}" }}')
        else:
            lines.append(f'token = {{ file = "{_private(self.folder / "token", self.bot.token)}" }}')
        return "\n".join(lines) + "\n"

    def declare(self, store: Path, *, app: bool = False) -> None:
        """Write `forges.toml` into a store's folder."""
        _private(store / "forges.toml", self.settings(app=app))

    def hook(self, url: str, secret: str, events: Sequence[str] = ()) -> None:
        """Tell what happens to a URL."""
        self.hooks.hooks.append(Hook(url, secret, tuple(events)))

    def settle(self) -> None:
        """Notice what was pushed, and wait until all of it was told."""
        with self.world.turn:
            observe(self.world)
        self.hooks.settle()

    def fail(self, kind: FaultKind, match: str = "", times: int = 1, *, seconds: float = 60.0, to: str = "") -> Fault:
        """Have trouble with requests whose `METHOD /path` matches (the path is without `/api/v3`)."""
        fault = Fault(kind, match, times, seconds, to)
        self.faults.append(fault)
        return fault

    def protect(
        self,
        full_name: str,
        branch: str = "main",
        *,
        checks: demands.Required = (),
        approvals: int = 0,
        strict: bool = False,
        admins: bool = True,
        queue: bool = False,
        ruleset: bool = False,
    ) -> None:
        """Set the rules of a branch; checks are (name, app id or None)."""
        rules = {"strict": strict, "admins": admins, "queue": queue, "ruleset": ruleset}
        demands.protect(self.world.repository(full_name), branch, checks, approvals, **rules)

    # What people and other apps do

    def push(
        self, full_name: str, branch: str, files: Mapping[str, str | None], message: str = "work", onto: str = ""
    ) -> str:
        """A new commit on a branch, which is made from main (or `onto`) where there is none; its id."""
        with self.world.turn:
            git = self.world.repository(full_name).git
            parent = git.commit(onto) if onto else git.commit(f"refs/heads/{branch}") or git.commit("refs/heads/main")
            sha = git.written(files, parent, message)
            git.set_ref(f"refs/heads/{branch}", sha)
            observe(self.world)
            return sha

    def do(self, deed: Callable[..., Json], full_name: str, by: str | App, *words: Any, **more: Any) -> Json:
        """Something of `deeds`, done by a person (who may write there) or an app."""
        with self.world.turn:
            repo = self.world.repository(full_name)
            if isinstance(by, str):
                repo.rights.setdefault(by, "write")
            done = deed(repo, self.world.account(by) if isinstance(by, str) else by, *words, **more)
            observe(self.world)
            return done

    def pull(self, full_name: str, by: str, head: str, title: str = "A change", body: str = "") -> int:
        """Somebody opens a pull request to main; its number."""
        return int(self.do(deeds.open_pull, full_name, by, head, "main", title, body)["number"])

    def review(self, full_name: str, by: str, number: int, state: str, body: str = "", commit: str = "") -> Json:
        """Somebody reviews: APPROVED, CHANGES_REQUESTED or COMMENTED."""
        return self.do(deeds.review, full_name, by, number, state, body, commit)

    def comment(self, full_name: str, by: str, number: int, body: str) -> Json:
        """Somebody comments."""
        return self.do(deeds.comment, full_name, by, number, body)

    def line_comment(self, full_name: str, by: str, number: int, body: str, path: str, line: int = 1) -> Json:
        """Somebody comments on a line."""
        return self.do(deeds.line_comment, full_name, by, number, body, path, line)

    def issue(self, full_name: str, by: str, title: str, body: str = "", labels: tuple[str, ...] = ()) -> int:
        """Somebody opens an issue; its number."""
        return int(self.do(deeds.open_issue, full_name, by, title, body, labels)["number"])

    def change(self, full_name: str, by: str, number: int, **given: Any) -> Json:
        """Somebody sets title, body, state, labels or assignees of an issue or pull request."""
        return self.do(deeds.change_issue, full_name, by, number, given)

    def merge(self, full_name: str, by: str, number: int, method: str = "merge") -> Json:
        """Somebody merges, past all rules."""
        return self.do(deeds.merge, full_name, by, number, {"merge_method": method}, passes_rules=True)

    def ci(self, full_name: str, sha: str, name: str, conclusion: str = "", app: str = "github-actions") -> Json:
        """A check run of another app; with no conclusion it is in progress."""
        given = {"name": name, "head_sha": sha, "conclusion": conclusion, "status": "in_progress"}
        known = {"github-actions": 15_368}
        with self.world.turn:
            other = self.world.app(known.get(app, 70_000 + sum(app.encode())), app)
        return self.do(deeds.check, full_name, other, given)

    def status(self, full_name: str, by: str, sha: str, context: str, state: str) -> Json:
        """Somebody sets a status."""
        return self.do(deeds.status, full_name, by, sha, {"context": context, "state": state})

    def rename(self, login: str, to: str) -> None:
        """An account gets another name, and keeps its number."""
        with self.world.turn:
            person = self.world.users.pop(login.lower())
            person.login = to
            self.world.users[to.lower()] = person
            for repo in self.world.repositories.values():
                if login in repo.rights:
                    repo.rights[to] = repo.rights.pop(login)

    def delete(self, full_name: str) -> None:
        """A repository is gone."""
        self.world.repository(full_name).deleted = True

    def asked(self, match: str) -> int:
        """How many requests were answered whose `METHOD /path` matches."""
        return sum(re.search(match, f"{method} {path}") is not None for method, path, _ in self.calls)

    def _tell(self, repo: Repository, event: str, payload: Json, by: User) -> None:
        more: Json = {"repository": repo.json(), "sender": by.json(), "installation": {"id": self.app.installation}}
        if event.startswith("pull_request"):
            more["pull_request"] = repo.pull_json(payload["number"])
        self.hooks.tell(event, {**payload, **more})


def _private(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(0o600)
    file.chmod(0o600)
    file.write_text(text)
    return file
