"""Where each agent reads what it is told, and how that gets there and goes again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from onloop import __version__
from onloop.agents.hooks.forms.hook_groups import check_form, with_ours, without_ours
from onloop.agents.hooks.forms.settings_text import SettingsStyle, read_settings, written_settings
from onloop.agents.hooks.forms.shared_file import SharedFile
from onloop.agents.instructions.instruction_files import FILES, SKILL_FILE
from onloop.agents.instructions.marked_block import page_with_block, page_without_block
from onloop.agents.instructions.working_rules import SUMMARY, block_text, is_own_skill, skill
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.errors import BadInput
from onloop.records import Record

_HOOKS = "hooks/hooks.json"
_CLAUDE = VENDORS["claude"]


class Instruction(Record):
    """One file that tells agents how to work: a page with our block, hooks with ours among them, or a file of ours."""

    file: SharedFile

    @property
    def is_page(self) -> bool:
        """Whether the file is people's, with a block of ours."""
        return "/" not in self.file.name

    def text(self) -> str:
        """What belongs into it: the block, or the whole file."""
        return block_text() if self.is_page else _own_text(self.file.name)

    def is_there(self) -> bool:
        """Whether it says what this version says."""
        content = self.file.read()
        return content is not None and content == self._wanted(content)

    def install(self) -> bool:
        """Put it there; whether anything changed."""
        before = self.file.read()
        wanted = self._wanted(before)
        if before == wanted:
            return False
        self.file.write(wanted)
        return True

    def uninstall(self) -> bool:
        """Take it out; whether anything changed. A page that then says nothing is removed."""
        before = self.file.read()
        if before is None:
            return False
        rest = self._rest(before)
        if rest == before:
            return False
        if rest.strip():
            self.file.write(rest)
        else:
            self.file.remove()
        return True

    def _wanted(self, before: bytes | None) -> bytes:
        if self.is_page:
            return page_with_block(self._page(before or b""), self.text(), str(self.file.path)).encode()
        if before is None:
            return self.text().encode()
        if self.file.name == _HOOKS:
            settings, style = self._hooks(before)
            return written_settings(settings, style) if with_ours(_CLAUDE, settings, _CLAUDE.hooks()) else before
        self._check_own(before)
        return self.text().encode()

    def _rest(self, before: bytes) -> bytes:
        """What stays without ours; empty where that is nothing."""
        if self.is_page:
            return page_without_block(self._page(before), str(self.file.path)).encode()
        if self.file.name == _HOOKS:
            settings, style = self._hooks(before)
            if not without_ours(_CLAUDE, settings):
                return before
            return written_settings(settings, style) if settings else b""
        self._check_own(before)
        return b""

    def _hooks(self, content: bytes) -> tuple[dict[str, Any], SettingsStyle]:
        found = read_settings(content, str(self.file.path))
        check_form(found[0], str(self.file.path))
        return found

    def _check_own(self, content: bytes) -> None:
        text = content.decode("utf-8", "replace")
        is_own = is_own_skill(text) if self.file.name.endswith(SKILL_FILE) else _says(text) == _says(self.text())
        if not is_own:
            raise BadInput(
                f"{self.file.path} is not a file that onloop wrote", hint="move it away; nothing was changed"
            )

    def _page(self, content: bytes) -> str:
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as problem:
            line = content.count(b"\n", 0, problem.start) + 1
            raise BadInput(f"{self.file.path}:{line}: not UTF-8", hint="nothing was changed") from None


def instructions_for(agent: str, folder: Path) -> tuple[Instruction, ...]:
    """The files of an agent below a folder. A page that is a link is followed if it stays inside, no other file is."""
    return tuple(Instruction(SharedFile(folder, name, within="/" not in name)) for name in FILES[agent])


def _says(text: str) -> object:
    """What a file of a plugin says, whatever the version."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return {key: value for key, value in said.items() if key != "version"} if isinstance(said, dict) else None


def _own_text(name: str) -> str:
    about = {"name": "onloop", "description": SUMMARY, "version": __version__}
    match name:
        case "hooks/hooks.json":
            return _json({"hooks": _CLAUDE.hooks()})
        case ".claude-plugin/plugin.json":
            return _json({**about, "author": {"name": "onloop"}})
        case ".claude-plugin/marketplace.json":
            plugin = {"name": "onloop", "source": "./", "description": SUMMARY}
            return _json({"name": "onloop", "owner": {"name": "onloop"}, "plugins": [plugin]})
        case _:
            return skill()


def _json(value: object) -> str:
    return f"{json.dumps(value, indent=2)}\n"
