"""What people edit while the dashboard runs: heard at once, read by the real loaders, and the last good one kept."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from onloop.workflow.builtins import builtin
from onloop_tui.edited_files import EditedFile, Files
from onloop_tui.settings import ThemeName
from onloop_tui.watching import Watching
from support.waiting import DEADLINE_S

FEATURE = builtin("feature").decode()
BROKEN = FEATURE.replace("role:", "rolle:", 1)
AN_HOUR_S = 3600.0
"""So that what is seen was heard, and not found by looking now and then."""


class Heard:
    """A watching in a thread, and what it has posted."""

    def __init__(self, files: Files, look_s: float) -> None:
        self.posted: list[EditedFile] = []
        self._came = threading.Condition()
        self.watching = Watching(files, self._take, look_s)
        self.thread = threading.Thread(target=self.watching.run)

    def _take(self, edited: EditedFile) -> None:
        with self._came:
            self.posted.append(edited)
            self._came.notify_all()

    def until(self, holds: Callable[[EditedFile], object]) -> EditedFile:
        with self._came:
            assert self._came.wait_for(lambda: self.posted and holds(self.posted[-1]), DEADLINE_S), self.posted[-1:]
            return self.posted[-1]


@pytest.fixture
def hear() -> Iterator[Callable[..., Heard]]:
    started: list[Heard] = []

    def begin(settings: Path, *workflows: Path, look_s: float = AN_HOUR_S) -> Heard:
        heard = Heard(Files(settings, workflows), look_s)
        heard.thread.start()
        started.append(heard)
        heard.until(lambda _: True)
        return heard

    yield begin
    for heard in started:
        heard.watching.stop()
        heard.thread.join(10)
        assert not heard.thread.is_alive()


def _settle(folder: Path, heard: Heard) -> None:
    """Edit the settings until the first change is heard: the watch is up then, and nothing after it is missed."""
    for number in range(200):
        (folder / "dashboard.yaml").write_text(f"filters: {{settled: age:>{number + 1}h}}\n")
        with heard._came:
            if heard._came.wait_for(lambda: "settled" in heard.posted[-1].settings.filters, 0.05):
                return
    raise AssertionError("the watch never came up")


def _replaced(path: Path, text: str) -> None:
    """As many editors save: a new file beside it, which then takes its name."""
    beside = path.with_name(f".{path.name}.swp")
    beside.write_text(text)
    beside.rename(path)


def test_a_saved_setting_is_heard_at_once_however_the_editor_saves_it(
    tmp_path: Path, hear: Callable[..., Heard]
) -> None:
    heard = hear(tmp_path / "dashboard.yaml")
    _settle(tmp_path, heard)

    _replaced(tmp_path / "dashboard.yaml", "theme: light\n")
    heard.until(lambda now: now.settings.theme is ThemeName.LIGHT)
    (tmp_path / "dashboard.yaml").write_text("theme: ansi\n")
    heard.until(lambda now: now.settings.theme is ThemeName.ANSI)


def test_a_broken_edit_is_named_the_last_good_one_stays_and_a_mended_one_is_quiet_again(
    tmp_path: Path, hear: Callable[..., Heard]
) -> None:
    file = tmp_path / "dashboard.yaml"
    heard = hear(file)
    _settle(tmp_path, heard)
    file.write_text("theme: light\n")
    heard.until(lambda now: now.settings.theme is ThemeName.LIGHT)

    file.write_text("theme: pink\n")
    broken = heard.until(lambda now: now.problems)
    assert broken.problems == (
        f"{file}:1:8: theme cannot be 'pink'; give one of: dark, light, ansi, mono, evening; "
        "the last good ones stay in force",
    )
    assert broken.settings.theme is ThemeName.LIGHT

    file.write_text("theme: dark\n")
    assert heard.until(lambda now: not now.problems).settings.theme is ThemeName.DARK


def test_a_workflow_that_is_edited_is_read_by_the_real_loader(tmp_path: Path, hear: Callable[..., Heard]) -> None:
    folder = tmp_path / ".onloop"
    folder.mkdir()
    (folder / "feature.yaml").write_text(FEATURE)
    heard = hear(tmp_path / "dashboard.yaml", folder)
    _settle(tmp_path, heard)

    _replaced(folder / "feature.yaml", BROKEN)
    (problem,) = heard.until(lambda now: now.problems).problems
    assert problem.startswith(f"{folder}/feature.yaml:")
    assert "unknown field 'rolle' in a step" in problem
    assert problem.endswith("; the last good one stays in force")

    _replaced(folder / "feature.yaml", FEATURE)
    assert f"{folder}/feature.yaml is valid: feature, " in heard.until(lambda now: not now.problems).words


def test_a_folder_that_appears_later_is_watched_and_one_that_vanishes_is_no_trouble(
    tmp_path: Path, hear: Callable[..., Heard]
) -> None:
    home, folder = tmp_path / "config" / "onloop", tmp_path / "work" / ".onloop"
    (tmp_path / "config").mkdir()
    heard = hear(home / "dashboard.yaml", folder, look_s=0.2)

    home.mkdir()
    (home / "dashboard.yaml").write_text("theme: light\n")
    heard.until(lambda now: now.settings.theme is ThemeName.LIGHT)
    folder.mkdir(parents=True)
    (folder / "feature.yaml").write_text(BROKEN)
    heard.until(lambda now: now.problems)

    shutil.rmtree(folder)
    shutil.rmtree(home)
    heard.until(lambda now: not now.problems and now.settings.theme is None)
    assert any("dashboard.yaml is gone; the defaults are in force" in now.words for now in heard.posted)

    home.mkdir()
    (home / "dashboard.yaml").write_text("theme: mono\n")
    heard.until(lambda now: now.settings.theme is ThemeName.MONO)


def test_what_no_event_tells_is_found_by_looking_now_and_then(tmp_path: Path, hear: Callable[..., Heard]) -> None:
    """The file is a link to another folder, which nobody watches."""
    elsewhere, home = tmp_path / "dotfiles", tmp_path / "onloop"
    elsewhere.mkdir()
    home.mkdir()
    (elsewhere / "real.yaml").write_text("theme: light\n")
    (home / "dashboard.yaml").symlink_to(elsewhere / "real.yaml")
    heard = hear(home / "dashboard.yaml", look_s=0.1)

    (elsewhere / "real.yaml").write_text("theme: ansi # another size\n")

    heard.until(lambda now: now.settings.theme is ThemeName.ANSI)


def test_nothing_new_is_no_news(tmp_path: Path) -> None:
    (tmp_path / "dashboard.yaml").write_text("theme: light\n")
    files = Files(tmp_path / "dashboard.yaml", (tmp_path,))
    assert files.look() is not None

    assert files.look() is None
    assert files.look(anew=False) is None


def test_a_pipe_a_folder_and_a_file_too_large_are_named_and_hang_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "large.yaml").write_bytes(b"# " + b"x" * 2_000_000)
    (tmp_path / "zero.yml").symlink_to("/dev/zero")
    (tmp_path / "onloop.yaml").write_text("people: {}\n")

    looking = Future[EditedFile | None]()
    look = Files(tmp_path / "none" / "dashboard.yaml", (tmp_path,)).look
    threading.Thread(target=lambda: looking.set_result(look()), daemon=True).start()
    edited = looking.result(DEADLINE_S)

    assert edited is not None
    assert [problem.removeprefix(f"{tmp_path}/").split(" ")[0] for problem in edited.problems] == [
        "folder.yaml:",
        "large.yaml:1:1:",
        "pipe.yaml:",
        "zero.yml:",
    ]


def test_a_hostile_file_name_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    (tmp_path / "a\x1b]0;owned\x07.yaml").write_text("- [\n")

    edited = Files(tmp_path / "dashboard.yaml", (tmp_path,)).look()

    assert edited is not None
    (problem,) = edited.problems
    assert "a␛]0;owned␇.yaml:2:1: " in problem
