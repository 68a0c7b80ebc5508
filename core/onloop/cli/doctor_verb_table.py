"""The row of `doctor`: what this machine, an agent, an origin or a forge can prove."""

from __future__ import annotations

from onloop.cli.arguments import DoctorArguments
from onloop.cli.verb import Reach, Verb, arg

DOCTOR = Verb(
    "doctor",
    "build",
    "what this machine and store can prove, and what they cannot",
    "doctor:doctor",
    DoctorArguments,
    (
        arg(
            "--agent",
            help="prove that this agent (a vendor, or a file in .onloop/agents) works as a worker runs it",
        ),
        arg("--repo", help="try whether our git reaches this origin, with what is declared for it", metavar="URL"),
        arg("--forge", help="try the forge of this origin, and whether its branch needs our check", metavar="URL"),
    ),
    prints=(
        *("build_models:DoctorJson", "build_models:HookProofJson", "build_models:OriginProofJson"),
        "build_models:ForgeProofJson",
    ),
    reach=Reach.GATEWAY,
)
