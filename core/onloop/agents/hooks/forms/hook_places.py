"""Each form of a vendor's hook as a place: where it is, whether it is there, how it gets there and goes again."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never

from onloop.agents.hooks.forms.hook_groups import check_form, events_with_ours, with_ours, without_ours
from onloop.agents.hooks.forms.own_files import is_own, own_content, quoted
from onloop.agents.hooks.forms.requirements_text import BEGIN, block_of, with_block, without_block
from onloop.agents.hooks.forms.settings_text import SettingsStyle, read_settings, written_settings
from onloop.agents.hooks.forms.shared_file import SharedFile
from onloop.agents.vendors.vendor import BEFORE_TOOL, STOP, Vendor
from onloop.errors import BadInput
from onloop.records import Record


class HookScope(StrEnum):
    """For whom a hook is set up."""

    PROJECT = "project"
    USER = "user"
    MANAGED = "managed"


class HookFileKind(StrEnum):
    """What kind of file holds it."""

    SETTINGS = "settings"
    OWN = "own"
    TOML = "toml"


class HookFolders(Record):
    """The project, the home folder, and the root of the file system (or of an image) that places are in."""

    project: Path
    home: Path
    root: Path = Path("/")


class HookPlace(Record):
    """One file that holds, or could hold, a vendor's hook; it calls `program`, or the gateway at `url`."""

    vendor: Vendor
    scope: HookScope
    file: SharedFile
    kind: HookFileKind
    program: str = "onloop"
    url: str = ""

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    def content(self) -> str:
        """What belongs into the file, where there is none."""
        match self.kind:
            case HookFileKind.OWN:
                return own_content(self.vendor, self.program)
            case HookFileKind.TOML:
                return block_of(self.vendor, quoted(self.program))
            case HookFileKind.SETTINGS:
                return written_settings({"hooks": self._wanted()}, SettingsStyle()).decode()
            case _:
                assert_never(self.kind)

    def events(self) -> tuple[str, ...]:
        """The events for which our hook is there now; BadInput where the file cannot be read."""
        content = self.file.read()
        if content is None:
            return ()
        every = tuple(self.vendor.hooks()) or (STOP, BEFORE_TOOL)
        match self.kind:
            case HookFileKind.OWN:
                return every if is_own(self.vendor, content) else ()
            case HookFileKind.TOML:
                return every if BEGIN in content.decode("utf-8", "replace") else ()
            case HookFileKind.SETTINGS:
                return events_with_ours(self.vendor, self._settings(content)[0])
            case _:
                assert_never(self.kind)

    def install(self) -> bool:
        """Put our hook there; whether anything changed. BadInput, and nothing is changed, where that could lose any."""
        content = self.file.read()
        match self.kind:
            case HookFileKind.OWN:
                return self._replaced(content, self.content().encode())
            case HookFileKind.TOML:
                text = self._text(content or b"")
                return self._replaced(
                    content, with_block(self.vendor, text, quoted(self.program), str(self.path)).encode()
                )
            case HookFileKind.SETTINGS:
                return self._changed(content, lambda found: with_ours(self.vendor, found, self._wanted()))
            case _:
                assert_never(self.kind)

    def uninstall(self) -> bool:
        """Take our hook out; whether anything changed. A file that then says nothing is removed."""
        content = self.file.read()
        if content is None:
            return False
        match self.kind:
            case HookFileKind.OWN:
                self._check_own(content)
                self.file.remove()
                return True
            case HookFileKind.TOML:
                text = self._text(content)
                rest = without_block(text, str(self.path))
                if rest != text:
                    self._keep(rest.encode(), is_empty=not rest.strip())
                return rest != text
            case HookFileKind.SETTINGS:
                return self._changed(content, lambda found: without_ours(self.vendor, found))
            case _:
                assert_never(self.kind)

    def _changed(self, content: bytes | None, change: Callable[[dict[str, Any]], bool]) -> bool:
        found, style = self._settings(content or b"")
        if not change(found):
            return False
        self._keep(written_settings(found, style), is_empty=not found)
        return True

    def _replaced(self, content: bytes | None, wanted: bytes) -> bool:
        if content == wanted:
            return False
        if content is not None and self.kind is HookFileKind.OWN:
            self._check_own(content)
        self._keep(wanted)
        return True

    def _keep(self, content: bytes, *, is_empty: bool = False) -> None:
        if is_empty:
            self.file.remove()
        else:
            self.file.write(content, for_all=self.scope is HookScope.MANAGED)

    def _check_own(self, content: bytes) -> None:
        if not is_own(self.vendor, content):
            raise BadInput(f"{self.path} is not a file that onloop wrote", hint="move it away; nothing was changed")

    def _settings(self, content: bytes) -> tuple[dict[str, Any], SettingsStyle]:
        found, style = read_settings(content, str(self.path))
        check_form(found, str(self.path))
        return found, style

    def _text(self, content: bytes) -> str:
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            raise BadInput(f"{self.path} is not UTF-8", hint="correct it first; nothing was changed") from None

    def _wanted(self) -> dict[str, Any]:
        return over_http(self.vendor, self.url) if self.url else dict(self.vendor.hooks(quoted(self.program)))


def scopes_of(vendor: Vendor) -> tuple[HookScope, ...]:
    """The scopes for which the vendor reads hooks."""
    return tuple(scope for scope in HookScope if vendor.managed or scope is not HookScope.MANAGED)


def place_of(
    vendor: Vendor, scope: HookScope, folders: HookFolders, *, program: str = "onloop", url: str = ""
) -> HookPlace:
    """The file of a vendor's hook for that scope."""
    own, form = vendor.own_file, vendor.hook
    kind = HookFileKind.SETTINGS if own is None else HookFileKind.OWN
    match scope:
        case HookScope.MANAGED:
            if not vendor.managed:
                words = f"{vendor.title} has no file of hooks that no user changes"
                raise BadInput(words, hint=f"onloop hook install {vendor.name} --user")
            file = SharedFile(folders.root, vendor.managed)
            kind = HookFileKind.TOML if file.name.endswith(".toml") else kind
            kind = HookFileKind.OWN if file.path.stem == "onloop" else kind
        case HookScope.USER:
            name = own.user_file if own is not None else form.user_file if form is not None else ""
            file = SharedFile(folders.home, name, follows=True)
        case HookScope.PROJECT:
            name = own.project_file if own is not None else form.project_file if form is not None else ""
            file = SharedFile(folders.project, name)
        case _:
            assert_never(scope)
    return HookPlace(vendor, scope, file, kind, program, url)


def over_http(vendor: Vendor, url: str) -> dict[str, Any]:
    """The hooks with the gateway itself as their handler: for machines that have nothing of ours."""
    hooks: dict[str, Any] = {}
    for event, groups in vendor.hooks().items():
        for group in groups if isinstance(groups, list) else ():
            assert isinstance(group, dict)  # noqa: S101 - as vendor.hooks makes them
            timeout = group["hooks"][0]["timeout"]
            handler = {
                "type": "http",
                "url": f"{url.rstrip('/')}/v1/hooks/{vendor.name}",
                "headers": {"Authorization": "Bearer $ONLOOP_TOKEN"},
                "allowedEnvVars": ["ONLOOP_TOKEN"],
                "timeout": timeout,
            }
            hooks[event] = [{**group, "hooks": [handler]}]
    return hooks
