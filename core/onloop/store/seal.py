"""The seal of a row: a digest over its columns that shows damage and changes made outside onloop.

It has no imports worth the name, because the short path of `onloop check` reads sealed rows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

if sys.version_info >= (3, 12):  # the bare C modules: hashlib would load OpenSSL, which costs more than the short path
    from _sha2 import sha256  # type: ignore[import-not-found]
else:
    from _sha256 import sha256  # type: ignore[import-not-found]

__all__ = ["added", "seal_of", "sha256"]

MODULUS = 1 << 256


def seal_of(table: str, values: Iterable[object]) -> str:
    """The digest of a row of `table`, sha256 hex; columns can neither swap bytes nor types without changing it."""
    said = ascii((table, *values))  # quotes and escapes keep columns and types apart, the same in every Python
    library = sys.modules.get("hashlib")  # OpenSSL's is five times as fast, where somebody has loaded it anyway
    return str((sha256 if library is None else library.sha256)(said.encode("ascii")).hexdigest())


def added(total: str, seal: str, times: int = 1) -> str:
    """The sum over a table's seals with one more of them (or, with `times` -1, one fewer); order does not matter."""
    return f"{(int(total, 16) + times * int(seal, 16)) % MODULUS:064x}"
