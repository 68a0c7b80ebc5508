"""The columns in which tasks can be listed and ordered: the same in the dashboard and on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from onloop.attention.groups import age
from onloop.attention.responsibility import Ownership, ownership_of
from onloop.attention.viewer import NOBODY, Viewer
from onloop.machine.people import name_of
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.records import Record
from onloop.views.environment_words import works_in
from onloop.views.spending import cost_words, short_tokens
from onloop.workflow.hints import nearest, quoted

OTHER_WAY = "-"
"""Before a column's name: in the order that is the other way round."""


class ColumnRow(Record):
    """What the cells of a row are made of: a task as it stands at `now` (ms), and who looks.

    `progress_at` is when its holder moved last, 0 where nobody holds it or that is not known.
    """

    task: Task
    now: int
    reason: Reason | None = None
    parent: Task | None = None
    viewer: Viewer = NOBODY
    progress_at: int = 0

    @property
    def owns(self) -> Ownership:
        """What the task owns, and what it waits for."""
        return ownership_of(self.task, self.reason, self.now, self.parent)


def _by_words(_row: ColumnRow) -> None:
    """The size in a column whose words are compared."""


class TaskColumn(Record):
    """A column: its name, what it shows, how wide it is, the words in its cells, and how rows are ordered by it.

    `size` is what an order compares, smallest first, None where it is not known; without one the words are. `first`
    says which rows such an order begins with. `is_number` columns stand at their right edge, and `is_foreign` ones
    hold what others wrote.
    """

    name: str
    about: str
    width: int
    words: Callable[[ColumnRow], str]
    first: str = ""
    size: Callable[[ColumnRow], int | None] = _by_words
    is_number: bool = False
    is_foreign: bool = False
    is_shared: bool = False
    """Whether what all rows have in it is said once, above them."""

    def order_words(self, *, is_other_way: bool = False) -> str:
        """The order by this column, in words."""
        words = self.first or f"by {self.name}"
        return f"{words}, the other way round" if is_other_way else words


def _named(principal: str | None) -> str:
    return name_of(principal.removeprefix("agent:")) if principal else ""


def _used(row: ColumnRow) -> int | None:
    return _most_first(row.task.spending.whole.usage.tokens)


def _cost(row: ColumnRow) -> int | None:
    return _most_first(row.task.spending.whole.usage.micro_usd)


def _most_first(told: int | None) -> int | None:
    return None if told is None else -told


def _where(row: ColumnRow) -> str:
    made = works_in(row.task)
    return made.kind.value if made is not None else ""


def _progress(row: ColumnRow) -> str:
    return age(row.now - row.progress_at) if row.progress_at else ""


def _percent(row: ColumnRow) -> str:
    return "" if row.task.context is None else f"{row.task.context}%"


_COLUMNS = (
    TaskColumn("state", "where it stands", 15, lambda row: row.task.state.value),
    TaskColumn("reason", "why it is not moving", 18, lambda row: row.reason.value if row.reason else ""),
    TaskColumn("step", "its step", 20, lambda row: row.task.step or ""),
    TaskColumn("owner", "who it was given to", 12, lambda row: _named(row.task.owner)),
    TaskColumn("holder", "the agent or person who works on it", 14, lambda row: _named(row.task.holder)),
    TaskColumn("waits", "who may act, and what is waited for", 24, lambda row: row.owns.now(row.viewer)),
    TaskColumn("age", "how long it has stood there", 7, lambda row: age(row.now - row.task.since),
               "longest there first", lambda row: row.task.since, is_number=True),
    TaskColumn("begun", "how long ago it was begun", 7, lambda row: age(row.now - row.task.created_at),
               "oldest first", lambda row: row.task.created_at, is_number=True),
    TaskColumn("progress", "how long ago its agent moved", 9, _progress, "longest without progress first",
               lambda row: row.progress_at or None, is_number=True),
    TaskColumn("rounds", "how often its work was refused in this attempt", 7, lambda row: str(row.task.round),
               "most rounds first", lambda row: -row.task.round, is_number=True),
    TaskColumn("attempts", "how often it was begun anew", 9, lambda row: str(row.task.attempt), "most attempts first",
               lambda row: -row.task.attempt, is_number=True),
    TaskColumn("tokens", "tokens that its agents used, as they tell", 7,
               lambda row: short_tokens(row.task.spending.whole.usage.tokens), "most tokens first", _used,
               is_number=True),
    TaskColumn("cost", "what that cost, as they tell", 9, lambda row: cost_words(row.task.spending.whole),
               "dearest first", _cost, is_number=True),
    TaskColumn("context", "how full its agent's context is", 8, _percent, "fullest context first",
               lambda row: _most_first(row.task.context), is_number=True),
    TaskColumn("where", "in what its agent works", 12, _where),
    TaskColumn("priority", "which is claimed first", 9, lambda row: str(row.task.priority or ""), "most urgent first",
               lambda row: -row.task.priority, is_number=True),
    TaskColumn("wave", "its wave", 5, lambda row: str(row.task.wave or ""), "first wave first",
               lambda row: row.task.wave, is_number=True),
    TaskColumn("labels", "what workers choose by", 16, lambda row: ", ".join(row.task.labels), is_shared=True,
               is_foreign=True),
    TaskColumn("repo", "its repository", 16, lambda row: row.task.repo or "", is_shared=True, is_foreign=True),
    TaskColumn("run", "its run", 9, lambda row: row.task.run, is_shared=True),
    TaskColumn("workflow", "its workflow", 16, lambda row: row.task.workflow, is_shared=True),
    TaskColumn("title", "what must be done", 28, lambda row: row.task.title, is_foreign=True),
)  # fmt: skip

