"""The registry of keys. Footer, help, palette, the `:` line and Textual's bindings are generated from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from textual.binding import Binding, BindingType

from onloop_tui.model.drawing.text_line import Line, Span, Tone
from onloop_tui.model.ground.acts import Act


class Where(StrEnum):
    """Where a key applies."""

    EVERYWHERE = "everywhere"
    ROW = "on a row and in the sheet"
    LIST = "in every list"
    INBOX = "in the Inbox"
    TREE = "in the Tree"
    FLEET = "in the Fleet"
    AGENTS = "in Agents"
    LOG = "in the Log"
    LOOP = "in the Loop"
    SHEET = "in the sheet"
    BULK = "in a list of decisions"
    FILES = "on what a commit changes"
    LEAVING = "when leaving"
    OUTPUT = "in what is written"
    FORM = "in a form"
    PROMPT = "after : and /"
    TYPED = "in a list that is typed into"
    COLUMNS = "in the list of columns"


@dataclass(frozen=True, slots=True)
class Key:
    """A key, or several keys with one meaning: Textual's names, how it is shown, its action, and its CLI equivalent.

    `word` is its name in the footer, the palette and after `:`; `footer` says where the footer shows it. The CLI
    equivalent may contain `{task}`, `{cause}` and `{run}`.
    """

    names: tuple[str, ...]
    shown: str
    action: str
    word: str
    help: str
    where: Where
    cli_equivalent: str = ""
    footer: frozenset[Where] = frozenset()


def _in(*places: Where) -> frozenset[Where]:
    return frozenset(places)


VIEWS = (Where.INBOX, Where.TREE, Where.FLEET, Where.AGENTS, Where.LOG, Where.LOOP)
"""The views in the order of their number keys."""

_LISTS, _SHEET, _ALL = _in(*VIEWS), _in(Where.SHEET), _in(*VIEWS, Where.SHEET)
_ROW, _LIST, _EVERY = Where.ROW, Where.LIST, Where.EVERYWHERE


def _view(number: int, where: Where, about: str, cli_equivalent: str) -> Key:
    word = where.name.lower()
    return Key((str(number),), str(number), f"view('{word}')", word, about, _EVERY, cli_equivalent)


KEYS: tuple[Key, ...] = (
    _view(1, Where.INBOX, "what needs a person, one row per cause", "onloop attention"),
    _view(2, Where.TREE, "runs, their tasks and sub-agents, live", "onloop tree"),
    _view(3, Where.FLEET, "repositories and causes by step", "onloop list"),
    _view(4, Where.AGENTS, "who holds what, where, since when", "onloop list --state working"),
    _view(5, Where.LOG, "what happened, and who caused it", "onloop log"),
    _view(6, Where.LOOP, "what people and gates cost and catch", "onloop loop"),
    *(
        Key((key,), key, f"saved({number})", f"{word} saved", f"your {word} saved view; :save NAME saves one", _EVERY)
        for number, (key, word) in enumerate((("7", "first"), ("8", "second"), ("9", "third")))
    ),
    Key(("enter",), "Enter", "go", "open", "drill in, or open the sheet; in the sheet, confirm", _ROW,
        "onloop show {task}", _LISTS),
    Key(("a",), "a", "decide('approve')", "approve", "open the sheet; in it, approve what is shown (Enter confirms)",
        _ROW, "onloop approve {task}", _in(Where.INBOX)),
    Key(("r",), "r", "decide('reject')", "reject", "reject with a reason, which reaches the agent", _ROW,
        'onloop reject {task} --reason "…"', _in(Where.INBOX)),
    Key(("t",), "t", "decide('retry')", "retry", "try again, with a note in the agent's brief", _ROW,
        'onloop retry {task} --note "…"'),
    Key(("b",), "b", "decide('no_worse')", "no-worse", "where the base is red: go on, and allow what fails there and "
        "nothing more; in the Inbox and the Fleet, for all that have the cause", _ROW,
        "onloop retry {task} --no-worse-than-base"),
    Key(("at",), "@", "decide('reassign')", "reassign", "give it to a role, an agent, a person or me; "
        "hand on what is asked", _ROW,
        'onloop reassign {task} --to WHO --reason "…"'),
    Key(("e",), "e", "decide('answer')", "answer", "answer an agent's question", _ROW, 'onloop answer {task} "…"'),
    Key(("c",), "c", "decide('cancel')", "cancel", "end the task; nothing is merged", _ROW,
        'onloop cancel {task} --reason "…"'),
    Key(("x",), "x", "decide('exclude')", "exclude", "let the run end without it; in the Fleet, without all that have "
        "the cause", _ROW, 'onloop exclude {task} --reason "…"'),
    Key(("P",), "P", "decide('pause')", "pause", "stop it where it is; resume what is paused or excluded", _ROW,
        'onloop pause {task} --reason "…"'),
    Key(("i",), "i", "decide('note')", "note", "tell its agent something while it works; it approves nothing", _ROW,
        'onloop note {task} "…"'),
    Key(("U",), "U", "decide('take_back')", "take back", "take back what was decided last, while nothing has begun "
        "because of it: here, or what you decided last", _ROW, "onloop undo {task}"),
    Key(("o", "L"), "o L", "app.task_log", "output", "what its agents, gates and effects write, live", _ROW,
        "onloop logs {task} -f"),
    Key(("v",), "v", "app.picture", "picture", "what its time went to, and its workflow with its way lit", _ROW,
        "onloop graph --task {task} --text"),
    Key(("n",), "n", "next(1)", "next", "the next that needs you; in the sheet, the next with the same cause", _ROW,
        footer=_ALL - {Where.INBOX}),
    Key(("N",), "N", "next(-1)", "previous", "the one before", _ROW),
    Key(("w",), "w", "explain", "why", "why it is here, what clears it, who can act", _ROW, "onloop why {task}",
        _ALL - {Where.INBOX}),
    Key(("y",), "y", "copy_id", "copy id", "copy the id", _ROW),
    Key(("Y",), "Y", "copy_cli_equivalent", "copy command", "copy the command that does the same", _ROW),
    Key(("slash",), "/", "ask('/')", "filter", "show only what fits: state: repo: gate: cause: owner: age:>2h !text",
        _LIST, footer=_LISTS),
    Key(("W",), "W", "scope", "scope", "what you may act on, mine, my groups', everybody's; the rest is counted", _LIST,
        "onloop attention --mine"),
    Key(("p",), "p", "preview", "preview", "more about the row under the cursor, beside or below the list", _LIST),
    Key(("ctrl+t",), "^T", "moment", "moment", "the whole dashboard as it stood: `:at 14:05`, `:at 2026-01-31 14:05`, "
        "`:at #123`; `:at now` or Esc goes back", _LIST, "onloop tree --at WHEN"),
    Key(("E",), "E", "export", "export", "write what is seen to a new file: `:export svg`, `text` or `md`, and a path",
        _ROW),
    Key(("O",), "O", "runs", "run", "the list of runs: Enter narrows every view to one; narrowed, it lifts that", _LIST,
        "onloop list"),
    Key(("ctrl+f",), "^F", "find", "find", "one search over ids, titles, repositories, people, agents, labels, causes "
        "and events; Enter goes there", _EVERY),
    Key(("C",), "C", "columns", "columns", "which columns, in which order: `:columns state owner age`; of the Tree, "
        "the Agents and the Fleet's repositories", _LIST, "onloop list --columns state,owner,age"),
    Key(("S",), "S", "sort", "sort", "another order, by the columns one after the other; `:sort age`, again for the "
        "other way; no row moves by itself, R applies it", _LIST, "onloop list --sort age", _in(Where.AGENTS)),
    Key(("colon",), ":", "ask(':')", "command", "any of these by name", _EVERY),
    Key(("R",), "R", "renew", "refresh", "apply the order; in the sheet, read it again", _ROW, footer=_SHEET),
    Key(("escape",), "Esc", "back", "back", "close the innermost thing", _ROW, footer=_SHEET),
    Key(("j", "down"), "j ↓", "move(1)", "down", "one row or line down", _ROW),
    Key(("k", "up"), "k ↑", "move(-1)", "up", "one row or line up", _ROW),
    Key(("pagedown", "ctrl+d"), "PgDn ^D", "page(1)", "page down", "a page down", _ROW),
    Key(("pageup", "ctrl+u"), "PgUp ^U", "page(-1)", "page up", "a page up", _ROW),
    Key(("g", "home"), "g", "edge(-1)", "top", "the first row or line", _ROW),
    Key(("G", "end"), "G", "edge(1)", "bottom", "the last row or line", _ROW),
    Key(("space",), "Space", "mark", "mark", "mark all with this cause: a r t b @ e c x P i then decide about all that "
        "is marked", Where.INBOX, footer=_in(Where.INBOX)),
    Key(("asterisk",), "*", "mark_all", "mark all", "mark all that the filter leaves", Where.INBOX),
    Key(("full_stop",), ".", "acknowledge", "acknowledge", "you are on it: hide it from everybody for half an hour; on "
        "a hidden row, show it again", Where.INBOX, "onloop ack {cause}"),
    Key(("z",), "z", "snooze", "snooze", "hide it until a time, a change, or growth; on a hidden row, show it again",
        Where.INBOX, "onloop snooze {cause} --for 1h"),
    Key(("M",), "M", "mute", "mute", "hide all that fits a rule, for a time and a reason", Where.INBOX,
        'onloop mute --cause {cause} --for 4h --reason "…"'),
    Key(("H",), "H", "hidden", "hidden", "what is hidden, how and by whom; and back", Where.INBOX,
        "onloop attention --all"),
    Key(("s",), "s", "split", "split", "tell the texts of a cause apart, or its marked tasks from the rest",
        Where.INBOX, "onloop cause split {cause}"),
    Key(("m",), "m", "merge", "merge", "make the marked causes one", Where.INBOX, "onloop cause merge {cause} OTHER"),
    Key(("u",), "u", "restore", "restore", "group as before what people have split or merged", Where.INBOX,
        "onloop cause restore {cause}"),
    Key(("left", "h"), "h ←", "fold", "fold", "hide what is below the row, or go up", Where.TREE),
    Key(("right", "l"), "l →", "unfold", "unfold", "show what is below the row, or go in", Where.TREE),
    Key(("minus",), "-", "fold_all('shut')", "fold all", "runs only", Where.TREE),
    Key(("plus", "equals_sign"), "+", "fold_all('open')", "unfold all", "everything", Where.TREE),
    Key(("f",), "f", "follow", "follow", "let the cursor go to whatever changes, until you move", Where.TREE,
        footer=_in(Where.TREE)),
    Key(("m",), "m", "turn", "causes", "rows are causes, or repositories", Where.FLEET, footer=_in(Where.FLEET)),
    Key(("less_than_sign",), "<", "run(-1)", "newer run", "the run before this one in the list", Where.FLEET),
    Key(("greater_than_sign",), ">", "run(1)", "older run", "the next run", Where.FLEET),
    Key(("T",), "T", "retry_rest", "rest", "retry all that have the same cause, one by one, once one of them "
        "has passed", Where.FLEET, "onloop retry --cause {cause} --first N", _in(Where.FLEET)),
    Key(("Z",), "Z", "drain", "drain", "have the worker under the cursor drain: it claims nothing more, and ends "
        "with its agents; on one that drains, let it go on", Where.AGENTS, "onloop workers drain NAME"),
    Key(("F",), "F", "facts", "facts", "hide or show housekeeping: leases, requests to verifiers, reminders", Where.LOG,
        footer=_in(Where.LOG)),
    Key(("D",), "D", "decided", "decided", "only what you decided, or anybody where nobody is known; and back",
        Where.LOG, "onloop decisions", _in(Where.LOG)),
    Key(("right_square_bracket",), "]", "section(1)", "section", "the next section of the sheet; in a list, what "
        "happened to the task after the moment that is looked at", _ROW, footer=_SHEET),
    Key(("left_square_bracket",), "[", "section(-1)", "section back", "the section before; in a list, as it stood when "
        "the last thing happened to the task, and before that", _ROW),
    Key(("semicolon",), ";", "request", "next request", "the next of several things that are asked of the "
        "task", Where.SHEET),
    Key(("d",), "d", "files", "files", "what the commit changes: every file, and each of them whole", Where.SHEET,
        "onloop show {task} --diff"),
    Key(("A",), "A", "alike", "approve all alike", "approve exactly this change in every task of the row; the list is "
        "shown first", Where.SHEET, "onloop approve --cause {cause}"),
    Key(("question_mark",), "?", "app.keys", "keys", "this list; Enter shows the guides", _EVERY, footer=_ALL),
    Key(("ctrl+l",), "^L", "app.redraw", "redraw", "draw all of it anew, if another program wrote over it", _EVERY),
    Key(("ctrl+z",), "^Z", "app.suspend_process", "suspend", "give the terminal back to the shell; fg comes back, and "
        "says what happened meanwhile", _EVERY),
    Key(("q",), "q", "leave", "quit", "leave the dashboard; work goes on without it", _LIST, footer=_LISTS),
)  # fmt: skip
"""The keys of the main screen and of its views."""

LEAVING: tuple[Key, ...] = (
    Key(("s",), "s", "answer('stop')", "stop", "end verifier, workers and agents too", Where.LEAVING),
    Key(("l",), "l", "answer('leave')", "leave running", "they go on; `onloop` shows them again", Where.LEAVING),
    Key(("escape",), "Esc", "answer('')", "stay", "back to the dashboard", Where.LEAVING),
)
"""The keys of the question that a demo asks when the person leaves."""

_MOVING = frozenset({"move", "page", "edge"})
BULK: tuple[Key, ...] = (
    Key(("enter",), "Enter", "go", "send", "send, one after the other; when it is done, go back", Where.BULK,
        footer=_in(Where.BULK)),
    Key(("escape",), "Esc", "back", "go back", "send nothing; while sending, stop after this one", Where.BULK,
        footer=_in(Where.BULK)),
    Key(("d",), "d", "change", "diff", "show the change of the row under the cursor", Where.BULK,
        footer=_in(Where.BULK)),
    *(replace(key, where=Where.BULK) for key in KEYS if key.action.partition("(")[0] in _MOVING),
)  # fmt: skip
"""The keys of the list in which a person decides about many tasks."""


_MOVES = tuple(replace(key, where=Where.FILES) for key in KEYS if key.action.partition("(")[0] in _MOVING)

_FOOT = _in(Where.FILES)
FILES: tuple[Key, ...] = (
    Key(("enter",), "Enter", "go", "open", "open the file, whole; fold or unfold a folder, and unfold a folded patch",
        Where.FILES, "onloop show {task} --file PATH", _FOOT),
    Key(("escape",), "Esc", "back", "back", "from the patch to the files, and from there to the sheet", Where.FILES,
        footer=_FOOT),
    Key(("tab", "shift+tab"), "Tab", "other", "other side", "from the files to the patch, and back", Where.FILES,
        footer=_FOOT),
    Key(("right_square_bracket",), "]", "file(1)", "next file", "the next file", Where.FILES, footer=_FOOT),
    Key(("left_square_bracket",), "[", "file(-1)", "file before", "the file before", Where.FILES),
    Key(("n",), "n", "hunk(1)", "next hunk", "the next hunk; after a search the next place, in this file and those "
        "after it", Where.FILES, footer=_FOOT),
    Key(("N",), "N", "hunk(-1)", "hunk before", "the hunk or place before", Where.FILES),
    Key(("slash",), "/", "search", "search", "search all files for a text; small letters fit both, and nothing ends it",
        Where.FILES, footer=_FOOT),
    Key(("c",), "c", "comment", "comment", "write about the line under the cursor: a rejection takes it along, with "
        "file and line", Where.FILES, footer=_FOOT),
    Key(("s",), "s", "beside", "side by side", "old and new beside each other, or in one column", Where.FILES,
        footer=_FOOT),
    Key(("w",), "w", "space", "white space", "leave out what only changes white space; and back", Where.FILES,
        footer=_FOOT),
    Key(("i",), "i", "round(1)", "since", "what changed since you looked, or since an earlier round; and back",
        Where.FILES, footer=_FOOT),
    Key(("I",), "I", "round(-1)", "since before", "the same, the other way round", Where.FILES),
    Key(("v",), "v", "pager", "pager", "the whole patch in $PAGER", Where.FILES, footer=_FOOT),
    Key(("e",), "e", "editor", "editor", "a copy of the whole patch in $VISUAL or $EDITOR", Where.FILES,
        footer=_FOOT),
    *_MOVES,
)  # fmt: skip
"""The keys of the reader of a change: its files, and the patch of one."""

CHANGE: tuple[Key, ...] = (
    Key(("d",), "d", "files", "files", "every file, and each of them whole", Where.FILES, footer=_FOOT),
    replace(FILES[1], help="go back"),
    *_MOVES,
)
"""The keys of one change that is looked at from a list of decisions."""

_READ = tuple(replace(key, where=Where.OUTPUT) for key in KEYS if key.action.partition("(")[0] in _MOVING)

OUTPUT: tuple[Key, ...] = (
    Key(("slash",), "/", "find", "find", "find a text in it", Where.OUTPUT, footer=_in(Where.OUTPUT)),
    Key(("n",), "n", "hit(1)", "next hit", "the next line that has it", Where.OUTPUT),
    Key(("N",), "N", "hit(-1)", "hit before", "the line before that has it", Where.OUTPUT),
    Key(("f",), "f", "follow", "follow", "follow what comes, or hold still", Where.OUTPUT, footer=_in(Where.OUTPUT)),
    Key(("i",), "i", "note", "note", "tell the task's agent something; it approves nothing", Where.OUTPUT,
        'onloop note {task} "…"', _in(Where.OUTPUT)),
    Key(("escape", "q"), "Esc", "dismiss", "back", "go back", Where.OUTPUT, footer=_in(Where.OUTPUT)),
    *_READ,
)  # fmt: skip
"""The keys of what agents, gates and effects write."""

FORM: tuple[Key, ...] = (
    Key(("enter",), "Enter", "enter", "send", "send; in a field before the last, go to the next", Where.FORM,
        footer=_in(Where.FORM)),
    Key(("ctrl+j", "shift+enter"), "^J", "new_line", "new line", "a new line; a paste keeps its lines, and never sends",
        Where.FORM, footer=_in(Where.FORM)),
    Key(("ctrl+g",), "^G", "edit", "editor", "write it in $VISUAL or $EDITOR, and come back", Where.FORM,
        footer=_in(Where.FORM)),
    Key(("tab",), "Tab", "field(1)", "next field", "the next field", Where.FORM),
    Key(("shift+tab",), "Shift+Tab", "field(-1)", "field before", "the field before", Where.FORM),
    Key(("escape",), "Esc", "back", "go back", "send nothing; what you wrote is kept until you leave", Where.FORM,
        footer=_in(Where.FORM)),
)  # fmt: skip
"""The keys of a form, where every other key is typed into it."""

PROMPT: tuple[Key, ...] = (
    Key(("tab",), "Tab", "complete", "complete", "complete a command as far as it is clear, and name what it may be; "
        "a beginning that only one has is enough", Where.PROMPT),
    Key(("escape",), "Esc", "leave", "leave", "close the line; a filter is lifted", Where.PROMPT),
)  # fmt: skip
"""The keys of the line for filters and commands."""

TYPED: tuple[Key, ...] = (
    Key(("down",), "↓", "row(1)", "down", "one row down", Where.TYPED),
    Key(("up",), "↑", "row(-1)", "up", "one row up", Where.TYPED),
    Key(("pagedown",), "PgDn", "rows(1)", "page down", "a page down", Where.TYPED),
    Key(("pageup",), "PgUp", "rows(-1)", "page up", "a page up", Where.TYPED),
    Key(("escape",), "Esc", "give_up", "back", "go back, and choose nothing", Where.TYPED),
)
"""The keys of a list that is narrowed by typing, where letters are typed and Enter chooses."""

COLUMNS: tuple[Key, ...] = (
    Key(("space",), "Space", "turn", "show", "show the column, or leave it out", Where.COLUMNS,
        footer=_in(Where.COLUMNS)),
    Key(("J", "shift+down"), "J", "shift(1)", "later", "move the column to the right", Where.COLUMNS,
        footer=_in(Where.COLUMNS)),
    Key(("K", "shift+up"), "K", "shift(-1)", "earlier", "move the column to the left", Where.COLUMNS,
        footer=_in(Where.COLUMNS)),
    Key(("u",), "u", "usual", "as usual", "the columns that the view has by itself", Where.COLUMNS,
        footer=_in(Where.COLUMNS)),
    Key(("enter",), "Enter", "keep", "keep", "show the list so from now on", Where.COLUMNS,
        footer=_in(Where.COLUMNS)),
    Key(("escape", "q"), "Esc", "give_up", "back", "go back, and change nothing", Where.COLUMNS,
        footer=_in(Where.COLUMNS)),
    *(replace(key, where=Where.COLUMNS) for key in KEYS if key.action.partition("(")[0] in _MOVING),
)  # fmt: skip
"""The keys of the list in which a person chooses columns."""

LINES_ONLY = frozenset({"new line", "editor"})
"""The keys of a form that count only in a field of several lines."""


def key_piece(key: Key) -> Line:
    """A key and its word, as footers show them; a click on either presses it."""
    return (Span(key.shown, Tone.STRONG, key.names[0]), Span(f" {key.word}", Tone.DIM, key.names[0]))


def answer_names(keys: Iterable[Key]) -> Mapping[Act, str]:
    """Textual's name for the key of every act on a task."""
    found = {Act(key.action[8:-2]): key.names[0] for key in keys if key.action.startswith("decide(")}
    return {**found, Act.RESUME: found[Act.PAUSE]}


