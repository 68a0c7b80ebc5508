"""A run's chain says the same bytes as canonical JSON, for every column that can be stored, and for others."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.digest import LARGEST, canonical, canonical_row
from onloop.store.chain import GENESIS, columns_of, link, row_link
from onloop.store.port import Recorded

TEXT = st.text(max_size=40)
NUMBER = st.integers(0, LARGEST)
ANY = st.one_of(TEXT, st.integers(-LARGEST, LARGEST), st.none(), st.booleans())
EVENT = Recorded(7, "r1", 5, "r1.2", 3, "Moved", '{"detail":"ä\n"}', 1_700_000_000_000, "human:ana", "k", "00" * 32)


@given(TEXT, st.tuples(NUMBER, TEXT, NUMBER, TEXT, NUMBER, TEXT, TEXT, NUMBER, TEXT, TEXT, TEXT))
def test_a_link_covers_the_canonical_json_of_every_column_but_sequence_and_hash(
    previous: str, row: tuple[int, str, int, str, int, str, str, int, str, str, str]
) -> None:
    assert row_link(previous, row) == sha256(canonical([previous, *row[1:10]])).hexdigest()


@given(TEXT, st.tuples(*[ANY] * 11))
def test_columns_of_other_types_are_hashed_as_a_row_of_them_is(previous: str, row: tuple[object, ...]) -> None:
    expected = sha256(canonical_row((previous, *row[1:10]))).hexdigest()  # type: ignore[arg-type]

    assert row_link(previous, row) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("column", [2, 4, 7])
@pytest.mark.parametrize("number", [LARGEST + 1, -LARGEST - 1])
def test_a_number_that_json_cannot_carry_has_no_hash(column: int, number: int) -> None:
    row = columns_of(EVENT)

    with pytest.raises(ValueError, match="too large for canonical JSON"):
        row_link(GENESIS, (*row[:column], number, *row[column + 1 :]))  # type: ignore[arg-type]


def test_the_format_of_the_chain_is_fixed() -> None:
    assert link(GENESIS, EVENT) == "5e3e16112a149dff7983399d1498d559e92014debc8634167e5fb002af31e8c0"
