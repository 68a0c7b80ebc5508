"""The verbs of work, feedback and tickets that come from elsewhere, as data."""

from __future__ import annotations

from onloop.cli.arguments import KeyArguments
from onloop.cli.verb import KEY, TASK, Reach, Verb, arg


class AdoptArguments(KeyArguments, frozen=True, kw_only=True):
    """Of adopt."""

    task: str
    branch: str | None
    pull_request: str | None
    wait: str


class TicketsArguments(KeyArguments, frozen=True, kw_only=True):
    """Of tickets."""

    what: str
    repo: str | None
    team: str | None
    label: tuple[str, ...] | None
    workflow: str | None
    branch: str | None
    limit: int


_WAIT = arg("--wait", help="how long to wait until it is fetched (0s: not at all)", default="30s")

FROM_ELSEWHERE = (
    arg("--from-branch", help="its work is what is pushed to this branch, whoever makes it", metavar="NAME"),
    arg("--from-pull-request", help="its work is this pull request, whoever makes it", metavar="URL|N"),
    arg("--ticket", help="begin with this issue: its title, its text as the brief", metavar="URL|N"),
)

ADOPT = Verb(
    "adopt",
    "work",
    "take what is pushed to a branch or a pull request elsewhere as a task's work",
    "beginning.adopt_verb:adopt",
    AdoptArguments,
    (
        TASK,
        arg("--branch", help="a branch of the task's repository", metavar="NAME"),
        arg("--pull-request", help="a pull request of the task's repository", metavar="URL|N"),
        _WAIT,
        KEY,
    ),
    prints=("work_models:TaskJson",),
    needs_git=True,
    reach=Reach.GATEWAY,
)

TICKETS = Verb(
    "tickets",
    "work",
    "open tickets that have a label: list them, or begin a task for each that has none",
    "beginning.ticket_verb:tickets",
    TicketsArguments,
    (
        arg("what", choices=("list", "take"), help="list them with the task of each, or begin those that have none"),
        arg("--repo", help="the repository that the work is done in, and whose issues are meant", metavar="REPO"),
        arg("--team", help="tickets of this team in Linear in the place of issues, such as ENG", metavar="KEY"),
        arg("--label", help="only those with this label; may be repeated", action="append", metavar="NAME"),
        arg("--workflow", help="a built-in, or a file committed there (default: the one in .onloop)"),
        arg("--branch", help="the branch that a merge moves (default: the one that HEAD of the repository names)"),
        arg("--limit", help="how many are begun at most", type=int, default=20, metavar="N"),
        KEY,
    ),
    prints=("ticket_models:TicketsJson",),
    needs_git=True,
    reach=Reach.FILE,
)