COLUMNS: Mapping[str, TaskColumn] = {column.name: column for column in _COLUMNS}
"""Every column by its name, in the order in which lists of them show them."""


class ColumnProblem(Record):
    """Why words name no columns, and what would work."""

    message: str
    hint: str

    @property
    def words(self) -> str:
        """Both, in one line."""
        return f"{self.message}; {self.hint}"


def columns_named(words: str) -> tuple[str, ...] | ColumnProblem:
    """The columns that are named, by commas or spaces between them, each once; or the first that is none."""
    found: dict[str, None] = {}
    for name in words.casefold().replace(",", " ").split():
        if name not in COLUMNS:
            return _unknown(name)
        found[name] = None
    return tuple(found) if found else ColumnProblem("no column is named", f"give some of {', '.join(COLUMNS)}")


def order_named(word: str) -> str | ColumnProblem:
    """The order that is named: a column, or one after `-`."""
    name = word.strip().casefold()
    return name if name.removeprefix(OTHER_WAY) in COLUMNS else _unknown(name.removeprefix(OTHER_WAY))


def _unknown(name: str) -> ColumnProblem:
    return ColumnProblem(
        f"there is no column {quoted(name)}", f"{nearest(name, COLUMNS)}give some of {', '.join(COLUMNS)}"
    )


def order_words(order: str) -> str:
    """An order in words."""
    return COLUMNS[order.removeprefix(OTHER_WAY)].order_words(is_other_way=order.startswith(OTHER_WAY))


def ordered_ids(rows: Iterable[ColumnRow], order: str) -> tuple[str, ...]:
    """The tasks of these rows in an order; those alike in it stay as they were, and what is not known is last."""
    column = COLUMNS[order.removeprefix(OTHER_WAY)]
    sized = column.size is not _by_words
    keyed = [(column.size(row) if sized else column.words(row).casefold(), row.task.id) for row in rows]
    full, empty = ([each for each in keyed if (each[0] in {None, ""}) is is_empty] for is_empty in (False, True))
    full.sort(key=lambda each: each[0], reverse=order.startswith(OTHER_WAY))  # type: ignore[arg-type, return-value]
    return tuple(task for _, task in (*full, *empty))


def shared_words(rows: Sequence[ColumnRow], names: Iterable[str]) -> Mapping[str, str]:
    """Of these columns, those in which all of several rows say the same, and what they say."""
    if len(rows) < 2:
        return {}
    first = {name: COLUMNS[name].words(rows[0]) for name in names if COLUMNS[name].is_shared}
    return {name: said for name, said in first.items() if all(COLUMNS[name].words(row) == said for row in rows)}


def left_out_words(count: int) -> str:
    """That so many columns have no room; empty for none."""
    return f"+{count} column{'s' if count != 1 else ''}" if count else ""
