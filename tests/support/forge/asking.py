"""Who asks the test forge, and what they may."""

from __future__ import annotations

from dataclasses import dataclass

from support.forge.forge_world import Answer, App, Repository, User


@dataclass
class Asker:
    """Who asks."""

    user: User
    app: App | None = None

    def check(self, repo: Repository, right: str, level: str) -> None:
        """404 or 403 where they may not."""
        if self.app is not None:
            has = self.app.rights.get(right, "")
            fits = has == "write" or (has == "read" and level == "read")
        else:
            permission = repo.permission(self.user)
            fits = permission in {"admin", "write"} or (permission == "read" and level in {"read", "say"})
            if right == "administration":
                fits = permission == "admin"
        if not fits:
            hidden = repo.private and self.app is None and repo.permission(self.user) == "none"
            raise Answer(404, "Not Found") if hidden else Answer(403, _no(self.app))


def _no(app: App | None) -> str:
    return "Resource not accessible by integration" if app else "Must have push access to the repository"
