"""OpenCode."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.agents.vendors.vendor import (
    Counts,
    Fields,
    Heard,
    Launch,
    Login,
    OwnFile,
    Vendor,
    count_of,
    fields_of,
    millionths,
    sum_of,
    text_of,
    told_count,
)

_WORDS = ("opencode", "run", "--format", "json", "--auto", "{flags}")


def _hear(fields: Fields) -> Iterator[Heard]:
    """Events of `opencode run --format json`; at the end of each step it says how many tokens its request had."""
    part, session = fields_of(fields.get("part")), text_of(fields.get("sessionID"))
    match fields.get("type"):
        case "text" | "reasoning":
            yield Heard(text_of(part.get("text")), session, works=True)
        case "tool_use":
            state = fields_of(part.get("state"))
            yield Heard(f"$ {text_of(part.get('tool'))} {text_of(state.get('title'))}".rstrip(), session, works=True)
            yield Heard(text_of(state.get("output")) or text_of(state.get("error")))
        case "step_finish":
            told = fields_of(part.get("tokens"))
            used = _used(told, part.get("cost"))
            yield Heard(session=session, tokens=count_of(told.get("total")), used=used, message=text_of(part.get("id")))
        case "error":
            failed = fields_of(fields.get("error"))
            yield Heard(text_of(fields_of(failed.get("data")).get("message")) or text_of(failed.get("name")), session)
        case _:
            yield Heard(session=session)


def _used(tokens: Fields, dollars: object) -> Counts:
    cache = fields_of(tokens.get("cache"))
    cached = told_count(cache.get("read"))
    whole = sum_of(told_count(tokens.get("input")), cached, told_count(cache.get("write")))
    out = sum_of(told_count(tokens.get("output")), told_count(tokens.get("reasoning")))
    return whole, cached, out, millionths(dollars)


OPENCODE = Vendor(
    name="opencode",
    title="OpenCode",
    program="opencode",
    launches=(Launch((1, 18), _WORDS, (*_WORDS, "--session", "{session}")),),
    hear=_hear,
    hook=None,
    login=Login((".local/share/opencode/auth.json",), ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY")),
    tried="1.18.33",
    own_file=OwnFile(".opencode/plugins/onloop.js", ".config/opencode/plugins/onloop.js"),
    trap="it has no hook at the end of a turn: the worker hands in what it committed, and resumes it with the answer",
    inherits=(
        "OPENCODE_CONFIG_CONTENT",
        "OPENCODE_DISABLE_MODELS_FETCH",
        "OPENCODE_DISABLE_AUTOUPDATE",
        "ANTHROPIC_BASE_URL",
    ),
)
