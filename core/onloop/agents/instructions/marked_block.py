"""PURE: a block of ours in a page of somebody else's, between two marks: put in, replaced in place, taken out."""

from __future__ import annotations

from onloop.errors import BadInput

BEGIN = "<!-- onloop: begin. Made by `onloop instruct install`, which replaces it; write beside it. -->"
END = "<!-- onloop: end -->"
_BEGINS = "<!-- onloop: begin"


def page_with_block(page: str, text: str, name: str) -> str:
    """The page with the block, in the place of an older one, else at its end; BadInput where marks are broken."""
    newline = "\r\n" if page.partition("\n")[0].endswith("\r") else "\n"
    block = f"{BEGIN}\n{text}\n{END}\n".replace("\n", newline)
    found = _place(page, name)
    if found is not None:
        return page[: found[0]] + block + page[found[1] :]
    if not page.strip("\ufeff \t\r\n"):
        return page + block
    return page + ("" if page.endswith("\n") else newline) + newline + block


def page_without_block(page: str, name: str) -> str:
    """The page without the block, and without the empty line that came with it."""
    found = _place(page, name)
    if found is None:
        return page
    before, after = page[: found[0]], page[found[1] :]
    for empty in ("\r\n\r\n", "\n\n"):
        if before.endswith(empty) and not after:
            before = before[: -len(empty) // 2]
            break
    return before + after


def _place(page: str, name: str) -> tuple[int, int] | None:
    """Where the block is, with the end of its last line; None where there is none."""
    begin, end = page.find(_BEGINS), page.find(END)
    if begin < 0 and end < 0:
        return None
    doubled = page.count(_BEGINS) > 1 or page.count(END) > 1
    if begin < 0 or end < begin or doubled:
        last = max(page.rfind(_BEGINS), page.rfind(END))
        line = page.count("\n", 0, last) + 1
        raise BadInput(
            f"{name}:{line}: the marks of onloop's block are not one pair",
            hint=f"leave one {_BEGINS!r} … and one {END!r}, or none; nothing was changed",
        )
    end += len(END)
    for newline in ("\r\n", "\n"):
        if page.startswith(newline, end):
            return begin, end + len(newline)
    return begin, end