def answer_words(keys: Iterable[Key]) -> Mapping[Act, str]:
    """The word of every act on a task; pausing and resuming share one key, and one word."""
    found = {Act(key.action[8:-2]): key.word for key in keys if key.action.startswith("decide(")}
    return {**found, Act.RESUME: found[Act.PAUSE]}


def answer_keys(keys: Iterable[Key]) -> Mapping[Act, str]:
    """The key of every act on a task; pausing and resuming share one key."""
    found = {Act(key.action[8:-2]): key.shown for key in keys if key.action.startswith("decide(")}
    return {**found, Act.RESUME: found[Act.PAUSE]}


def keys_of(*places: Where) -> tuple[Key, ...]:
    """The keys that apply in at least one of these places."""
    return tuple(key for key in KEYS if key.where in places)


MAIN_KEYS = tuple(key for key in KEYS if key.where not in VIEWS)
"""The keys that the main screen handles; a view handles its own."""


def bindings_of(keys: Iterable[Key]) -> list[BindingType]:
    """The keys as Textual's bindings, with their words as ids. Textual shows none: we draw the footer."""
    return [Binding(name, key.action, key.help, show=False, id=key.word) for key in keys for name in key.names]


def textual_keymap(keys: Iterable[Key]) -> dict[str, str]:
    """Textual's keymap that binds `keys`."""
    ours = {key.word: key.names for key in KEYS}
    return {key.word: ",".join(key.names) for key in keys if key.names != ours[key.word]}
