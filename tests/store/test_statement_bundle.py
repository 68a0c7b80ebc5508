"""Several statements in one message: each answered, prepared once, and none after an error."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.store.postgres.database_link import DatabaseLink
from support.team_store import team_server

NOTED = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(), st.binary())
CASTS = {bool: "boolean", int: "bigint", str: "text", bytes: "bytea", type(None): "text"}


@pytest.fixture(scope="module")
def link() -> Iterator[DatabaseLink]:
    made = DatabaseLink(team_server().url("postgres", "postgres"), "team", 30_000)
    yield made
    made.drop()


@given(values=st.lists(NOTED.filter(lambda value: not isinstance(value, str) or value.isprintable()), max_size=6))
def test_values_of_every_type_come_back_as_they_went(link: DatabaseLink, values: list[object]) -> None:
    statements = [(f"SELECT %s::{CASTS[type(value)]}", (value,)) for value in values]

    assert link.together(statements) == [[(value,)] for value in values]


@given(texts=st.lists(st.text().map(lambda text: text.encode("utf-8", "ignore").decode()), max_size=4))
def test_a_list_of_texts_is_one_value(link: DatabaseLink, texts: list[str]) -> None:
    plain = [text.replace("\0", "").replace("\x01", "") for text in texts]

    assert link.rows("SELECT count(*) FROM unnest(%s::text[]) AS given WHERE given = ANY (%s)", (plain, plain)) == [
        (len(plain),)
    ]


def test_nothing_after_an_error_is_done_and_the_connection_goes_on(link: DatabaseLink) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        link.together([("BEGIN", ()), ("SELECT 1 / 0", ()), ("CREATE TABLE never (a bigint)", ()), ("COMMIT", ())])
    link.give_up()

    assert link.together([("SELECT 2", ()), ("SELECT to_regclass('never') IS NULL", ())]) == [[(2,)], [(True,)]]


def test_a_statement_is_prepared_once_and_again_over_a_new_connection(link: DatabaseLink) -> None:
    def prepared() -> int:
        return int(link.rows("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT 40%'")[0][0])

    for _ in range(3):
        link.rows("SELECT 40 + %s", (2,))
    before = prepared()
    link.drop()

    assert before == 1
    assert prepared() == 0
    assert link.rows("SELECT 40 + %s", (2,)) == [(42,)]


def test_more_than_a_socket_holds_goes_both_ways(link: DatabaseLink) -> None:
    large = "x" * 3_000_000

    found = link.together([("SELECT %s::text", (large,))] * 4)

    assert found == [[(large,)]] * 4
