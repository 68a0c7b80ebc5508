"""What happens in a day of a team, by a seed, and what must have come of it: plain, and without a line of the product.

A story is the life of one issue: what people do with it and when, and what agents do with each task that it begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
MIDNIGHT = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp()) * SECOND
OUTAGE_MS = 20 * MINUTE
SEEN_MS = 45 * MINUTE
"""How long a state must last to be seen for sure: an outage, the next try after it, and the slowest post."""
DONE_MS = 4 * HOUR
"""After so long a task that can be finished is, whatever an outage and the people's night do."""
LAST = 12 * HOUR
"""Until then stories begin."""

QUESTIONS = ("Which of the two databases?", "May the old API go?")
FAILURES = ("ImportError: no module named lost", "AssertionError: totals differ")
FAR = "acme/far"
"""How repositories are called of a forge that nobody can ask: what it tells is all that is known of it."""
CHANGES = ("the licence header", "the new linter")
UPDATES, TRIAGE = "updates", "triage"


@dataclass(frozen=True)
class TaskWay:
    """What becomes of a task: `way` is finish, wait, ask, fail, idle or slow; the same words are one cause."""

    way: str
    words: str = ""

    @property
    def end(self) -> str:
        """How the task stands at last, if nobody calls it off."""
        stands = {"finish": "completed", "ask": "question", "fail": "rounds_exhausted", "idle": "submitted"}
        return stands.get(self.way, "approval_required")


@dataclass(frozen=True, order=True)
class Happening:
    """Somebody does something with an issue, at so many ms of the day."""

    at: int
    what: str
    words: str = ""


@dataclass
class IssueStory:
    """One issue; its number follows from when it is opened. What is `restless` changes too fast for all to be seen."""

    repo: str
    happenings: list[Happening]
    conducts: tuple[TaskWay, ...] = ()
    number: int = 0
    is_restless: bool = False

    @property
    def subject(self) -> str:
        return f"{self.repo}#{self.number}"


@dataclass
class DayPlan:
    """A day: repositories by name, stories, and when the forge is away (ms of the day)."""

    seed: int
    repos: tuple[str, ...]
    outage: int
    storm: int
    stories: list[IssueStory] = field(default_factory=list)

    @property
    def events(self) -> int:
        return sum(len(story.happenings) for story in self.stories)

    def is_out(self, at: int) -> bool:
        return self.outage <= at < self.outage + OUTAGE_MS

    def is_unseen(self, story: IssueStory, at: int) -> bool:
        """Whether nobody can ask the forge then what has become of the issue."""
        return self.is_out(at) and not story.repo.startswith(FAR)

    def expected(self) -> dict[str, list[str]]:
        """How the tasks of each subject must stand at the end of the day, in the order in which they began."""
        return {story.subject: outcomes(story, self) for story in self.stories if not story.is_restless}

    def restless(self) -> dict[str, bool]:
        """The subjects of which only the end can be said: whether a task is live, and all before it are canceled."""
        return {each.subject: each.happenings[-1].what != "closed" for each in self.stories if each.is_restless}

    def causes(self) -> Counter[tuple[str, str]]:
        """What people are needed for at the end: why, and about what; with how many tasks of issues that is."""
        found = Counter[tuple[str, str]]()
        for story in (each for each in self.stories if not each.is_restless):
            for conduct, stands in zip(story.conducts, outcomes(story, self), strict=True):
                found[stands, conduct.words] += stands in {"question", "rounds_exhausted", "approval_required"}
        return +found


def outcomes(story: IssueStory, plan: DayPlan) -> list[str]:
    """What becomes of a story's tasks.

    There is one while the issue is open and labelled, another after it was reopened, or got another title when the
    last one was done. What begins and ends while the forge is away is seen by nobody.
    """
    found = list[str]()
    is_open, is_labelled, title, begun_for, begun_at, is_live = True, False, "", "", 0, False
    for number, each in enumerate(story.happenings):
        is_open = {"closed": False, "reopened": True}.get(each.what, is_open)
        is_labelled = {"labeled": True, "unlabeled": False}.get(each.what, is_labelled)
        title = each.words if each.what in {"opened", "edited"} else title
        later = story.happenings[number + 1 :]
        if later and plan.is_unseen(story, each.at) and plan.is_unseen(story, later[0].at):
            continue
        if is_live and found[-1] == "completed" and each.at - begun_at >= DONE_MS:
            is_live = False
        if is_live and not (is_open and is_labelled):
            found[-1], is_live = "canceled", False
        elif is_open and is_labelled and not is_live and (title != begun_for or each.what == "reopened"):
            found.append(story.conducts[len(found)].end)
            is_live, begun_at = True, each.at
        if is_live:
            begun_for = title
    return found


