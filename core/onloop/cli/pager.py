"""Long texts in a terminal: styled, a page at a time; plain everywhere else."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onloop.gates.repository.modes import umask_of_user
from onloop.guides.layout import Style, StyledLine, plain
from onloop.text import safe

LESS = "FRX"
"""What `less` is told where LESS is not set: leave if all fits, obey colours, and leave the text on the screen."""

_CODES: Mapping[Style, str] = {
    Style.TITLE: "1;4",
    Style.HEADING: "1",
    Style.STRONG: "1",
    Style.EMPHASIS: "3",
    Style.CODE: "36",
    Style.DIM: "2",
}


def is_terminal() -> bool:
    """Whether somebody reads stdout in a terminal that understands more than plain text."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def width(most: int = 100) -> int:
    """How many columns a text may take."""
    return min(shutil.get_terminal_size().columns, most)


def is_styled() -> bool:
    """Whether whoever reads sees styles: no terminal, no colour wanted, or a pager that obeys none, and they do not."""
    pager = pager_command(os.environ)
    return is_terminal() and not os.environ.get("NO_COLOR") and (not pager or _obeys_colours(pager, os.environ))


def show(lines: Sequence[StyledLine]) -> None:
    """Show the lines in the terminal, through the pager of the user's choice, if one can be run."""
    pager = pager_command(os.environ)
    draw = styled_text if is_styled() else plain
    text = "".join(f"{draw(line)}\n" for line in lines)
    if not (pager and paged(pager, text)):
        sys.stdout.write(text)
        sys.stdout.flush()


def styled_text(line: StyledLine) -> str:
    """The line with the terminal's own sequences around its pieces; nothing in a piece is one."""
    return "".join(
        f"\x1b[{_CODES[style]}m{safe(text)}\x1b[0m" if style in _CODES else safe(text) for text, style in line
    ).rstrip()


def pager_command(environ: Mapping[str, str]) -> list[str]:
    """The pager as an argv list, never for a shell: PAGER's words, else `less`; empty where none is wanted or found."""
    wanted = environ.get("PAGER")
    try:
        words = ["less"] if wanted is None else shlex.split(wanted)
    except ValueError:  # a quote that does not end
        return []
    if not words or words == ["cat"] or shutil.which(words[0], path=environ.get("PATH")) is None:
        return []
    return words


def _obeys_colours(pager: Sequence[str], environ: Mapping[str, str]) -> bool:
    options = [*environ.get("LESS", LESS).split(), *pager[1:]]
    short = (each for each in options if not each.startswith("--"))
    return Path(pager[0]).name == "less" and ("--RAW-CONTROL-CHARS" in options or any("R" in each for each in short))


def paged(pager: Sequence[str], text: str) -> bool:
    """Show the text in the pager; whether it was run. Who leaves early has read enough, and Ctrl+C is the pager's."""
    environ: dict[str, Any] = {**os.environ, "LESS": os.environ.get("LESS", LESS)}
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        subprocess.run(list(pager), input=text.encode(), env=environ, check=False, umask=umask_of_user())
    except BrokenPipeError:
        return True
    except OSError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)
    return True
