"""How a person wants a view's rows: which columns, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from onloop.views.task_columns import COLUMNS, OTHER_WAY, ColumnProblem, columns_named, order_named, order_words


@dataclass(frozen=True, slots=True)
class RowArrangement:
    """The columns, in their order, and by which of them rows stand; empty: as the view has them by itself."""

    columns: tuple[str, ...] = ()
    order: str = ""

    def __bool__(self) -> bool:
        return bool(self.columns or self.order)

    def after(self, orders: Sequence[str]) -> RowArrangement:
        """The same in the next of these orders; after the last in the view's own."""
        way = [*(self.columns or orders), ""]
        here = self.order.removeprefix(OTHER_WAY)
        return replace(self, order=way[(way.index(here) + 1) % len(way)] if here in way else way[0])

    def by(self, order: str) -> RowArrangement:
        """The same in this order, and the other way round if it is in force already."""
        name = order.removeprefix(OTHER_WAY)
        turned = name if name != order else f"{OTHER_WAY}{name}"
        return replace(self, order=turned if self.order == order else order)

    @property
    def words(self) -> str:
        """The order in words."""
        return order_words(self.order) if self.order else "as it stands by itself"


def arrangement_of(columns: str, order: str) -> RowArrangement:
    """What was written down of it; what names no column any more is left out."""
    named, by = columns_named(columns), order_named(order)
    known = () if isinstance(named, ColumnProblem) else named
    return RowArrangement(known, "" if isinstance(by, ColumnProblem) else by)


def choosable(chosen: Sequence[str]) -> tuple[str, ...]:
    """Every column: the chosen ones first, in their order."""
    return (*chosen, *(name for name in COLUMNS if name not in chosen))
