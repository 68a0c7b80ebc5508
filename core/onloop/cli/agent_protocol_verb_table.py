"""The verbs that speak the protocols of agents, as data."""

from __future__ import annotations

from onloop.cli.agent_protocol_arguments import AcpArguments
from onloop.cli.verb import Argument, Reach, Verb, arg

PERMIT = arg(
    "--permit",
    help="a kind of ACP call that needs nobody's leave (execute, fetch …; all, none); may be repeated",
    action="append",
    default=[],
    metavar="KIND",
)

OF_WORKERS: tuple[Argument, ...] = (
    arg("--acp", help="run this agent, which speaks ACP: a command in one word, such as 'opencode acp'", metavar="CMD"),
    PERMIT,
)
"""What `work` takes of it."""

AGENT_PROTOCOLS: tuple[Verb, ...] = (
    Verb(
        "acp",
        "agents",
        "own the loop of an agent that speaks ACP: prompt, gates, prompt with the reasons; for a worker of your own",
        "acp_verb:acp",
        AcpArguments,
        (
            PERMIT,
            arg("--session", help="go on with the agent's session of this name", default="", metavar="ID"),
            arg("command", nargs="...", help="-- CMD…: the agent's command", metavar="-- CMD"),
        ),
        needs_git=True,
        reach=Reach.GATEWAY,
    ),
    Verb(
        "mcp",
        "agents",
        "serve these verbs as MCP tools over stdin and stdout, for the agent whose ONLOOP_TOKEN is set",
        "mcp_verb:mcp",
        needs_git=True,
        reach=Reach.GATEWAY,
    ),
)
