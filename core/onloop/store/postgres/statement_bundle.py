"""Statements that go to the server in one message, each prepared when it is first used.

psycopg's own pipeline waits for the socket at each statement, which costs several times what the statement does; here
libpq is told all of them, and waited for once.
"""

from __future__ import annotations

import re
import select
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from psycopg import Error, OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from onloop.store.postgres.stored_text import stored

Statement = tuple[str, Sequence[Any]]
Rows = list[tuple[Any, ...]]

_BIGINT, _BOOLEAN = 20, 16
_READERS: Mapping[int, Callable[[bytes], Any]] = MappingProxyType(
    {
        _BIGINT: int,
        21: int,
        23: int,
        _BOOLEAN: lambda value: value == b"t",
        17: lambda value: bytes.fromhex(value[2:].decode("ascii")),
    }
)
"""How a value is read, by the number of its type; any other is text."""

_PLACE = re.compile(r"%[sb]")
_Key = tuple[str, tuple[int, ...]]


class StatementBundle:
    """Sends statements over one connection, on which nothing else is under way."""

    def __init__(self, connection: PGconn) -> None:
        self._connection = connection
        self._prepared = dict[_Key, bytes]()
        self._count = 0

    def carry_out(self, statements: Sequence[Statement]) -> list[Rows]:
        """Carry out all, in order; the answer is the rows of each. The first error ends them, and is raised."""
        told = [(query, *_encoded(stored(values))) for query, values in statements]
        connection = self._connection
        connection.enter_pipeline_mode()
        try:
            new = [self._send(*each) for each in told]
            connection.pipeline_sync()
            found, problem = self._answers(new)
        except BaseException:  # answers may be on their way, which nobody would know from those to the next message
            connection.finish()
            raise
        connection.exit_pipeline_mode()
        if problem is not None:
            raise problem
        return found

    def _send(
        self, query: str, types: tuple[int, ...], values: Sequence[bytes | None], formats: Sequence[int]
    ) -> tuple[_Key, bytes] | None:
        """Send one; the answer is what it is prepared as, if that is new."""
        key, new = (query, types), None
        name = self._prepared.get(key)
        if name is None:
            self._count += 1
            name = b"onloop%d" % self._count
            new = key, name
            self._connection.send_prepare(name, _numbered(query), types)
        self._connection.send_query_prepared(name, values, formats)
        return new

    def _answers(self, new: Sequence[tuple[_Key, bytes] | None]) -> tuple[list[Rows], Error | None]:
        """Read every answer; the rows of each, and the first error among them."""
        found, problem = list[Rows](), None
        expected = [(made, is_preparing) for made in new for is_preparing in ((True, False) if made else (False,))]
        for made, is_preparing in expected:
            result = self._next()
            if result.status in {ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED}:
                problem = problem or error_from_result(result)
            elif is_preparing and made is not None:
                self._prepared[made[0]] = made[1]
            else:
                found.append(_rows_of(result))
        self._next()  # the end of the message
        return found, problem

    def _next(self) -> PGresult:
        """The next answer; OperationalError where the connection is gone."""
        connection = self._connection
        for _ in range(3):  # nothing comes between two answers
            while connection.flush():
                select.select([connection.socket], [connection.socket], [])
                connection.consume_input()
            while connection.is_busy():
                select.select([connection.socket], [], [])
                connection.consume_input()
            result = connection.get_result()
            if result is not None:
                if connection.status != 0:
                    raise error_from_result(result)
                return result
        raise OperationalError("the connection to the server was lost")


@lru_cache(maxsize=1024)
def _numbered(query: str) -> bytes:
    """The statement with the places for its values as PostgreSQL names them."""
    numbers = iter(range(1, 10_000))
    return _PLACE.sub(lambda _: f"${next(numbers)}", query).encode()


def _encoded(values: Sequence[Any]) -> tuple[tuple[int, ...], list[bytes | None], list[int]]:
    """The types of values, the values as they are sent, and their formats."""
    types = tuple(_BOOLEAN if type(each) is bool else _BIGINT if type(each) is int else 0 for each in values)
    formats = [int(Format.BINARY if type(each) is bytes else Format.TEXT) for each in values]
    return types, [_sent(each) for each in values], formats


def _sent(value: Any) -> bytes | None:
    if type(value) is str:
        return value.encode()
    if value is None or type(value) is bytes:
        return value
    if type(value) is list:
        return f"{{{','.join(map(_element, value))}}}".encode()
    return str(value).encode()


def _element(value: object) -> str:
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _rows_of(result: PGresult) -> Rows:
    columns = range(result.nfields)
    readers = [_READERS.get(result.ftype(column)) for column in columns]
    return [
        tuple(_value(result.get_value(row, column), readers[column]) for column in columns)
        for row in range(result.ntuples)
    ]


def _value(value: bytes | None, reader: Callable[[bytes], Any] | None) -> Any:
    if value is None:
        return None
    return value.decode() if reader is None else reader(value)
