"""The forge of a simulated day: the test forge without git, which keeps what it tells until somebody posts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from simulation.day_plan import FAR, Happening, IssueStory
from support.forge import Repository, TestForge, deeds
from support.forge.bare_git import BareGit
from support.forge.hooks import Delivery, Hooks
from support.hooked import SECRET

LABEL, PERSON = "agent", "zoe"


class StillGit(BareGit):
    """A repository to which nobody pushes."""

    def refs(self) -> dict[str, str]:
        """See BareGit."""
        return {}


class KeptHooks(Hooks):
    """What is told is kept: the day says when it arrives."""

    def send(self, delivery: Delivery) -> None:
        """See Hooks."""
        self.deliveries.append(delivery)


class DayForge(TestForge):
    """A forge with these repositories, and issues to which stories happen."""

    __test__ = False

    def __init__(self, folder: Path, clock: Callable[[], int], repos: tuple[str, ...]) -> None:
        super().__init__(folder, lambda: clock() / 1000)
        self.hooks = KeptHooks()
        self.hook("http://nowhere.invalid/", SECRET)
        for full in repos:
            owner, name = full.split("/")
            made = Repository(self.world, self.world.id(), owner, name, StillGit(folder / f"{full}.git"))
            self.world.repositories[full] = made

    def happens(self, story: IssueStory, what: Happening) -> list[Delivery]:
        """Somebody does it; the answer is what is told of it."""
        known = len(self.hooks.deliveries)
        if what.what == "opened":
            assert self.issue(story.repo, PERSON, what.words) == story.number
        else:
            given: dict[str, object] = {
                "labeled": {"labels": [LABEL]},
                "tagged": {"labels": [LABEL, "docs"]},
                "unlabeled": {"labels": []},
                "closed": {"state": "closed"},
                "reopened": {"state": "open"},
                "edited": {"title": what.words},
                "assigned": {"assignees": [PERSON]},
            }
            self.do(deeds.change_issue, story.repo, PERSON, story.number, given[what.what])
        told = self.hooks.deliveries[known:]
        if story.repo.startswith(FAR):
            for each in told:
                each.body = each.body.replace(self.url.encode(), b"https://far.example")
        return told
