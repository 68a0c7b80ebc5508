"""Canonical JSON is RFC 8785's, for everything that can be stored."""

from __future__ import annotations

import pytest

from onloop.machine.digest import Json, canonical, canonical_row


def test_the_rfcs_own_example_of_sorting_comes_out_as_the_rfc_says() -> None:
    given = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    values = [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]
    text = canonical(given).decode()

    assert [text.index(value) for value in values] == sorted(text.index(value) for value in values)


def test_keys_inside_of_lists_and_objects_are_ordered_too() -> None:
    inner = {"\ufb33": 1, "\U0001f600": 2}

    assert canonical([{"a": inner}]).decode() == '[{"a":{"\U0001f600":2,"\ufb33":1}}]'


def test_strings_are_escaped_as_the_rfc_says() -> None:
    assert canonical('\u20ac$\u000f\nA\'B"\\\\"/\x7f').decode() == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**30])
def test_a_number_that_json_cannot_carry_everywhere_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="too large for canonical JSON"):
        canonical({"n": [number]})


@pytest.mark.parametrize("row", [('a"\n\x7f€\U0001f600', 7, ""), (2**53 - 1, "1" * 40), ()])
def test_a_row_is_said_as_the_list_it_is(row: tuple[str | int, ...]) -> None:
    assert canonical_row(row) == canonical(list(row))


@pytest.mark.parametrize("value", [[2**53], [-(2**53)], {"a": [1, 2**60]}, 2**53])
def test_a_large_number_is_seen_wherever_it_stands(value: Json) -> None:
    with pytest.raises(ValueError, match="too large"):
        canonical(value)


def test_a_row_holds_no_number_that_json_cannot_carry() -> None:
    with pytest.raises(ValueError, match="too large"):
        canonical_row(("a", 2**53))


def test_the_largest_number_that_can_travel_is_written_as_it_is() -> None:
    assert canonical([2**53 - 1, -(2**53) + 1]) == b"[9007199254740991,-9007199254740991]"
