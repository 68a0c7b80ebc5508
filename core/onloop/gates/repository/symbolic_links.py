"""PURE: which symbolic links of a commit lead out of the repository, followed to their end as the kernel does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_MOST_FOLLOWED = 40
"""The kernel follows at most this many links."""

Links = Mapping[bytes, bytes]
"""Path → target, from the top of the repository."""


def new_ways_out(before: Links, after: Links, changed: Iterable[str]) -> tuple[str, ...]:
    """The links of `after` that lead out, if they are among `changed` or did not lead out in `before`.

    A change of one link can change where another, unchanged link leads.
    """
    touched = frozenset(changed)
    names = {path: path.decode("utf-8", "backslashreplace") for path in after}
    out = (path for path in after if leads_out(after, path))
    return tuple(sorted(names[path] for path in out if names[path] in touched or not leads_out(before, path)))


def leads_out(links: Links, path: bytes) -> bool:
    """Whether `path` leaves the repository anywhere on its way. Every absolute target counts as leaving.

    A name that is not a link is treated as a folder, because it may become one.
    """
    here: list[bytes] = []
    ahead = path.split(b"/")[::-1]
    followed = 0
    while ahead:
        name = ahead.pop()
        if name == b".." and not here:
            return True
        if name == b"..":
            here.pop()
        elif name not in {b"", b"."}:
            here.append(name)
            target = links.get(b"/".join(here))
            if target is not None:
                followed += 1
                if target.startswith(b"/"):
                    return True
                if followed > _MOST_FOLLOWED:
                    return False
                here.pop()
                ahead += target.split(b"/")[::-1]
    return False
