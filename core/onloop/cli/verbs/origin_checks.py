"""What `onloop doctor` says about reaching origins: what is declared for our git, and whether one origin answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from onloop.cli.json_models.build_models import OriginProofJson
from onloop.cli.output import VerbOutput
from onloop.errors import Exit, NotAllowed, OnloopError
from onloop.gates.credentials.declared import access_for
from onloop.gates.repository.ref_names import without_credentials
from onloop.gates.upkeep.origin_trial import declared_problems, trial_problem, try_origin
from onloop.home import Home
from onloop.text import safe


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
