"""A terminal that knows as much as our driver sends: moves, pens and characters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rich.cells import cell_len

_TOKEN = re.compile(
    r"\x1b\[(\d+);(\d+)H|\x1b\[([\d;]*)m|\x1b\[\??[\d;$]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(.)", re.DOTALL
)


@dataclass
class DrawnCells:
    """The cells by row and column: a character with its marks, and the pen that it was drawn with."""

    cells: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    _at: tuple[int, int] = (0, 0)
    _pen: tuple[str, str, str] = ("", "", "")

    def feed(self, sent: str) -> None:
        """Obey what is sent."""
        for match in _TOKEN.finditer(sent):
            row, column, codes, char = match.groups()
            if row:
                self._at = (int(row) - 1, int(column) - 1)
            elif codes is not None:
                self._turn(codes.split(";"))
            elif char and char >= " ":
                self._draw(char)

    def text(self, height: int) -> str:
        """The rows, without what is behind the last character of each."""
        rows: list[list[str]] = [[] for _ in range(height)]
        for (y, _), (char, _) in sorted(self.cells.items()):
            if y < height:
                rows[y].append(char)
        return "\n".join("".join(row).rstrip() for row in rows)

    def _draw(self, char: str) -> None:
        y, x = self._at
        wide = cell_len(char)
        if not wide:
            text, pen = self.cells.get((y, x - 1), ("", ""))
            self.cells[y, x - 1] = (text + char, pen)
            return
        self.cells[y, x] = (char, ";".join(self._pen) if char != " " else self._pen[2])
        if wide > 1:
            self.cells[y, x + 1] = ("", "")
        self._at = (y, x + wide)

    def _turn(self, codes: list[str]) -> None:
        attributes, ink, paper = self._pen
        while codes:
            code = codes.pop(0)
            if code in {"", "0"}:
                attributes, ink, paper = "", "", ""
            elif code in {"38", "48"}:
                count = 4 if codes[0] == "2" else 2
                colour, codes = ":".join([code, *codes[:count]]), codes[count:]
                ink, paper = (colour, paper) if code == "38" else (ink, colour)
            elif code in {"39", "49"}:
                ink, paper = ("", paper) if code == "39" else (ink, "")
            elif 30 <= int(code) <= 37 or 90 <= int(code) <= 97:
                ink = code
            elif 40 <= int(code) <= 47 or 100 <= int(code) <= 107:
                paper = code
            else:
                attributes += f" {code}"
        self._pen = (attributes, ink, paper)
