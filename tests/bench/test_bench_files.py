"""The files of a bench: suites as people write them, and results that outlive a kill."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.test_comparison import plan, row
from onloop.bench.results_file import ResultsFile
from onloop.bench.suite_file import added_to_suite, load_suite
from onloop.errors import BadInput, OnloopError, Unavailable, WorkflowError
from onloop.records import replace

SUITE = """\
# what we compare every month
suite: monthly
repeat: 3
tasks:
  - task: r7k2m.3 # the parser
    base: "0123456789012345678901234567890123456789"
configurations:
  - {name: opus, agent: claude, model: opus}
  - {name: mine, command: [my-agent, --quiet], brief: brief.md}
"""


def suite_in(folder: Path, text: str = SUITE) -> Path:
    (folder / "brief.md").write_text("Do it well.")
    path = folder / "suite.yaml"
    path.write_text(text)
    return path


def test_a_suite_says_tasks_configurations_and_repetitions(tmp_path: Path) -> None:
    suite = load_suite(suite_in(tmp_path))
    assert (suite.tasks, suite.repeat) == ((("r7k2m.3", "0123456789" * 4),), 3)
    opus, mine = suite.configurations
    assert (opus.words, opus.brief) == ("claude opus", "")
    assert (mine.words, mine.brief) == ("my-agent --quiet", "Do it well.")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("repeat: 3", "repeat: 0", ":3:9: "),
        ("repeat: 3", "repeats: 3", ":3:1: "),
        ("agent: claude, ", "", ":8:"),
        ("model: opus}", "model: --yolo}", "write the model as the vendor names it"),
        ("name: mine", "name: opus", "two configurations are called opus"),
        ("[my-agent, --quiet]", "[my-agent], model: opus", "a command has its model in its own words"),
        ('base: "0123', 'base: "123', "write the whole id of a commit"),
        ("  - task: r7k2m.3", "  - task: r7k2m.3\n  - task: r7k2m.3", "is there twice"),
        ("suite: monthly", "suite: &x monthly", ":2:"),
    ],
)
def test_what_is_wrong_with_a_suite_has_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = suite_in(tmp_path, SUITE.replace(old, new, 1))
    with pytest.raises(WorkflowError) as refused:
        load_suite(path)
    assert told in f"{' '.join(refused.value.problems)} {refused.value.message}"
    assert all(problem.startswith(f"{path}:") for problem in refused.value.problems)


@pytest.mark.parametrize("brief", ["missing.md", "empty.md", "odd.md"])
def test_a_brief_that_cannot_be_read_is_refused(tmp_path: Path, brief: str) -> None:
    (tmp_path / "empty.md").touch()
    (tmp_path / "odd.md").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match=brief):
        load_suite(suite_in(tmp_path, SUITE.replace("brief.md", brief)))


@pytest.mark.parametrize(
    "brief", ["../secret", "{folder}/secret", "link", "loop", "pipe", ".", "/proc/self/environ", '"a\\0b"']
)
def test_a_suite_gives_agents_nothing_that_is_not_a_file_below_it(tmp_path: Path, brief: str) -> None:
    (tmp_path / "secret").write_text("a person's own key")
    folder = tmp_path / "bench"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    path = suite_in(folder, SUITE.replace("brief: brief.md", f"brief: {brief.format(folder=tmp_path)}"))
    with pytest.raises(OnloopError):
        load_suite(path)


def test_a_suite_is_never_written_through_a_link_that_was_made_before(tmp_path: Path) -> None:
    theirs, path = tmp_path / "theirs", suite_in(tmp_path)
    theirs.write_text("as it was")
    (tmp_path / f".suite.yaml.{os.getpid()}").symlink_to(theirs)

    assert added_to_suite(path, "r7k2m.4", "0123456789" * 4, "The printer")
    assert theirs.read_text() == "as it was" and not path.is_symlink()
    assert [task for task, _ in load_suite(path).tasks] == ["r7k2m.3", "r7k2m.4"]


def test_a_task_is_put_into_a_suite_once_and_what_people_wrote_stays(tmp_path: Path) -> None:
    path = suite_in(tmp_path)
    assert added_to_suite(path, "r9.1", "a" * 40, "Mend: the 'lexer' # not a comment")
    assert not added_to_suite(path, "r9.1", "a" * 40, "again")
    text = path.read_text()
    assert text.startswith("# what we compare every month\n") and "# the parser" in text
    assert load_suite(path).tasks[1] == ("r9.1", "a" * 40)
    fresh = tmp_path / "my new suite.yaml"
    assert added_to_suite(fresh, "r9.1", "a" * 40, "")
    assert load_suite(fresh).tasks == (("r9.1", "a" * 40),)
    with pytest.raises(BadInput, match="cannot be written"):
        added_to_suite(tmp_path / "nowhere" / "suite.yaml", "r9.1", "a" * 40, "")


def kept(path: Path, *added: int) -> int:
    """How many rows a bench finds in its file, after which it adds some."""
    results = ResultsFile(path, plan("a"))
    found = len(results.rows)
    for number in added:
        results.add(row("a", number))
    results.close()
    return found


def test_results_go_on_after_a_line_that_was_cut_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    assert kept(path, 1, 2) == 0
    whole = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == 10]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        assert kept(path) == max(0, sum(end <= cut for end in ends) - 1)
        assert path.read_bytes().endswith(b"\n")


def test_a_trial_that_is_made_again_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    assert kept(path, 1, 1, 2) == 0
    assert kept(path) == 2


def test_results_of_another_bench_are_never_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    kept(path, 1)
    with pytest.raises(BadInput, match=r"holds the results of another bench: one\.1 with a"):
        ResultsFile(path, plan("b"))
    asked = plan("a")
    slower = replace(asked, settings=replace(asked.settings, limit_ms=2_000))
    with pytest.raises(BadInput, match="another bench"):
        ResultsFile(path, slower)
    ResultsFile(path, replace(asked, repeat=9)).close()


@pytest.mark.parametrize("text", ["not json\n", "{}\n", '{"onloop_bench":1}\n', "some notes of mine"])
def test_a_file_that_is_none_of_ours_stays_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"notes\.txt:1:1: this is no line of results"):
        ResultsFile(path, plan("a"))
    assert path.read_text() == text


def test_a_row_that_is_damaged_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    kept(path, 1, 2)
    lines = path.read_text().splitlines()
    path.write_text("\n".join((lines[0], lines[1], lines[2].replace("reached", "perfect"), "")))
    with pytest.raises(BadInput, match=r"out\.jsonl:3:1:"):
        ResultsFile(path, plan("a"))


def test_two_benches_never_write_one_file_and_none_follows_a_link(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    first = ResultsFile(path, plan("a"))
    with pytest.raises(Unavailable, match="another bench writes"):
        ResultsFile(path, plan("a"))
    first.close()
    (tmp_path / "link").symlink_to(path)
    for place in (tmp_path / "link", tmp_path, tmp_path / "nowhere" / "out.jsonl"):
        with pytest.raises(OnloopError, match="cannot be opened"):
            ResultsFile(place, plan("a"))


def test_trials_are_made_in_turn_so_that_what_changes_with_time_meets_all() -> None:
    asked = plan("a", "b", tasks=("one.1", "one.2"), repeat=2)
    assert [(each.task, each.configuration, each.repetition) for each in asked.trials[:5]] == [
        ("one.1", "a", 1),
        ("one.1", "b", 1),
        ("one.2", "a", 1),
        ("one.2", "b", 1),
        ("one.1", "a", 2),
    ]
    assert len(asked.trials) == 8
