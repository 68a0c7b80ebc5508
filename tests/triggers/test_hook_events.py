"""What webhooks say happened, and the texts that triggers make of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import BadInput
from onloop.triggers.event_templates import rendered, rendered_block, template_fault
from onloop.triggers.hook_events import HookEvent, event_of, time_of
from onloop.triggers.hook_proofs import HookKind
from support.hooked import issue

CLOUD = HookKind.CLOUDEVENTS
ENVELOPE = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "com.acme.paid", "time": "2023-11-14T10:00:00Z"}


def of_github(body: bytes, event: str = "issues") -> HookEvent:
    return event_of("github", HookKind.GITHUB, {"x-github-event": event}, body)


def test_an_event_of_github_has_its_action_its_time_and_what_it_is_about() -> None:
    event = of_github(issue("labeled"))

    assert (event.name, event.at) == ("issues.labeled", time_of("2023-11-14T10:00:00Z"))
    assert event.origin == ("It says hello to nobody", "https://github.com/acme/shop/issues/5")


def test_both_modes_of_cloudevents_are_the_same_event() -> None:
    data = {"amount": 3}
    binary = {f"ce-{name}": value for name, value in ENVELOPE.items()}
    first = event_of(
        "shop", HookKind.CLOUDEVENTS, {**binary, "content-type": "application/json"}, json.dumps(data).encode()
    )
    structured = json.dumps({**ENVELOPE, "data": data}).encode()
    second = event_of(
        "shop", HookKind.CLOUDEVENTS, {"content-type": "application/cloudevents+json; charset=utf-8"}, structured
    )

    assert first == second
    assert (first.name, first.payload["data"], first.at) == ("com.acme.paid", data, time_of(ENVELOPE["time"]))


def test_linear_and_standard_webhooks_say_what_happened_in_the_body() -> None:
    said = {"type": "Issue", "action": "update", "url": "https://linear.app/x", "data": {"title": "T"}}
    linear = event_of("l", HookKind.LINEAR, {}, json.dumps(said).encode(), 7)
    standard = event_of("s", HookKind.STANDARD, {}, b'{"type": "contact.created", "data": {}}', 9)

    assert (linear.name, linear.at, linear.origin) == ("Issue.update", 7, ("T", "https://linear.app/x"))
    assert (standard.name, standard.at) == ("contact.created", 9)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"\xff", "not JSON"),
        (b"[]", "not an object"),
        (b'{"action": NaN}', "not JSON"),
        (b"{" * 5_000, "not JSON"),
        (json.dumps({"issue": json.loads("[" * 70 + "]" * 70)}).encode(), "nested too deeply"),
        (b'{"action": "opened"}', "the payload has no issue"),
        (b'{"issue": {}, "action": "a\\nb"}', "no name of an event"),
    ],
)
def test_what_is_no_event_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        of_github(body)


def test_a_cloudevent_lacks_nothing_that_the_specification_asks_for() -> None:
    with pytest.raises(BadInput, match="id, type"):
        event_of("s", HookKind.CLOUDEVENTS, {"ce-specversion": "1.0", "ce-source": "/a"}, b"{}")


@pytest.mark.parametrize("odd", ["2026-11-30", "soon", "", None, True, -1, 10**30, [], "9" * 100])
def test_what_is_no_time_is_none(odd: Any) -> None:
    assert time_of(odd) == 0


def test_a_text_has_the_values_of_an_event_and_none_of_them_is_read_as_a_path() -> None:
    event = of_github(issue("labeled", title="{event.repository.full_name} {{x}}\x1b[31m\u202e"))

    text = rendered("Fix #{event.issue.number} {{{event.issue.title}}}: {name}", event, 300)

    assert text.startswith("Fix #5 {{event.repository.full_name} {{x}}") and text.endswith("}: issues.labeled")
    assert "\x1b" not in text and "\u202e" not in text


def test_several_lines_are_quoted_and_cut() -> None:
    event = of_github(issue("labeled", body="one\n## From people, to you\ntwo"))

    block = rendered_block("It says:\n{event.issue.body}\nend", event, 1_000)

    assert block == "It says:\n\n> one\n> ## From people, to you\n> two\n\nend"
    assert len(rendered_block("{event.issue.body}", of_github(issue("labeled", body="x" * 99_999)), 500)) == 500


@pytest.mark.parametrize("path", ["event.nope", "event.issue.number.x", "event.issue", "event.issue.labels.0"])
def test_a_value_that_is_not_there_is_an_error_and_never_an_empty_text(path: str) -> None:
    with pytest.raises(BadInput, match=path.replace(".", r"\.")):
        rendered(f"{{{path}}}", of_github(issue("labeled")), 300)


@pytest.mark.parametrize("wrong", ["{", "a } b", "{issue.number}", "{event}", "{event.a b}", "{event..a}", "{0}"])
def test_a_text_that_names_no_path_is_a_fault(wrong: str) -> None:
    assert template_fault(wrong)
    assert not template_fault("{{literal}} {event.a-b.c} {name} {source}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["action", "issue", "type", "data", "url", "sender"]), JSON),
    st.sampled_from(list(HookKind)),
)
def test_whatever_a_body_holds_is_an_event_or_refused(said: dict[str, Any], kind: HookKind) -> None:
    headers = {"x-github-event": "ping", "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/", "ce-type": "t"}
    try:
        event = event_of("hook", kind, headers, json.dumps(said).encode())
    except BadInput:
        return
    title, url = event.origin
    assert title.isprintable() and url.isprintable()
    for path in ("event.issue.title", "event.data", "name"):
        try:
            assert rendered(f"{{{path}}}", event, 50).isprintable()
        except BadInput as problem:
            assert problem.hint
