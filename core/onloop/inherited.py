"""PURE: which variables of whoever started us may reach an agent, a gate or a git of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping

FOR_AGENTS = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES"),
    *("LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP"),
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "OPENCODE_CONFIG", "OPENCODE_CONFIG_DIR", "COPILOT_HOME"),
)
"""What an agent gets without being asked for: how to find programs, its home and its login, and the network."""

TO_THE_NETWORK = (
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"),
)
"""What a command in a box gets where the workflow lets it reach the network: the way there, and whom to trust."""

LOCALE = "LC_"
"""Every variable that begins like this reaches agents, too."""

NEVER = ("GIT_", "ONLOOP_", "SSH_", "LD_", "DYLD_")
"""What no workflow and no worker can name: they would choose a repository, an identity or the code that runs."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_WITH_CREDENTIALS = re.compile(r"://[^/\s]*@")


def variable_problem(name: str) -> str:
    """Why a variable of that name cannot be given to agents; empty if it can."""
    if not _NAME.fullmatch(name):
        return f"{name[:60]!r} cannot be the name of a variable"
    if name.startswith(NEVER):
        return f"{name} is never given to an agent"
    return ""


def for_agents(environment: Mapping[str, str], named: Iterable[str] = ()) -> dict[str, str]:
    """The variables that an agent gets: the usual ones, unless they hold credentials, and those that are named."""
    allowed = {name for name in named if not variable_problem(name)}
    return {
        name: value
        for name, value in environment.items()
        if name in allowed or (_is_usual(name) and not _WITH_CREDENTIALS.search(value))
    }


def for_network(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that lead a command in a box to the network: proxies and trusted certificates, no credentials."""
    found = ((name, environment.get(name, "")) for name in TO_THE_NETWORK)
    return {name: value for name, value in found if value and not _WITH_CREDENTIALS.search(value)}


def drop_git_variables(environment: MutableMapping[str, str]) -> None:
    """Remove every `GIT_*`: those of a hook or a rebase would lead our git, and an agent's, to another repository."""
    for name in [name for name in environment if name.startswith("GIT_")]:
        del environment[name]


def _is_usual(name: str) -> bool:
    return name in FOR_AGENTS or name.startswith(LOCALE)
