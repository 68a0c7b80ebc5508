"""The verbs by which people see a task and decide about its work, as data."""

from __future__ import annotations

from onloop.cli.people_arguments import ApproveArguments, RejectArguments, ShowArguments
from onloop.cli.verb import AS, DIGEST, KEY, REASON, TASK, WRITTEN, Reach, Verb, arg

VERSION = arg("--version", help="the version that you saw; refused if the task has changed since", type=int)
_GATE = arg("--gate", help="which gate, if several ask for a decision")
_ONE = arg("task", nargs="?", help="a task's id; left out with --cause", default="")
_OF_ROW = (
    arg("--cause", help="all tasks of this row, as `onloop attention` names it: lists them, and asks once"),
    arg("--dry-run", help="with --cause: print the list with its digests, and decide nothing", action="store_true"),
    arg("--digests", help="with --cause: only the tasks of this list, under its digests (- is stdin)", metavar="FILE"),
    arg("--yes", help="with --cause and --digests: do not ask", action="store_true"),
)
_SEEN = arg(
    "--seen",
    help="a file that you read with `show --file`; may be repeated. What the diff does not show is named otherwise",
    action="append",
    default=[],
    metavar="PATH",
)

SHOW = Verb(
    "show",
    "people",
    "one task: what is asked, digests, gates, diff, history",
    "people_verbs:show",
    ShowArguments,
    (
        TASK,
        arg("--diff", help="show the diff, of long files only the beginning", action="store_true"),
        arg("--file", help="show all that changes in this file", metavar="PATH"),
        arg("--from", help="with --file: begin at this line", dest="first", type=int, default=1, metavar="LINE"),
        arg("--attachment", help="show a file that a gate kept: its path, or GATE:PATH", metavar="NAME"),
        arg("--to", help="with --attachment: write it to this new file", metavar="FILE"),
    ),
    prints=("dossier_models:DossierJson", "dossier_models:AttachmentShownJson", "dossier_models:FilePatchJson"),
    reach=Reach.GATEWAY,
)
APPROVE = Verb(
    "approve",
    "people",
    "approve exactly what was shown",
    "approval_verbs:approve",
    ApproveArguments,
    (_ONE, _GATE, DIGEST, *_OF_ROW, arg("--note", help="a note", default=""), _SEEN, VERSION, *WRITTEN, *AS, KEY),
    prints=("work_models:TaskNowJson", "people_models:CauseOutcomesJson", "people_models:CauseListJson"),
    reach=Reach.GATEWAY,
    words="note",
)
REJECT = Verb(
    "reject",
    "people",
    "reject, with a reason that reaches the agent",
    "approval_verbs:reject",
    RejectArguments,
    (_ONE, _GATE, DIGEST, *_OF_ROW, REASON, VERSION, *WRITTEN, *AS, KEY),
    prints=("work_models:TaskNowJson", "people_models:CauseOutcomesJson", "people_models:CauseListJson"),
    reach=Reach.GATEWAY,
    words="reason",
    asks=True,
)
