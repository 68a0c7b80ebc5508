"""What people say about an origin: what of its old history may stay as it is."""

from __future__ import annotations

from pathlib import Path

from onloop.access.targets import target_of
from onloop.cli.context import Context
from onloop.cli.json_models.people_models import TolerateJson
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import RepositoryArguments
from onloop.gates.repository.mending.old_history import check_tolerable
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine.store_state import Tolerated
from onloop.text import safe


def repository(context: Context[RepositoryArguments]) -> VerbOutput:
    """Have git's checks pass over these findings in the origin's history, and over no others."""
    args = context.args
    context.check_no_agent("tolerate old history")
    check_tolerable(args.findings)
    origin = target_of(args.origin, "main", Path.cwd()).origin
    person = context.person()
    event = Tolerated(origin, tuple(dict.fromkeys(args.findings)), person.id)
    context.opened.gateway.perform(RecordStoreEvent(person, event, key=args.key))
    words = ", ".join(event.findings) or "nothing"
    return VerbOutput(
        lines=(safe(f"{origin}: tolerated from now on: {words}"),), data=TolerateJson(origin, event.findings)
    )