class _StoryTeller:
    """Makes stories up."""

    def __init__(self, plan: DayPlan, chance: Random) -> None:
        self.plan, self.chance, self.told = plan, chance, 0

    def conduct(self, *ways: str) -> TaskWay:
        """One of these ways, often for a cause that others share."""
        way = self.chance.choice(ways)
        known = {"ask": QUESTIONS, "fail": FAILURES}.get(way, CHANGES)
        own = way in {"finish", "wait"} and self.chance.random() < 0.3
        return TaskWay(way, f"change {self.told}" if own else self.chance.choice(known))

    def story(self, kind: str, begins: int | None = None) -> IssueStory:
        """A story of that kind that begins then, or at some time."""
        self.told += 1
        at = self.chance.randrange(5 * HOUR, LAST) if begins is None else begins
        steps, conducts = getattr(self, f"_{kind}")()
        told = [Happening(at, "opened", f"issue {self.told}")]
        for what, after in steps:
            at += after + self.chance.randrange(MINUTE)
            told.append(Happening(at, what, f"issue {self.told} as of {at}" if what == "edited" else ""))
        repos = [each for each in self.plan.repos if begins is None or not each.startswith(FAR)]
        return IssueStory(self.chance.choice(repos), told, conducts, is_restless=kind == "restless")

    def _finished(self) -> tuple[list[tuple[str, int]], tuple[TaskWay, ...]]:
        return [("labeled", MINUTE), ("tagged", DONE_MS + SEEN_MS)], (self.conduct("finish"),)

    def _again(self) -> tuple[list[tuple[str, int]], tuple[TaskWay, ...]]:
        return [("labeled", MINUTE), ("edited", DONE_MS + SEEN_MS)], (self.conduct("finish"), self.conduct("wait"))

    def _stuck(self) -> tuple[list[tuple[str, int]], tuple[TaskWay, ...]]:
        return [("labeled", MINUTE), ("assigned", MINUTE)], (self.conduct("wait", "ask", "fail", "idle"),)

    def _closed(self) -> tuple[list[tuple[str, int]], tuple[TaskWay, ...]]:
        return [("labeled", MINUTE), ("closed", SEEN_MS)], (self.conduct("wait", "ask", "fail", "idle", "slow"),)

    def _unlabelled(self) -> tuple[list[tuple[str, int]], tuple[TaskWay, ...]]:
        return [("labeled", MINUTE), ("unlabeled", SEEN_MS)], (self.conduct("ask", "slow"),)

    def _reopened(self) -> tuple[list[tuple[str, int]], tuple[TaskWay, ...]]:
        steps = [("labeled", MINUTE), ("closed", SEEN_MS), ("reopened", SEEN_MS)]
        return steps, (self.conduct("ask", "fail", "idle"), self.conduct("wait", "finish"))

    def _never(self) -> tuple[list[tuple[str, int]], tuple[TaskWay, ...]]:
        return [("assigned", MINUTE), ("edited", HOUR), ("closed", HOUR)], ()

    def _fleeting(self) -> tuple[list[tuple[str, int]], tuple[TaskWay, ...]]:
        return [("labeled", MINUTE), ("closed", 2 * MINUTE)], ()

    def _restless(self) -> tuple[list[tuple[str, int]], tuple[TaskWay, ...]]:
        turns = self.chance.randrange(1, 5)
        steps = [(what, self.chance.randrange(2 * SECOND, 4 * MINUTE)) for what in ("closed", "reopened") * 2][:turns]
        return [("labeled", MINUTE), *steps], (TaskWay("idle"),) * 5


KINDS = ("finished", "stuck", "closed", "again", "restless", "reopened", "never", "unlabelled")


def day_plan(seed: int, repositories: int, events: int) -> DayPlan:
    """A day with so many events: a fifth of them a storm, some while the forge is away, the others over the day."""
    chance = Random(seed)  # noqa: S311 - chance is what is wanted
    outage = chance.randrange(9, 11) * HOUR + chance.randrange(2 * MINUTE, 18 * MINUTE)
    repos = tuple(f"{'acme/shop' if number % 4 else FAR}-{number}" for number in range(1, repositories + 1))
    plan = DayPlan(seed, repos, outage, outage + chance.choice((-2, 2)) * HOUR)
    teller = _StoryTeller(plan, chance)
    for kind in ("finished", "stuck", "closed", "fleeting", "restless"):
        for _ in range(1 + repositories // 10):
            begins = outage + chance.randrange(MINUTE, OUTAGE_MS - 6 * MINUTE)
            plan.stories.append(teller.story(kind, begins))
    while plan.events < events * 4 // 5 - 3:
        plan.stories.append(teller.story(KINDS[len(plan.stories) % len(KINDS)]))
    _storm(plan, teller, events - plan.events)
    _numbered(plan)
    return plan


def _storm(plan: DayPlan, teller: _StoryTeller, events: int) -> None:
    """Two minutes in which a few issues that agents are stuck with are edited over and over."""
    few = [teller.story("stuck", plan.storm - 3 * HOUR + number * MINUTE) for number in range(3)]
    plan.stories += few
    for number in range(max(0, events - sum(len(story.happenings) for story in few))):
        at = plan.storm + teller.chance.randrange(2 * MINUTE)
        few[number % len(few)].happenings.append(Happening(at, "edited", f"storm {number}"))
    for story in few:
        story.happenings.sort(key=lambda each: each.at)


def _numbered(plan: DayPlan) -> None:
    for _, together in _by_repo(plan.stories):
        for number, story in enumerate(sorted(together, key=lambda each: each.happenings[0]), 1):
            story.number = number


def _by_repo(stories: Sequence[IssueStory]) -> Iterator[tuple[str, list[IssueStory]]]:
    for repo in sorted({story.repo for story in stories}):
        yield repo, [story for story in stories if story.repo == repo]
