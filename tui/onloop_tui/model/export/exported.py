"""What is on the screen as text, Markdown or a picture: nothing in it is markup, a link or a call for anybody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from onloop.records import Record
from onloop.redaction import redacted
from onloop_tui.model.drawing.text_line import Line, Tone

_FONT_FACES = re.compile(r"@font-face\s*\{[^}]*\}")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLUMNS = re.compile(r"\s{2,}|\s*[│┃]\s*")
_DRAWN = re.compile(r"^[\s─━═▔▁▕▏█░▌▐┆]*$")
LONGEST_PATH = 1_000


class ExportForm(StrEnum):
    """In which form what is seen is written."""

    SVG = "svg"
    TEXT = "text"
    MD = "md"

    @property
    def suffix(self) -> str:
        """The end of the file's name."""
        return ".txt" if self is ExportForm.TEXT else f".{self.value}"


class ExportWanted(Record):
    """A form, and the path that was given; empty: a new name in the folder where the dashboard was started."""

    form: ExportForm
    path: str = ""


def wanted_of(words: str) -> ExportWanted | str:
    """What `FORM [PATH]` asks for, or what is wrong with it."""
    form, _, path = words.strip().partition(" ")
    if form not in {each.value for each in ExportForm}:
        return f"{form[:20]!r} is no form; give {', '.join(ExportForm)}, and a path if you like"
    path = path.strip()
    if len(path) > LONGEST_PATH or "\0" in path:
        return f"that path has {len(path)} characters; give at most {LONGEST_PATH}"
    return ExportWanted(ExportForm(form), path)


def masked(text: str, secrets: Sequence[str], home: str) -> str:
    """The text without secrets, and with the person's home as `~`."""
    shown = redacted(text, secrets)
    return shown.replace(home, "~") if len(home) > 1 else shown


def text_of(rows: Iterable[str]) -> str:
    """The rows as they are seen, without the blanks at their ends."""
    return "\n".join(row.rstrip() for row in rows).rstrip("\n") + "\n"


def markdown_of(title: str, rows: Iterable[str]) -> str:
    """The rows of a list, an item for each, its columns apart; lines that only draw are left out."""
    items = (" · ".join(filter(None, _COLUMNS.split(row.strip()))) for row in rows)
    told = (f"- {quoted_code(item)}" for item in items if not _DRAWN.match(item))
    return "\n".join((f"# {quoted_code(title)}", "", *told, ""))


def sheet_markdown(title: str, lines: Iterable[Line]) -> str:
    """A sheet: a heading for each of its sections, and an item for each line."""
    told = [f"# {quoted_code(title)}", ""]
    for line in lines:
        words = "".join(span.text for span in line).strip()
        if line and line[0].tone is Tone.HEADING:
            told += ["", f"## {quoted_code(words.strip('─ '))}", ""]
        elif not _DRAWN.match(words):
            told.append(f"- {quoted_code(words)}")
    return "\n".join((*told, ""))


def quoted_code(text: str) -> str:
    """The text as code, in which Markdown knows no markup, HTML, link or mention, whatever is in it."""
    words = " ".join(text.split()) or "-"
    fence = "`" * (max((len(run) for run in re.findall("`+", words)), default=0) + 1)
    return f"{fence} {words} {fence}" if "`" in words else f"`{words}`"


def svg_alone(svg: str) -> str:
    """The picture without anything that is elsewhere: no font is fetched; and well-formed, whatever was drawn."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", _FONT_FACES.sub("", svg))
