"""Gemini CLI."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.agents.vendors.vendor import (
    TIMEOUT_S,
    TOOL_TIMEOUT_S,
    Counts,
    Fields,
    Heard,
    HookForm,
    HookWay,
    Launch,
    Login,
    UsedBy,
    Vendor,
    fields_of,
    text_of,
    told_count,
)

AFTER_AGENT = "AfterAgent"
"""The event at the end of a turn, as Gemini CLI calls it."""
BEFORE_TOOL = "BeforeTool"
"""The event before a tool is used, as Gemini CLI calls it."""

_WORDS = (
    *("gemini", "--skip-trust", "--approval-mode", "yolo", "--output-format", "stream-json"),
    *("--include-directories", "{out},{given}", "{flags}"),
)


def _hear(fields: Fields) -> Iterator[Heard]:
    """Events of the stream-json format. Words of the model come in pieces, each of them a line here."""
    match fields.get("type"), fields.get("role"):
        case "init", _:
            yield Heard(session=text_of(fields.get("session_id")), model=text_of(fields.get("model")))
        case "message", "assistant":
            yield Heard(text_of(fields.get("content")), works=True)
        case "tool_use", _:
            given = fields_of(fields.get("parameters"))
            what = next((text_of(given[name]) for name in ("command", "file_path", "path") if name in given), "")
            yield Heard(f"$ {text_of(fields.get('tool_name'))} {what}".rstrip(), works=True)
        case "tool_result", _:
            yield Heard(text_of(fields.get("output")))
        case (("error" | "result"), _):
            failed = fields_of(fields.get("error"))
            words = text_of(failed.get("message")) or text_of(fields.get("message"))
            yield Heard(words, used=_used(fields_of(fields.get("stats"))), by=UsedBy.RUN)
        case _:
            return


def _used(stats: Fields) -> Counts:
    """What a run used, by the statistics at its end: what it thought is in the total alone. It says no cost."""
    went_in, whole = told_count(stats.get("input_tokens")), told_count(stats.get("total_tokens"))
    out = told_count(stats.get("output_tokens"))
    if went_in is not None and whole is not None:
        out = max(out or 0, whole - went_in)
    return went_in, told_count(stats.get("cached")), out, None


GEMINI = Vendor(
    name="gemini",
    title="Gemini CLI",
    program="gemini",
    launches=(Launch((0, 50), (*_WORDS, "-p", ""), (*_WORDS, "--resume", "latest", "-p", "")),),
    hear=_hear,
    hook=HookForm(
        ".gemini/settings.json",
        ".gemini/settings.json",
        (AFTER_AGENT, "SessionStart"),
        HookWay.SETTINGS_FILE,
        tools="run_shell_command|write_file|replace",
        stop=AFTER_AGENT,
        timeout=TIMEOUT_S * 1000,
        tool_event=BEFORE_TOOL,
        tool_timeout=TOOL_TIMEOUT_S * 1000,
    ),
    managed="etc/gemini-cli/settings.json",
    login=Login((".gemini/oauth_creds.json",), ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS")),
    tried="0.61.0",
    trap="it runs no hook of a project that a person has not trusted: a worker gives it by "
    "GEMINI_CLI_SYSTEM_DEFAULTS_PATH, beneath every settings file of yours",
    environment={"GEMINI_CLI_SYSTEM_DEFAULTS_PATH": "{settings}"},
    inherits=(
        *("GEMINI_MODEL", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_VERTEX_BASE_URL", "GOOGLE_GEMINI_BASE_URL"),
        *("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_GENAI_USE_GCA"),
    ),
)
