"""A report's documents are safe to open, whatever agents and repositories wrote into a run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.cli.reports.report_csv import csv_pieces, harmless
from onloop.cli.reports.report_document import document_of
from onloop.cli.reports.report_html import html_pieces
from onloop.cli.reports.report_markdown import code, markdown_pieces, own
from onloop.cli.reports.report_source import ReportSource
from onloop.cli.reports.report_text import text_lines
from onloop.machine.task import DecisionKind
from support.tui_scenes import MINUTE, Scene

HOSTILE = (
    "</title></style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "`|` **bold** [x](javascript:alert(1)) @everyone #1 <b>",
    "x\x1b]2;owned\x07\u202e\nsecond line\r\n| a | b |",
    "-----\n# heading",
)


def hostile() -> Scene:
    """A fleet whose title, repositories, failures and reasons are all meant to do harm."""
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.fleet([name.replace("\n", " ")[:150] for name in HOSTILE], title=HOSTILE[0])
    scene.clock.later(MINUTE)
    for task, words in zip(tasks, HOSTILE, strict=True):
        scene.fails(task, words)
    scene.clock.later(MINUTE)
    scene.decides(tasks[0], DecisionKind.RETRY, words=HOSTILE[1])
    return scene


@pytest.fixture(scope="module")
def source() -> Iterator[ReportSource]:
    found = ReportSource(hostile().gateway, "r7k2m")
    yield found
    found.close()


class Elements(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_page_has_no_element_or_attribute_but_our_own_and_reaches_nothing(source: ReportSource) -> None:
    page = "".join(html_pieces(document_of(source)))
    found = Elements()
    found.feed(page)

    assert found.tags <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "dl", "dt", "dd", "p"),
        *("table", "thead", "tbody", "tr", "th", "td", "svg", "polyline", "rect"),
    }
    assert found.attributes <= {
        *("lang", "charset", "http-equiv", "content", "name", "scope", "class"),
        *("viewbox", "preserveaspectratio", "role", "points", "x", "y", "width", "height"),
    }
    assert "alert(1)" in "".join(found.texts), "what was written is shown, as text"
    assert "default-src 'none'" in page and not re.search(r"https?:|//|url\(|@import", page.replace("[x](", ""))
    assert all(char.isprintable() or char == "\n" for char in page)


def test_a_page_is_whole_in_light_in_dark_and_on_paper(source: ReportSource) -> None:
    page = "".join(html_pieces(document_of(source)))

    assert page.startswith("<!doctype html>") and page.endswith("</html>\n")
    assert "@media (prefers-color-scheme: dark)" in page and "@media print" in page
    for words in ("Open tasks", "Causes", "Decisions", "Tasks", "held" if source.report.waves else "blocked"):
        assert words in page


def test_markdown_keeps_what_others_wrote_in_code_spans_and_each_row_in_its_line(source: ReportSource) -> None:
    text = "".join(markdown_pieces(document_of(source)))

    assert all(char.isprintable() or char == "\n" for char in text)
    tables = [block for block in text.split("\n\n") if block.startswith("| ")]
    assert len(tables) >= 3
    for table in tables:
        rows = table.strip().split("\n")
        assert len({row.count("|") for row in rows}) == 1, "no cell ends its own row"
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    for words in ("script", "alert", "onerror", "javascript", "@everyone", "bold"):
        assert words not in outside, outside


FOREIGN = st.text(alphabet=st.sampled_from("`|\\<>*_[]()#@!&~ax \n\t\x1b\u202e漢"), max_size=30)


@given(FOREIGN)
def test_a_code_span_ends_where_it_should(text: str) -> None:
    span = code(text)

    assert "|" not in span and "\n" not in span and span.isprintable()
    if span:
        fence = re.match(r"`+", span)
        assert fence is not None and span.endswith(fence[0])
        inside = span[len(fence[0]) : -len(fence[0])]
        assert inside and fence[0] not in re.findall(r"`+", inside)


@given(FOREIGN)
def test_words_of_ours_hold_no_markup(text: str) -> None:
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>#|~&]", own(text))


def test_a_row_for_each_task_and_no_cell_is_a_formula(source: ReportSource) -> None:
    rows = list(csv.reader(io.StringIO("".join(csv_pieces(source)))))

    assert len(rows) == 1 + len(HOSTILE) and len({len(row) for row in rows}) == 1
    header = rows[0]
    assert header[:3] == ["task", "parent", "repository"] and "seconds develop.remediate" in header
    assert [row[0] for row in rows[1:]] == list(source.report.tasks)
    assert not [cell for row in rows for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]


@given(
    st.text(max_size=20)
    | st.builds(str.__add__, st.sampled_from(["=", "+", "-", "@", "\t=", " =", "\r-", "\uff1d"]), FOREIGN)
)
def test_no_text_becomes_a_formula(text: str) -> None:
    cell = harmless(text)

    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    assert not set(cell) & set("\n\r\t\x1b\u202e")


def test_a_terminal_gets_no_control_byte(source: ReportSource) -> None:
    shown = list(text_lines(source))

    assert all(line.isprintable() for line in shown)
    assert any("blocked 6 in" in line or "blocked 5 in" in line for line in shown)
