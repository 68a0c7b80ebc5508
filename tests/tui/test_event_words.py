"""Every event can be told in words, and nothing that the log holds breaks the telling."""

from __future__ import annotations

import json
import types
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onloop.records import Record, fields_of, replace
from onloop.store.codec import EVENTS
from onloop.store.port import Recorded
from onloop_tui.model.drawing.terminal_text import is_safe
from onloop_tui.model.drawing.text_line import Tone, plain, width_of
from onloop_tui.model.filter.filter_terms import FilterProblem
from onloop_tui.model.log.event_words import EVENT_TEXTS, event_text_of, is_housekeeping, names_in, tone_of
from onloop_tui.model.log.log_rows import LogFilter, event_line, event_lines, heading_line, parse
from support.tui_scenes import MINUTE, NOON

EVENT = Recorded(7, "r1", 5, "r1.2", 3, "GateReported", "{}", NOON, "verifier:v1", "key-1", "ab" * 32)


def gate(verdict: str, summary: str = "3 of 14 failed") -> Recorded:
    data = f'{{"evidence": {{"gate": "tests", "verdict": "{verdict}", "summary": "{summary}"}}}}'
    return replace(EVENT, data=data)


def _has(kind: object, path: list[str]) -> bool:
    if not path:
        return True
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return any(_has(each, path) for each in typing.get_args(kind))
    if not (isinstance(kind, type) and issubclass(kind, Record)):
        return False
    hints = typing.get_type_hints(kind)
    return path[0] in set(fields_of(kind)) and _has(hints[path[0]], path[1:])


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_has_words_made_of_fields_that_it_has(name: str) -> None:
    told = EVENT_TEXTS[name]
    for path in (*names_in(told.what), *names_in(told.more)):
        assert _has(EVENTS[name], path.split(".")), f"{name} has no field {path}"


def test_nothing_is_told_that_does_not_exist() -> None:
    assert EVENT_TEXTS.keys() <= EVENTS.keys()


def test_an_event_is_told_by_what_happened_and_the_rest_of_it() -> None:
    assert event_text_of(gate("fail")) == ("gate tests: fail", "3 of 14 failed")
    moved = replace(EVENT, name="Moved", data='{"state": "input_required", "reason": "gate_failed", "detail": "no"}')
    assert event_text_of(moved) == ("is input required", "gate failed no")
    assert (tone_of(gate("pass")), tone_of(gate("error")), tone_of(moved)) == (Tone.GOOD, Tone.BAD, Tone.ACCENT)


def test_what_a_field_holds_is_never_looked_at_for_fields() -> None:
    assert event_text_of(gate("fail", "{evidence.gate} {task}"))[1] == "{evidence.gate} {task}"


def test_an_event_of_a_newer_onloop_is_told_by_its_name() -> None:
    event = replace(EVENT, name="WaveOpened", data='{"wave": 2}')
    assert event_text_of(event) == ("wave opened", '{"wave": 2}')
    assert not is_housekeeping(event)


def test_data_that_nests_without_end_is_shown_as_it_is_stored() -> None:
    event = replace(EVENT, data="[" * 3_000)
    assert event_text_of(event)[0] == "gate"
    assert "┆ [[[[" in plain(event_lines(event, 60)[5])


@settings(max_examples=40)
@given(st.sampled_from([*EVENTS, "Other"]), st.text(), st.text(), st.integers(30, 200))
def test_no_data_breaks_a_row_or_the_event_shown_whole(name: str, data: str, by: str, width: int) -> None:
    for stored in (data, json.dumps({"detail": data}), '{"evidence": [1, {"gate": null}]}'):
        event = replace(EVENT, name=name, data=stored, principal=by, task=by)
        row = event_line(event, width)
        assert is_safe(plain(row)) and width_of(row) <= width
        assert all(is_safe(plain(shown)) for shown in event_lines(event, width))
        tone_of(event)
    assert width_of(heading_line(0, width)) <= width


def test_the_event_whole_names_its_fields_and_what_seals_it() -> None:
    whole = [plain(shown) for shown in event_lines(gate("fail", "one\\ntwo"), 100)]
    assert "┆ evidence.summary: one" in whole and "┆     two" in whole
    assert "hash  " + EVENT.hash in whole and "key   key-1" in whole
    assert "run   r1, its event 5" in whole


def _found(query: str, event: Recorded, now: int = NOON) -> bool:
    wanted = parse(query, housekeeping=True)
    assert isinstance(wanted, LogFilter)
    return wanted.test()(event, now)


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("task:r1.2", True),
        ("task:r1.3", False),
        ("run:r*", True),
        ("by:verifier event:gate", True),
        ("event:GateReported,Moved", True),
        ("event:moved", False),
        ("!by:verifier", False),
        ("3 failed", True),
        ('"3 of 14"', True),
        ("!nothing", True),
        ("age:>2m", True),
        ("age:<2m", False),
    ],
)
def test_the_log_is_filtered_by_the_grammar_of_the_other_filters(query: str, fits: bool) -> None:
    assert _found(query, gate("fail"), NOON + 3 * MINUTE) is fits


def test_an_unknown_field_is_said_with_what_would_work() -> None:
    problem = parse("gate:tests", housekeeping=True)
    assert isinstance(problem, FilterProblem)
    assert "unknown field 'gate'" in problem.words and "event:" in problem.words


def test_housekeeping_is_left_out_where_only_facts_are_wanted() -> None:
    wanted = parse("", housekeeping=False)
    assert isinstance(wanted, LogFilter) and wanted
    fits = wanted.test()
    assert not fits(replace(EVENT, name="LeaseEnded"), NOON)
    assert fits(gate("pass"), NOON)
