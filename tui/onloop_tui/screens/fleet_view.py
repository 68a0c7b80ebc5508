"""Fleet: one run as causes × steps or repositories × steps, its progress, and one decision for all of a cause."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from onloop.gateway.bulk import BulkOutcome
from onloop.machine.rules.looking_first import is_held_by_base
from onloop.machine.state import Reason
from onloop_tui.background import in_background
from onloop_tui.bindings import Where, bindings_of, keys_of
from onloop_tui.dialogs.bulk_dialog import BulkDialog, BulkPlan
from onloop_tui.dialogs.cause_plans import exclude_plan, no_worse_plan, retry_plan
from onloop_tui.model.columns.arrangement import RowArrangement
from onloop_tui.model.columns.column_cells import title_lines
from onloop_tui.model.decide.bulk_lines import tally_words
from onloop_tui.model.decide.cli_equivalents import cli_equivalent, natural
from onloop_tui.model.decide.retry_rest import remedy_of
from onloop_tui.model.detail.row_detail import RowDetail, task_detail
from onloop_tui.model.drawing.low_terminal import is_low
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, hanging, line
from onloop_tui.model.filter.filters import Filter, parse
from onloop_tui.model.fleet.burndown import burndown_lines, pace_lines, title_line, wave_strip
from onloop_tui.model.fleet.cause_detail import cause_detail
from onloop_tui.model.fleet.matrix_rows import drilled_line, row_name
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.model.sheet.task_explanation import task_explanation
from onloop_tui.screens.followed_history import FollowedHistory
from onloop_tui.screens.view import Opening, View
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.fleet_rows import FleetRows
from onloop_tui.widgets.row_view import GUTTER_WIDTH


def _no_further(ended: int) -> str:
    return f"there is no further live run; O lists {ended} that ended" if ended else "there is no further run"


class FleetView(View):
    """Shows one run and its progress; Enter drills into a row, or opens the sheet of a repository."""

    where = Where.FLEET
    has_detail = True
    nothing = "nobody in this row waits for a person; Enter lists them"
    usual_columns = ("state", "waits", "age")
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(keys_of(Where.FLEET))

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._followed = FollowedHistory(session)

    def compose(self) -> ComposeResult:
        """The run, the column headings and the rows."""
        yield Bar(self._top, id="fleet-top")
        yield Bar(self._heading, id="fleet-heading")
        yield FleetRows(lambda: self.session.clock(), id="fleet-rows")

    @property
    def rows(self) -> FleetRows:
        """The causes, or the repositories."""
        return self.query_one(FleetRows)

    @property
    def focus_target(self) -> FleetRows:
        """The rows."""
        return self.rows

    def take(self, snapshot: Snapshot, *, anew: bool = False) -> None:
        """Show the run in this snapshot; `anew` applies the order that was asked for last."""
        self.rows.take(snapshot)
        if anew and self.arrangement.order:
            self.rows.order_anew()
        self._renew()

    def why_not_arranged(self) -> str:
        """Causes stand as the Inbox has them; their repositories are a person's to arrange."""
        return (
            "causes stand in the order of the Inbox; m lists repositories, which you arrange" * self.rows.shows_causes
        )

    def show_arranged(self, wanted: RowArrangement) -> None:
        """Show the repositories in these columns and this order."""
        self.arrangement = wanted
        self.rows.show_arranged(wanted)
        self._renew()

    def tick(self, snapshot: Snapshot) -> None:  # noqa: ARG002 - only time has passed
        """Update ages."""
        self.rows.tick()
        self._renew()

    def _renew(self) -> None:
        run, seq = self.rows.run_id, self.rows.snapshot.seq
        if self._followed.is_due(run, seq):
            in_background(self, partial(self._follow, run, seq), group="history")
        for bar in self.query(Bar):
            bar.renew()
        self.post_message(self.Moved())

    async def _follow(self, run: str, seq: int) -> None:
        """Read how the run went, and show it."""
        await self._followed.read(run, seq, self.rows.waves_left)
        for bar in self.query(Bar):
            bar.renew()

    def on_row_view_moved(self) -> None:
        """Tell the main screen that the cursor moved."""
        self.post_message(self.Moved())

    # -- the cursor

    def subject(self) -> Subject | None:
        """The cause under the cursor with its repositories, or a repository followed by the others with its cause."""
        rows = self.rows
        if rows.cursor is None:
            return None
        row = rows.row_here
        if not rows.shows_causes:
            alike = self._alike(rows.cursor)
            here = alike.index(rows.cursor)
            return Subject(SubjectKind.TASK, rows.cursor, alike[here:] + alike[:here])
        if row is None or not row.is_open:
            return Subject(SubjectKind.RUN, rows.run_id)
        return Subject(SubjectKind.CAUSE, row.key, rows.matrix.members(row.key))

    def _alike(self, task: str) -> tuple[str, ...]:
        """The repositories that need a person for the same cause as `task`; only `task` if it needs none."""
        row = self.rows.row_here
        return self.rows.matrix.members(row.key) if row is not None and row.is_open else (task,)

    def detail(self) -> RowDetail | None:
        """The repositories of the row under the cursor, or one of them."""
        rows, row, now = self.rows, self.rows.row_here, self.session.clock()
        if rows.cursor is None or row is None:
            return None
        if not rows.shows_causes:
            return task_detail(rows.matrix.task(rows.cursor), rows.snapshot, now)
        return cause_detail(row, rows.matrix, rows.snapshot, now)

    def go_to(self, subject: Subject) -> None:
        """Show the run of a subject, and put the cursor on it or on the row that counts it."""
        tasks = self.rows.snapshot.tasks
        wanted = next((tasks[each] for each in subject.tasks if each in tasks), tasks.get(subject.id))
        if wanted is None:
            return
        if wanted.run != self.rows.run_id:
            self.rows.look_at(wanted.run)
        self.rows.stand_on(wanted.id)
        self._renew()

    def next_needing(self, step: int) -> None:
        """Go to the next row that needs a person, from the start again after the end."""
        if not self.rows.next_needing(step):
            self.post_message(self.Said("nothing here needs you"))

    def cli_equivalent(self) -> str:
        """The command that retries all of a cause, or that acts on its first member if it cannot be retried."""
        row = self.rows.row_here if self.rows.shows_causes else None
        if row is None or row.group is None or not row.is_open:
            return ""
        if row.group.on_base:
            return f"onloop retry --cause {row.key} --no-worse-than-base --first {len(row.members)}"
        if natural(row.group.reason) is Act.RETRY and len(row.members) == len(row.group.members):
            return f"onloop retry --cause {row.key} --first {len(row.members)}"
        return cli_equivalent(natural(row.group.reason), self.rows.matrix.members(row.key)[0])

    # -- keys

    def go(self) -> Opening | None:
        """Enter: show the repositories of a row, or open the sheet of a repository."""
        cursor = self.rows.cursor
        if cursor is None:
            self.post_message(self.Said("there is nothing to open here"))
            return None
        if not self.rows.shows_causes:
            return Opening(cursor, self._alike(cursor))
        if (row := self.rows.row_here) is not None and row.is_of_fleet:
            return Opening(self.rows.run_id, (self.rows.run_id,))
        self.rows.drill()
        self._renew()
        return None

    def back(self) -> bool:
        """Esc: leave the row that was drilled into."""
        if self.rows.drilled is None:
            return False
        self.rows.undrill()
        self._renew()
        return True

    def action_turn(self) -> None:
        """`m`: switch between causes and repositories."""
        self.rows.turn()
        self._renew()

    def action_run(self, step: int) -> None:
        """`<` and `>`: show the previous or the next run of the list."""
        runs = self.rows.turns
        place = runs.index(self.rows.run_id) + step if self.rows.run_id in runs else -1
        if 0 <= place < len(runs):
            self.rows.look_at(runs[place])
            self._renew()
        else:
            self.post_message(
                self.Said("this is the first run" if step < 0 else _no_further(len(self.rows.runs) - len(runs)))
            )

    def filter(self, query: str) -> str:
        """Count only repositories that match."""
        parsed = parse(query)
        if not isinstance(parsed, Filter):
            return parsed.words
        self.rows.show_only(parsed)
        self._renew()
        return ""

    # -- one answer for all of a cause

    def action_retry_rest(self) -> None:
        """`T`: offer to retry every repository with this cause, with the outcome of earlier retries."""
        rows, row = self.rows, self.rows.row_here
        if row is None or row.group is None or row.is_of_fleet:
            self.post_message(self.Said("T is for a cause, or a repository that has one"))
            return
        members = [rows.matrix.task(task) for task in rows.matrix.members(row.key)]
        run = (task for task in rows.snapshot.tasks.values() if task.run == rows.run_id)
        remedy = remedy_of(row.group, members, run, rows.steps)
        if remedy.rest:
            self._offer(retry_plan(row.key, row_name(row)[1], remedy, self.session.clock()))
        else:
            self.post_message(self.Said(f"there is nothing to retry: {row.group.headline}; Enter shows who waits"))

    def decide_marked(self, act: Act) -> bool:
        """Handle `x` and `b`, which are for all repositories with the cause; the other keys open the sheet."""
        if act is Act.EXCLUDE:
            self._exclude()
        elif act is Act.NO_WORSE:
            return self._go_on()
        return act is Act.EXCLUDE

    def _go_on(self) -> bool:
        """Offer to go on with all that have the cause under the cursor and a red base; whether there are any."""
        rows, row = self.rows, self.rows.row_here
        members = rows.matrix.members(row.key) if rows.shows_causes and row is not None else ()
        held = [task for task in map(rows.matrix.task, members) if is_held_by_base(task)]
        if row is None or not held:
            return False
        self._offer(no_worse_plan(held, row_name(row)[1], self.session.clock()))
        return True

    def _exclude(self) -> None:
        """Offer to exclude a repository, or all repositories with the cause under the cursor."""
        rows, row = self.rows, self.rows.row_here
        if row is not None and row.is_of_fleet:
            self.post_message(self.Said("this is about the fleet itself; Enter opens what is asked"))
            return
        ids = rows.matrix.members(row.key) if rows.shows_causes and row is not None else (rows.cursor or "",)
        tasks = [rows.matrix.task(task) for task in ids if row is not None]
        live = [task for task in tasks if not task.ended and task.reason is not Reason.EXCLUDED]
        if row is None or not live:
            self.post_message(self.Said("there is nothing to exclude here"))
        else:
            words = row_name(row)[1] if rows.shows_causes else rows.matrix.name(live[0].id)
            self._offer(exclude_plan(live, words, self.session.clock()))

    def _offer(self, plan: BulkPlan) -> None:
        if self.session.read_only:
            self.post_message(self.Said(f"{self.session.why_read_only}: nothing can be decided here"))
        else:
            self.app.push_screen(
                BulkDialog(self.session, plan, sorted(self.rows.snapshot.house.people)), self._answered
            )

    def _answered(self, outcomes: tuple[BulkOutcome, ...] | None) -> None:
        if outcomes:
            self.post_message(self.Said(tally_words(len(outcomes), outcomes)))

    # -- lines

    def chip(self, width: int) -> tuple[Line, ...]:
        """The filter in force."""
        wanted = self.rows.filter
        shown = (Span(" filter ", Tone.ACCENT), Span(wanted.describe()), Span("  Esc clears it", Tone.DIM))
        return (fitted(shown, width),) if wanted else ()

    def why(self, width: int) -> tuple[Line, ...]:
        """One line about the row under the cursor."""
        rows, row = self.rows, self.rows.row_here
        if row is None:
            return ()
        if rows.shows_causes:
            told = row.group.headline if row.group is not None else row_name(row)[1]
            words = f"{told} · {', '.join(rows.matrix.name(task) for task in rows.matrix.members(row.key)[:20])}"
        else:
            task = rows.matrix.task(rows.cursor or "")
            words = f"{task.step or 'before the first step'} · {task.detail or row_name(row)[1]}"
        return (fitted((Span("here  ", Tone.DIM), Span(words[:1_000])), width),)

    def explanation(self, width: int) -> tuple[Line, ...]:
        """`w`: the whole cause, and for a repository what would move it and who can do that."""
        rows, row = self.rows, self.rows.row_here
        if row is None:
            return (line("there is nothing to explain here", Tone.DIM),)
        sign, words = row_name(row)
        named = f"{row.key}: {row.group.headline}; {words}" if row.group is not None else f"{sign.word}: {words}"
        label = (Span("cause" if row.group is not None else "counted as", Tone.DIM), Span("  "))
        wanted = next(iter(row.members)) if rows.shows_causes else rows.cursor or ""
        told = task_explanation(rows.matrix.task(wanted), rows.snapshot, self.session.clock(), width)
        return (*hanging(label, named[:1_000], width), *told)

    def _top(self, width: int) -> tuple[Line, ...]:
        rows = self.rows
        run = rows.snapshot.tasks.get(rows.run_id)
        if run is None:
            return (line("no runs yet: onloop start and onloop fleet begin one", Tone.DIM),)
        turns, counts = rows.turns, rows.matrix.counts
        place = f"run {turns.index(run.id) + 1} of {len(turns)}  < >" if len(turns) > 1 else ""
        row = rows.matrix.row(rows.drilled) if rows.drilled is not None else None
        low = is_low(self.app.size.height)
        return (
            title_line(run.id, run.title, run.workflow, place, width),
            *burndown_lines(counts, width, 2 if low else 3),
            *wave_strip(rows.matrix.waves, width),
            *(() if low else self._paced(run.id, counts.stuck, width)),
            *((drilled_line(row, width),) if row is not None else ()),
        )

    def _paced(self, run: str, stuck: int, width: int) -> tuple[Line, ...]:
        history = self._followed.history
        is_shown = history is not None and history.run == run
        return pace_lines(history if is_shown else None, self._followed.told, stuck, width)

    def _heading(self, width: int) -> tuple[Line, ...]:
        rows = self.rows
        if rows.ids:
            names = rows.heading(width - GUTTER_WIDTH)
            titles = () if rows.shows_causes else title_lines(self.arrangement, rows.plan, width)
            return titles + tuple(fitted((Span(" " * GUTTER_WIDTH), *shown), width) for shown in names)
        if rows.drilled is not None:
            return (line("this row is empty now; Esc goes back", Tone.DIM),)
        return (line("nothing fits the filter; Esc clears it", Tone.DIM),) if rows.filter else ()
