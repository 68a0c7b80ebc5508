"""Claude Code."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.agents.vendors.vendor import (
    STOP,
    SUB_AGENT_BEGINS,
    SUB_AGENT_ENDS,
    Counts,
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
    items_of,
    millionths,
    sum_of,
    text_of,
    told_count,
)

_TOOLS = "Bash,Read,Edit,Write,NotebookEdit,Glob,Grep,Task,Agent,TodoWrite,WebFetch,WebSearch,Skill"
_WORDS = (
    *("claude", "-p", "--verbose", "--output-format", "stream-json", "--permission-mode", "acceptEdits"),
    *("--allowedTools", _TOOLS, "--add-dir", "{out}", "{given}", "--settings", "{hook}", "{flags}"),
)


def _hear(fields: Fields) -> Iterator[Heard]:
    """Messages of the stream-json format: each of an assistant says how many tokens its request had."""
    session = text_of(fields.get("session_id"))
    message = fields_of(fields.get("message"))
    match fields.get("type"):
        case "assistant":
            used = _used(fields_of(message.get("usage")), None)
            own = fields.get("parent_tool_use_id") is None  # else they are of a sub-agent, whose context is its own
            yield Heard(
                session=session,
                tokens=(sum_of(used[0], used[2]) or 0) if own else 0,
                works=True,
                used=used,
                message=text_of(message.get("id")),
                model=text_of(message.get("model")),
            )
            yield from (_said(part) for part in items_of(message.get("content")))
        case "user":
            yield from (_answered(part) for part in items_of(message.get("content")))
        case "result":
            windows = [count_of(fields_of(model).get("contextWindow")) for model in _models(fields)]
            used = _used_by_models(fields) or _used(fields_of(fields.get("usage")), fields.get("total_cost_usd"))
            yield Heard(_ended(fields), session, window=max(windows, default=0), used=used, by=UsedBy.RUN)
        case _:
            yield Heard(session=session)


def _used(usage: Fields, dollars: object) -> Counts:
    cached, fresh = told_count(usage.get("cache_read_input_tokens")), told_count(usage.get("input_tokens"))
    whole = sum_of(fresh, cached, told_count(usage.get("cache_creation_input_tokens")))
    return whole, cached, told_count(usage.get("output_tokens")), millionths(dollars)


def _used_by_models(fields: Fields) -> Counts | None:
    """What all models of a run used, those of its sub-agents among them; None where it is not said by model."""
    models = [fields_of(each) for each in _models(fields)]
    names = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens", "outputTokens")
    fresh, cached, made, out = (sum_of(*(told_count(model.get(name)) for model in models)) for name in names)
    whole = sum_of(fresh, cached, made)
    return (whole, cached, out, millionths(fields.get("total_cost_usd"))) if whole is not None else None


def _models(fields: Fields) -> list[object]:
    return list(fields_of(fields.get("modelUsage")).values())


def _said(part: Fields) -> Heard:
    if part.get("type") == "tool_use":
        given = fields_of(part.get("input"))
        what = next(
            (text_of(given[name]) for name in ("command", "file_path", "prompt", "pattern") if name in given), ""
        )
        return Heard(f"$ {text_of(part.get('name'))} {what}".rstrip())
    return Heard(text_of(part.get("text")))


def _answered(part: Fields) -> Heard:
    content = part.get("content")
    text = content if isinstance(content, str) else "\n".join(text_of(each.get("text")) for each in items_of(content))
    return Heard(text if part.get("type") == "tool_result" else "")


def _ended(fields: Fields) -> str:
    """What went wrong; what was said before is in the log already."""
    if fields.get("is_error") is not True:
        return ""
    errors = fields.get("errors")
    listed = [text_of(each) for each in errors] if isinstance(errors, list) else []
    return "\n".join(filter(None, (text_of(fields.get("result")), *listed))) or text_of(fields.get("subtype"))


CLAUDE = Vendor(
    name="claude",
    title="Claude Code",
    program="claude",
    launches=(Launch((2, 1), _WORDS, (*_WORDS, "--resume", "{session}")),),
    hear=_hear,
    hook=HookForm(
        ".claude/settings.local.json",
        ".claude/settings.json",
        (STOP, "SessionStart", SUB_AGENT_BEGINS, SUB_AGENT_ENDS),
        HookWay.JSON_ARGUMENT,
        tools="Bash|Edit|Write|MultiEdit|NotebookEdit",
    ),
    managed="etc/claude-code/managed-settings.d/onloop.json",
    login=Login(
        (".claude/.credentials.json",),
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
    ),
    tried="2.1.332",
    trap="it lets an agent stop after 8 blocks in a row, and whenever a hook crashes or is late",
    window=200_000,
    inherits=(
        *("ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL", "ANTHROPIC_CUSTOM_HEADERS", "CLAUDE_CODE_USE_BEDROCK"),
        *("CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_AUTOUPDATER"),
        *("DISABLE_TELEMETRY", "AWS_PROFILE", "AWS_REGION", "CLOUD_ML_REGION", "ANTHROPIC_VERTEX_PROJECT_ID"),
    ),
)
