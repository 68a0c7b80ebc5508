"""What is kept beside the log is a row of some kind; the kinds are listed in `rows`."""

from __future__ import annotations

from onloop.records import Record


class StoreRow(Record):
    """Something kept beside the log."""
