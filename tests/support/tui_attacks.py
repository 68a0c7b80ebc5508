"""Text as somebody would write it who wants the terminal, the layout or the reader to do something."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, get_args

from rich.cells import cell_len

from onloop.machine.limits import Text
from onloop_tui.app import Dashboard

OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""What a terminal, or a renderer of text, would act on instead of showing it."""

_ESCAPES = (
    "\x1b]0;owned\x07",
    "\x1b]2;owned\x1b\\",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b]8;;http://evil\x1b\\x\x1b]8;;\x1b\\",
    "\x1b]9;call me\x07",
    "\x1b[2J\x1b[H\x1b[?1049l",
    "\x1bPtmux;\x1b\x1b]0;owned\x07\x1b\\",
    "\x1b[31;7m",
    "\x1bc",
    "\x9b31m",
    "\x9d0;owned\x9c",
    "\x90x\x9c",
)
_MARKUP = ("[/]", "[/foo]", "[@click=app.quit]x[/]", "[link=http://x]y", "[red", "$name {x} %s %(a)s", "\\[", "{0}")
_SCRIPTS = ("日本語", "שלום", "مرحبا", "ไทย", "한국어", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "é", "ﷺ", "𒐫", "⸻", "꧅")
_LETTERS = "abc XYZ 0129 .,:;_-/\\'\"<>&|"


def fitting(text: str, kind: Any) -> str:
    """As much of the text as the door takes for a field of that kind: more is refused, so no screen comes to see it."""
    limit = next(mark for mark in get_args(kind) if isinstance(mark, Text))
    return text[: limit.most]


def hostile_strings(count: int, seed: int = 7) -> list[str]:
    """So many strings, always the same ones: each a mix of what breaks terminals, layouts and parsers."""
    chance = random.Random(seed)  # noqa: S311 - variety, no secret
    return [_string(chance, number) for number in range(count)]


def _string(chance: random.Random, number: int) -> str:
    makers: Sequence[Callable[[random.Random], str]] = (
        lambda c: c.choice(_ESCAPES),
        lambda c: "".join(chr(c.choice((*range(0x20), *range(0x7F, 0xA0)))) for _ in range(8)),
        lambda c: "".join(c.choice("\u202a\u202e\u2066\u2069\u200b\u200d\ufeff\u00ad\u061c") + "x" for _ in range(5)),
        lambda c: "z" + "".join(chr(c.randrange(0x300, 0x36F)) for _ in range(c.randrange(2, 200))),
        lambda c: c.choice(_SCRIPTS) * c.randrange(1, 30),
        lambda c: c.choice(_MARKUP),
        lambda c: c.choice("xW─█日") * c.choice((1, 80, 5_000)),
        lambda c: "\n".join("line" for _ in range(c.randrange(2, 60))),
        lambda c: c.choice(
            ("\r✓ passed", "\u2028", "\u2029", "\t\t", "\x00", "\ufe0f", "\U000e0041", "\ue000", "\uffff")
        ),
        lambda c: "".join(chr(c.choice((c.randrange(0x20, 0xD800), c.randrange(0xE000, 0x2FFFF)))) for _ in range(12)),
        lambda c: "".join(c.choice(_LETTERS) for _ in range(20)),
    )
    parts = [chance.choice(makers)(chance) for _ in range(chance.randrange(1, 4))]
    return f"{number}" + "".join([makers[number % len(makers)](chance), *parts])


def assert_harmless(app: Dashboard, size: tuple[int, int]) -> None:
    """Every row of the screen is as wide as it, holds nothing that is obeyed, and no action of data's making."""
    for strip in app.screen._compositor.render_strips():
        text = "".join(segment.text for segment in strip)
        obeyed = [f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in OBEYED]
        assert not obeyed, f"{obeyed} in {text!r}"
        assert cell_len(text) == size[0], f"{cell_len(text)} columns: {text!r}"
        assert "@click" not in {key for segment in strip if segment.style for key in segment.style.meta}
