"""What is said and tried of an origin: what of its old history may stay, and whether our git reaches it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from onloop.access.targets import target_of
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import OriginProofJson
from onloop.cli.json_models.people_models import TolerateJson
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import RepositoryArguments
from onloop.errors import Exit, NotAllowed, OnloopError
from onloop.gates.credentials.declared import access_for
from onloop.gates.repository.mending.old_history import check_tolerable
from onloop.gates.repository.ref_names import without_credentials
from onloop.gates.upkeep.origin_trial import declared_problems, trial_problem, try_origin
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.home import Home
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


def credential_checks(home: Home) -> Iterator[tuple[bool, str]]:
    """For each declared host whether what it names is there, and what is declared, without a secret."""
    try:
        found = declared_problems(home.git_settings)
    except OnloopError as problem:
        yield False, f"{problem.message}; {problem.hint}"
        return
    if not found:
        yield True, f"none declared; {home.git_settings} is where a person declares them"
    for access, wrong in found:
        words = f"{access.address.words}: {access.words}"
        yield not wrong, safe(f"{words}: {wrong}" if wrong else words, 500)


def prove_origin(home: Home, origin: str) -> VerbOutput:
    """Ask the origin as our git would, and say what was declared and what came of it."""
    if os.environ.get("ONLOOP_TOKEN"):
        raise NotAllowed(
            "an agent may not try the gateway's credentials", hint="a person runs onloop doctor --repo URL"
        )
    is_path = "://" not in origin and (":" not in origin or origin.startswith(("/", ".")))
    origin = str(Path(origin).absolute()) if is_path else origin
    access = access_for(home.git_settings, origin)
    shown = safe(without_credentials(origin), 300)
    used = safe(f"{access.address.words}: {access.words}" if access else "nothing is declared for it", 500)
    lines = [f"origin: {shown}", f"credentials: {used}"]
    try:
        trial = try_origin(home.git_settings, origin)
    except OnloopError as problem:
        words = safe(trial_problem(problem), 500)
        data = OriginProofJson(shown, reached=False, declared=used, detail=words, kind=problem.kind)
        notes = () if problem.hint.startswith("onloop doctor") else (f"try: {safe(problem.hint, 500)}",)
        return VerbOutput(Exit.UNAVAILABLE, (*lines, f"BAD {words}"), data, notes)
    branch = f", the default is {trial.default}" if trial.default else ", and none of them is the default"
    words = safe(f"it answers: {trial.branches} branches{branch}", 300)
    return VerbOutput(
        Exit.OK, (*lines, f"ok  {words}"), OriginProofJson(shown, reached=True, declared=used, detail=words, kind=None)
    )
