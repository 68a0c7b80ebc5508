"""What vendors' output says of tokens and cost, as their documentation has it, and how a run is added up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from onloop.agents.acp.acp_updates import AcpUpdates
from onloop.agents.acp.heard_line import hear_line, line_of
from onloop.agents.agent_output import AgentOutput
from onloop.agents.usage_meter import MOST_MESSAGES
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.machine.usage import Usage


def heard(vendor: str, *lines: dict[str, Any]) -> AgentOutput:
    output = AgentOutput(VENDORS[vendor].hear)
    for line in lines:
        output.feed(json.dumps(line).encode() + b"\n")
    return output


def answer(name: str, fresh: int, cached: int, out: int, parent: str | None = None) -> dict[str, Any]:
    """A line of Claude Code about one message."""
    usage = {"input_tokens": fresh, "cache_read_input_tokens": cached, "output_tokens": out}
    message = {"id": name, "model": "claude-opus-5", "usage": usage, "content": []}
    return {"type": "assistant", "session_id": "s", "parent_tool_use_id": parent, "message": message}


def test_a_message_of_claude_that_comes_in_several_lines_counts_once_and_one_of_a_sub_agent_counts_too() -> None:
    output = heard("claude", answer("m1", 10, 90, 1), answer("m1", 10, 90, 5), answer("m2", 1, 0, 1, "tool-1"))

    assert output.meter.run == Usage(101, 90, 6)
    assert output.meter.model == "claude-opus-5"
    assert output.tokens == 105, "the context is that of the agent itself"


def test_what_claude_says_at_its_end_counts_in_the_place_of_its_messages() -> None:
    by_model = {
        "claude-opus-5": {
            "inputTokens": 100,
            "cacheReadInputTokens": 900,
            "outputTokens": 50,
            "contextWindow": 200_000,
        },
        "claude-haiku-5": {"inputTokens": 7, "cacheCreationInputTokens": 3, "outputTokens": 5},
    }
    end = {"type": "result", "total_cost_usd": 0.1234567, "modelUsage": by_model, "usage": {"input_tokens": 100}}

    assert heard("claude", answer("m1", 5_000, 0, 1), end).meter.run == Usage(1_010, 900, 55, 123_457)
    plain = {"type": "result", "total_cost_usd": 0, "usage": {"input_tokens": 4, "output_tokens": 2}}
    assert heard("claude", plain).meter.run == Usage(4, None, 2, 0)


def test_codex_says_at_the_end_of_a_turn_what_its_session_used_and_no_cost() -> None:
    def turn(went_in: int, cached: int, out: int) -> dict[str, Any]:
        usage = {"input_tokens": went_in, "cached_input_tokens": cached, "output_tokens": out}
        return {"type": "turn.completed", "usage": usage}

    meter = heard("codex", turn(16_504, 16_000, 20), turn(85_681, 80_000, 40)).meter

    assert (meter.session, meter.run) == (Usage(85_681, 80_000, 40), Usage())


def test_gemini_says_at_its_end_what_its_run_used_thoughts_included_and_no_cost() -> None:
    begin = {"type": "init", "session_id": "s", "model": "gemini-3-pro"}
    stats = {"total_tokens": 130, "input_tokens": 100, "output_tokens": 20, "cached": 60, "duration_ms": 5}
    meter = heard("gemini", begin, {"type": "result", "status": "success", "stats": stats}).meter

    assert (meter.run, meter.model) == (Usage(100, 60, 30), "gemini-3-pro")


def test_opencode_says_of_each_step_what_it_used_and_cost() -> None:
    def step(name: str, cost: float) -> dict[str, Any]:
        tokens = {"total": 160, "input": 10, "output": 20, "reasoning": 5, "cache": {"read": 100, "write": 25}}
        part = {"id": name, "type": "step-finish", "tokens": tokens, "cost": cost}
        return {"type": "step_finish", "sessionID": "s", "part": part}

    assert heard("opencode", step("a", 0.01), step("b", 0.5), step("b", 0.5)).meter.run == Usage(270, 200, 50, 510_000)


def test_an_acp_agent_says_what_its_session_cost_and_only_dollars_are_taken() -> None:
    def update(amount: object, currency: str = "USD") -> dict[str, Any]:
        cost = {"amount": amount, "currency": currency}
        return {"sessionUpdate": "usage_update", "used": 53_000, "size": 200_000, "cost": cost}

    output, updates = AgentOutput(hear_line), AcpUpdates("s")
    for each in (update(0.045), update(9, "EUR"), update(0.05), update("1"), update(float("inf"))):
        for said in updates.hear(each):
            output.feed(json.dumps(line_of(said)).encode() + b"\n")

    assert (output.meter.session, output.meter.run) == (Usage(micro_usd=50_000), Usage())
    assert output.percent == 26


@pytest.mark.parametrize("odd", [None, -1, True, 1.5, "7", [], {}, 10**40, float("nan"), float("-inf")])
def test_a_figure_of_another_shape_is_not_told_and_a_huge_one_is_cut(odd: object) -> None:
    message = {"id": odd, "usage": {"input_tokens": odd, "output_tokens": odd}, "model": odd}
    end = {"type": "result", "total_cost_usd": odd, "modelUsage": {"m": odd}, "usage": odd}
    meter = heard("claude", {"type": "assistant", "message": message}, end).meter

    assert meter.run.tokens in (None, 2 * 10**12)
    assert meter.run.micro_usd in (None, 1_500_000)


def test_more_messages_than_are_remembered_are_summed_all_the_same() -> None:
    output = heard("claude", *(answer(f"m{number}", 1, 0, 1) for number in range(3 * MOST_MESSAGES)))

    assert output.meter.run.tokens == 6 * MOST_MESSAGES


def test_more_from_a_cache_than_went_in_is_cut_so_that_the_rest_counts() -> None:
    stats = {"type": "result", "stats": {"input_tokens": 5, "cached": 9, "output_tokens": 1}}
    assert heard("gemini", stats).meter.run == Usage(5, 5, 1)
    alone = {"type": "result", "stats": {"cached": 9, "output_tokens": 1}}
    assert heard("gemini", alone).meter.run == Usage(None, None, 1)
