"""`onloop completion`: the script that makes a shell complete onloop."""

from __future__ import annotations

from typing import assert_never

from onloop.cli.arguments import CompletionArguments
from onloop.cli.completion.bash_script import bash_script
from onloop.cli.completion.command_shape import shapes
from onloop.cli.completion.fish_script import fish_script
from onloop.cli.completion.zsh_script import zsh_script
from onloop.cli.context import Context
from onloop.cli.json_models.build_models import CompletionJson
from onloop.cli.output import VerbOutput
from onloop.cli.value_kinds import Shell


def completion(context: Context[CompletionArguments]) -> VerbOutput:
    """Print the script for one shell, made of the table of verbs."""
    shell = Shell(context.args.shell)
    script = _script(shell)
    return VerbOutput(lines=tuple(script.rstrip("\n").split("\n")), data=CompletionJson(shell, script))


def _script(shell: Shell) -> str:
    match shell:
        case Shell.BASH:
            return bash_script(shapes())
        case Shell.ZSH:
            return zsh_script(shapes())
        case Shell.FISH:
            return fish_script(shapes())
        case _:
            assert_never(shell)
