"""`onloop instruct …`: what agents read by themselves of how to work with the gateway."""

from __future__ import annotations

from pathlib import Path

from onloop.agents.instructions.instruction_files import PLUGIN
from onloop.agents.instructions.instruction_places import Instruction, instructions_for
from onloop.cli.context import Context
from onloop.cli.instruct_verb_table import InstructArguments
from onloop.cli.json_models.build_models import InstructionJson, InstructionsJson
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput
from onloop.text import safe


def instruct(context: Context[InstructArguments]) -> VerbOutput:
    """Print, merge or take out what an agent is told in a repository, or the plugin that brings it along."""
    args = context.args
    folder = Path(args.dir).absolute()
    if args.what != "show" and args.agent != PLUGIN and not folder.is_dir():
        raise BadInput(f"{args.dir} is not a folder", hint="give the repository: --dir DIR")
    places = instructions_for(args.agent, folder)
    if args.what == "show":
        return _shown(args.agent, places)
    for place in places:  # before the first of them is changed, each must be one that can be
        place.is_there()
    install = args.what == "install"
    changed = [place.install() if install else place.uninstall() for place in places]
    words = ("written", "already so") if install else ("taken out", "nothing of ours")
    lines = [
        safe(f"{words[0 if each else 1]:15} {place.file.path}") for place, each in zip(places, changed, strict=True)
    ]
    data = InstructionsJson(
        args.agent,
        [InstructionJson(str(place.file.path), each) for place, each in zip(places, changed, strict=True)],
    )
    return VerbOutput(lines=tuple(lines), data=data, notes=_following(args.agent, args.dir) if install else ())


def _shown(agent: str, places: tuple[Instruction, ...]) -> VerbOutput:
    lines = [line for place in places for line in (f"# {place.file.name}", *place.text().splitlines(), "")]
    data = InstructionsJson(
        agent, [InstructionJson(str(each.file.path), changed=False, text=each.text()) for each in places]
    )
    return VerbOutput(lines=tuple(lines), data=data)


def _following(agent: str, folder: str) -> tuple[str, ...]:
    if agent == PLUGIN:
        return (f"next: claude --plugin-dir {safe(folder)}, or /plugin marketplace add {safe(folder)}",)
    return ("next: commit them; agents read them in every clone",)
