"""Trouble on demand: what the test forge does instead of, or after, what it was asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

FaultKind = Literal[
    "error",  # 500
    "limits",  # 403 with nothing left until `seconds` from now
    "secondary",  # 403 with retry-after
    "many",  # 429 with retry-after
    "slow",  # one byte a second, for `seconds`
    "html",  # 200, and a page for people
    "truncated",  # half a body
    "redirect",  # 302 to `to`
    "lost",  # it is done, and the connection ends without an answer
    "other",  # another repository's data
    "forbidden",  # 403: the token has lost a right
    "unauthorized",  # 401
    "gone",  # 404
    "garbage",  # JSON that is no object and no list
]


@dataclass
class Fault:
    """One kind of trouble for requests whose `METHOD /path` matches, so many times."""

    kind: FaultKind
    match: str = ""
    times: int = 1
    seconds: float = 60.0
    to: str = ""

    def takes(self, request: str) -> bool:
        """Whether it happens to this request; it is then used up by one."""
        if self.times <= 0 or not re.search(self.match, request):
            return False
        self.times -= 1
        return True
