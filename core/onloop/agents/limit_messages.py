"""What vendors' agents print last when they cannot work now: a limit that will pass, a login that is missing, a disk.

The words are those that the programs print (Claude Code, Codex, Gemini CLI, OpenCode, Copilot CLI). They are an agent's
words and prove nothing: they postpone a task a few times a day, and then a person is asked.
"""

from __future__ import annotations

import re

from onloop.agents.agent_output import quoting
from onloop.agents.reset_times import moment_in
from onloop.records import Record
from onloop.text import safe

TEMPORARY_FAILURE = 75
"""The exit code by which any command says *not now* (EX_TEMPFAIL of sysexits.h)."""

LINES_READ = 12
"""How many of the last lines that an agent printed are looked at."""

LONGEST_LINE = 400


class LimitSign(Record):
    """Words of a vendor's program by which it says that it cannot work now, and what that is called."""

    vendor: str
    words: str
    kind: str


LIMIT_SIGNS: tuple[LimitSign, ...] = (
    LimitSign(
        "claude",
        r"You.ve (?:hit|reached) your[^\n]{0,20} limit|(?:Claude (?:AI )?usage|\d+-hour|weekly) limit reached",
        "usage limit",
    ),
    LimitSign("claude", r"would exceed your account.s rate limit|rate_limit_error|overloaded_error", "rate limit"),
    LimitSign("claude", r"Invalid API key|Please run /login|OAuth token has expired|authentication_error", "login"),
    LimitSign("claude", r"Credit balance is too low", "credit"),
    LimitSign("codex", r"You.ve hit your usage limit|You have reached your usage limit", "usage limit"),
    LimitSign("codex", r"exceeded retry limit, last status: 429|Rate limit reached for", "rate limit"),
    LimitSign("codex", r"unexpected status 401|401 Unauthorized|Not logged in", "login"),
    LimitSign(
        "gemini", r"exhausted your (?:daily quota|capacity)|Usage limit reached for|RESOURCE_EXHAUSTED", "usage limit"
    ),
    LimitSign(
        "gemini", r"(?:reached|exceeded) your (?:daily |current )?[^\n]{0,30}quota|Quota exceeded", "usage limit"
    ),
    LimitSign("gemini", r"API key not valid|Please set an Auth method|Error authenticating", "login"),
    LimitSign(
        "opencode", r"UsageLimitError|Rate limit exceeded|Too Many Requests|\b429\b[^\n]{0,40}rate", "rate limit"
    ),
    LimitSign("opencode", r"ProviderAuthError|Unauthorized: |AuthError", "login"),
    LimitSign("copilot", r"hit a rate limit|your (?:global )?rate limit|request was rate-limited", "rate limit"),
    LimitSign("copilot", r"You have no quota|quota_exceeded|out of premium requests|Quota exceeded", "usage limit"),
    LimitSign("copilot", r"No authentication information found|not (?:logged|signed) in", "login"),
    LimitSign("any", r"No space left on device|\bENOSPC\b|[Dd]isk quota exceeded", "disk"),
)
"""The known signs, as data."""

_SIGNS = tuple((sign, re.compile(sign.words, re.IGNORECASE)) for sign in LIMIT_SIGNS)


class NotNow(Record):
    """That an agent cannot work now: in which words, and before when (ms) not to try; 0 where it does not say."""

    words: str
    until: int = 0


def not_now(code: int, printed: bytes, now: int) -> NotNow | None:
    """What an agent that ended with an exit code at `now` (ms) says of when it can work; None if nothing.

    Only an agent that failed is listened to.
    """
    if code == 0:
        return None
    lines = [line for line in printed.decode("utf-8", "replace").splitlines() if line.strip()][-LINES_READ:]
    for line in reversed(lines):
        found = next((sign for sign, words in _SIGNS if words.search(line[:LONGEST_LINE])), None)
        if found is not None:
            return NotNow(f"{found.kind}: {safe(line.strip(), 200)}", moment_in(line[:LONGEST_LINE], now))
    if code != TEMPORARY_FAILURE:
        return None
    last = safe(lines[-1].strip(), 200) if lines else ""
    return NotNow(quoting(f"exit code {code}", last), moment_in(last, now))
