"""Codex."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.agents.vendors.vendor import (
    STOP,
    SUB_AGENT_BEGINS,
    SUB_AGENT_ENDS,
    Fields,
    Heard,
    HookForm,
    HookWay,
    Launch,
    Login,
    UsedBy,
    Vendor,
    count_of,
    fields_of,
    text_of,
    told_count,
)

NO_LOGIN_SHELL = "allow_login_shell=false"
"""Codex runs commands in a login shell, whose profile may set another PATH: one on which `onloop` is not found."""

_WORDS = (
    *("codex", "exec", "--json", "--sandbox", "workspace-write", "--add-dir", "{state}", "--add-dir", ".git"),
    *("--dangerously-bypass-hook-trust", "-c", NO_LOGIN_SHELL, "-c", "{hook}", "{flags}"),
)


def _hear(fields: Fields) -> Iterator[Heard]:
    """Events of `codex exec --json`. What its session used so far is said at the end of a turn."""
    item = fields_of(fields.get("item"))
    match fields.get("type"), item.get("type"):
        case "thread.started", _:
            yield Heard(session=text_of(fields.get("thread_id")))
        case "item.started", "command_execution":
            yield Heard(f"$ {text_of(item.get('command'))}", works=True)
        case "item.completed", "command_execution":
            yield Heard(text_of(item.get("aggregated_output")))
        case "item.completed", "agent_message" | "reasoning":
            yield Heard(text_of(item.get("text")), works=True)
        case "item.completed", "error":
            yield Heard(text_of(item.get("message")))
        case "turn.completed", _:
            used = fields_of(fields.get("usage"))
            went_in, cached = told_count(used.get("input_tokens")), told_count(used.get("cached_input_tokens"))
            counts = (went_in, cached, told_count(used.get("output_tokens")), None)
            yield Heard(window=count_of(fields.get("model_context_window")), used=counts, by=UsedBy.SESSION)
        case (("turn.failed" | "error"), _):
            failed = fields_of(fields.get("error"))
            yield Heard(text_of(failed.get("message")) or text_of(fields.get("message")))
        case _:
            window = count_of(fields.get("model_context_window"))
            yield Heard(window=window)


CODEX = Vendor(
    name="codex",
    title="Codex",
    program="codex",
    launches=(Launch((0, 160), (*_WORDS, "-"), (*_WORDS, "resume", "{session}", "-")),),
    hear=_hear,
    hook=HookForm(
        ".codex/hooks.json",
        ".codex/hooks.json",
        (STOP, SUB_AGENT_BEGINS, SUB_AGENT_ENDS),
        HookWay.TOML_ARGUMENT,
        tools="Bash|apply_patch|Edit|Write",
    ),
    managed="etc/codex/requirements.toml",
    login=Login((".codex/auth.json",), ("CODEX_API_KEY", "OPENAI_API_KEY")),
    tried="0.171.0",
    trap="`codex exec` silently skips a hook that is not trusted: pass --dangerously-bypass-hook-trust, or trust "
    "it once with /hooks; and its sandbox forbids writing to .git unless you pass --add-dir .git",
    environment={"TMPDIR": "{temporary}"},  # its sandbox does not work where CODEX_HOME is below the temporary files
    inherits=("OPENAI_BASE_URL", "OPENAI_ORGANIZATION", "OPENAI_PROJECT"),
)
