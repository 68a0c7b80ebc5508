"""Key settings: the keys that a person may assign to the registry's words, and the resulting registry."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from textual.binding import Binding

from onloop.workflow.hints import nearest, quoted
from onloop.workflow.positioned_tree import Fault, Side
from onloop_tui.bindings import KEYS, Key
from onloop_tui.model.drawing.terminal_text import cells, is_safe

_ALSO = {
    **dict(zip(("up", "down", "left", "right"), "↑↓←→", strict=True)),
    **dict(zip(("pageup", "pagedown", "escape"), ("PgUp", "PgDn", "Esc"), strict=True)),
    **{name: name.capitalize() for name in ("home", "end", "insert", "delete", "backspace", "enter", "space")},
    **{f"f{number}": f"F{number}" for number in range(1, 13)},
    **{f"ctrl+{letter}": f"^{letter.upper()}" for letter in string.ascii_lowercase if letter not in "chijmpqz"},
}
"""Keys of more than one character, and how they are shown; without Ctrl keys that terminals send as other keys."""

_WORKS = "write a character such as A or '?', or one of up, home, pageup, f1 to f12, ctrl+a"


def key_faults(wanted: Mapping[str, Sequence[object]], at: str) -> Iterator[Fault]:
    """The faults in the keys given for each word; `at` is their field in the settings file."""
    words = {key.word: key for key in KEYS}
    taken: dict[str, str] = {name: key.word for key in KEYS if key.word not in wanted for name in key.names}
    for word, written in wanted.items():
        if word not in words:
            hint = f"{nearest(word, words)}the key ? of the dashboard lists them"
            yield Fault((at, word), f"there is no key named {quoted(word)}", hint, Side.KEY)
            continue
        for number, each in enumerate(each for each in written if isinstance(each, str)):
            name = _name(each)
            if name is None:
                yield Fault((at, word, number), f"{quoted(each)} is not a key that can be set", _WORKS)
            elif name in taken:
                yield Fault((at, word, number), *_clash(each, word, taken[name]))
            else:
                taken[name] = word


def remapped(wanted: Mapping[str, Sequence[str]]) -> tuple[Key, ...]:
    """The registry with these keys instead of its own; they must have no faults."""
    return tuple(_with(key, wanted[key.word]) if key.word in wanted else key for key in KEYS)


def _clash(written: str, word: str, other: str) -> tuple[str, str]:
    if word == other:
        return f"{quoted(written)} appears twice for {word}", "write it once"
    hint = f"give {other} another key too, such as {other}: [K], or {word} a free one"
    return f"{quoted(written)} would mean both {word} and {other}", hint


def _with(key: Key, written: Sequence[str]) -> Key:
    names = tuple(name for name in map(_name, written) if name is not None)
    return replace(key, names=names, shown=" ".join(_ALSO.get(each, each) for each in written))


def _name(written: str) -> str | None:
    """Textual's name for a key; None if it is not a key or cannot be assigned."""
    if written in _ALSO:
        return written
    if len(written) != 1 or not written.isprintable() or written == " " or not is_safe(written) or cells(written) != 1:
        return None
    return "comma" if written == "," else next(iter(Binding.make_bindings([Binding(written, "", "")]))).key
