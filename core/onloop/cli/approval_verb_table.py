"""The verbs by which people see a task and decide about its work, as data."""

from __future__ import annotations

from onloop.cli.people_arguments import ApproveArguments, OverrideArguments, RejectArguments, ShowArguments
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

_NOTE = arg("--note", help="a note", default="")
_SIGNED = (
    arg("--sign", help="sign it with this security key (id_ed25519_sk): touch and PIN prove A3", metavar="KEYFILE"),
    arg("--signature", help="a signature over what --to-sign prints, made elsewhere", metavar="FILE"),
    arg("--to-sign", help="print what a security key would sign, and decide nothing", action="store_true"),
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
        arg("--a2a", help="the task as A2A's GetTask answers it, in JSON", action="store_true"),
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
    (_ONE, _GATE, DIGEST, *_OF_ROW, _NOTE, _SEEN, *_SIGNED, VERSION, *WRITTEN, *AS, KEY),
    prints=(
        "work_models:TaskNowJson",
        "people_models:CauseOutcomesJson",
        "people_models:CauseListJson",
        "people_models:ToSignJson",
    ),
    reach=Reach.GATEWAY,
    words="note",
)
OVERRIDE = Verb(
    "override",
    "people",
    "let work on past a gate that does not pass; it stays unpassed, and everybody is told",
    "override_verb:override",
    OverrideArguments,
    (
        TASK,
        arg("--gate", help="the gate that is bypassed, of the step where the task stands", required=True),
        DIGEST,
        arg("--reason", help="why; everybody who decides later sees it", default=""),
        *_SIGNED,
        VERSION,
        *WRITTEN,
        *AS,
        KEY,
    ),
    prints=("work_models:TaskNowJson", "people_models:ToSignJson"),
    reach=Reach.GATEWAY,
    words="reason",
    asks=True,
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
