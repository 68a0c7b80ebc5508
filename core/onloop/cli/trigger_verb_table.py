"""The verb of work that begins outside."""

from __future__ import annotations

from onloop.cli.arguments import PersonArguments
from onloop.cli.verb import AS, KEY, Reach, Verb, arg


class TriggerArguments(PersonArguments, frozen=True, kw_only=True):
    """Of trigger."""

    what: str
    name: str | None
    payload: str | None
    event: str
    hook: str | None
    delivery: str | None
    limit: int
    control: str | None
    control_branch: str | None
    reason: str
    key: str


TRIGGER = Verb(
    "trigger",
    "build",
    "work that begins outside, by webhooks: what starts what, what each did and why not",
    "trigger_verbs:trigger",
    TriggerArguments,
    (
        arg(
            "what",
            choices=("list", "test", "log", "again", "hooks", "schema", "adopt", "drop"),
            help="list those adopted, test a file, show what webhooks did, try one again, hooks, schema, adopt, drop",
        ),
        arg("name", nargs="?", help="a file (default: .onloop/triggers.yaml), or of again: a delivery"),
        arg("--payload", help="of test: what a webhook says, as JSON (- is standard input)", metavar="FILE"),
        arg("--event", help="of test: which event it is, where the payload does not say it: issues", default=""),
        arg("--hook", help="of test: at which hook it comes in (default: the only one that the file names)"),
        arg("--delivery", help="of test and log: a webhook that came in, by its id", metavar="ID"),
        arg("--limit", type=int, help="of log: how many of the newest (default: 50)", default=50),
        arg("--control", help="of adopt and test: the file that is committed in this repository", metavar="REPO"),
        arg("--control-branch", help="its branch (default: the one that its HEAD names)"),
        arg("--reason", help="why they are adopted or dropped; it goes into the log", default=""),
        *AS,
        KEY,
    ),
    prints=(
        "trigger_models:TriggersJson",
        "trigger_models:TriggerTestJson",
        "trigger_models:DeliveriesJson",
        "trigger_models:DeliveryShownJson",
        "trigger_models:HooksJson",
        "trigger_models:TriggersAdoptedJson",
        "build_models:SchemaJson",
    ),
    reach=Reach.GATEWAY,
)
