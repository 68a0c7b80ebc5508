"""`doctor --forge`: whether a forge takes the gateway's token, and whether the gateway is the only way to merge."""

from __future__ import annotations

import os

from onloop.cli.json_models.build_models import CheckJson, ForgeProofJson
from onloop.cli.output import VerbOutput
from onloop.errors import Exit, NotAllowed
from onloop.forges.configured import forge_of, repository_of, undeclared
from onloop.forges.forge_proof import prove_forge
from onloop.forges.forge_settings import read_settings
from onloop.home import Home
from onloop.text import safe


def prove_forge_of(home: Home, origin: str) -> VerbOutput:
    """Ask the forge of an origin, and say of each thing whether it is well."""
    if os.environ.get("ONLOOP_TOKEN"):
        hint = "a person runs onloop doctor --forge URL"
        raise NotAllowed("an agent may not try the gateway's credentials", hint=hint)
    repo = repository_of(home, origin)
    if repo is None:
        raise undeclared(read_settings(home.store), origin)
    rows = prove_forge(forge_of(home, repo), repo)
    lines = [f"forge: {repo.host}, repository {repo.words}"]
    lines += [f"{'ok ' if row.good else 'BAD'} {row.name}: {safe(row.words, 500)}" for row in rows]
    checks = [CheckJson(row.name, row.good, safe(row.words, 500)) for row in rows]
    is_only_way = all(row.good for row in rows)
    end = "the gateway is the only way to merge" if is_only_way else "there are ways past the gateway, or it has none"
    code = Exit.OK if is_only_way else Exit.UNAVAILABLE
    return VerbOutput(code, (*lines, end), ForgeProofJson(repo.host, repo.words, is_only_way, checks))
