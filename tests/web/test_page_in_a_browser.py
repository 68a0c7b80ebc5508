"""The dashboard as a page, in a real Chromium: it is the same one, and nothing of one person comes to another."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from http_client.bad_way import bad_way
from onloop.access.opening import open_file
from onloop.identity.scram import LEAST_COST
from onloop.machine.limits import Statement
from support.chromium import Browser, Tab, needs_chromium
from support.tui_attacks import fitting, hostile_strings
from support.tui_scenes import Scene, commit
from support.waiting import wait_for
from web.conftest import PASSPHRASE, Page, served

pytestmark = needs_chromium


def sign_in(tab: Tab, name: str, passphrase: str) -> None:
    """As somebody does it: name, Tab, passphrase, Enter."""
    tab.until(lambda: tab.run("document.activeElement?.id === 'name' || !document.getElementById('name').select()"))
    tab.type(name)
    tab.press("Tab")
    tab.type(passphrase)
    tab.press("Enter")


def test_one_signs_in_by_passphrase_which_never_leaves_the_page_and_signs_out(
    browser: Browser, real_page: Page
) -> None:
    tab = real_page.tab(browser, name="")
    tab.until(lambda: "Sign in" in tab.text())
    sign_in(tab, "ana", "not the one")
    tab.until(lambda: "is not right" in tab.text() or "wrong" in tab.text())
    sign_in(tab, "", PASSPHRASE)
    tab.shows("▶ ◆ approve", "needs you 1")

    sent = [each["request"] for each in tab.said("Network.requestWillBeSent")]
    assert len([each for each in sent if each["method"] == "POST"]) >= 5
    assert not [each for each in sent if PASSPHRASE in str(each)]
    assert tab.run("document.cookie") == ""
    assert "onl_ses_" not in str(sent) + str(tab.run("JSON.stringify([localStorage, sessionStorage, location.href])"))

    wait_for(lambda: len(real_page.apps()) == 1, lambda: str(real_page.apps()))
    (app,) = real_page.apps()
    tab.run("document.getElementById('leave').click()")
    tab.until(lambda: tab.run("!document.getElementById('entry').hidden"))
    wait_for(lambda: app not in real_page.apps(), lambda: "it still draws")
    tab.go(f"{real_page.url}/web")
    tab.until(lambda: tab.run("!document.getElementById('entry').hidden"))


def test_keys_clicks_pastes_and_sizes_reach_the_dashboard(browser: Browser, real_page: Page) -> None:
    tab = real_page.tab(browser)
    tab.shows("▶ ◆ approve")

    tab.press("5")
    tab.shows("[5 Log]")
    tab.click(*tab.cell("2 Tree"))
    tab.shows("[2 Tree]", "r7k2m.1")

    tab.press("/")
    tab.shows("/ ")
    tab.run(_PASTE % "flags\\u001b[201~q")
    tab.until(lambda: "r7k2m.1" not in tab.screen())
    tab.press("Escape")

    tab.resize(700, 500)
    columns, rows = tab.until(
        lambda: tab.run("onloopDesk.terminal.cols < 90 && [onloopDesk.terminal.cols, onloopDesk.terminal.rows]")
    )
    tab.until(lambda: "? keys" in tab.screen().split("\n")[rows - 1])
    assert max(map(len, tab.screen().split("\n"))) <= columns
    assert tab.said("Runtime.exceptionThrown") == []


_PASTE = """(() => {
  const data = new DataTransfer();
  data.setData("text/plain", "%s");
  onloopDesk.terminal.textarea.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
})()"""


def test_a_link_to_a_task_opens_it_also_for_who_comes_from_elsewhere(browser: Browser, real_page: Page) -> None:
    tab = real_page.tab(browser, f"{real_page.url}/web/t/{real_page.task}")
    tab.shows("pass ship.approve?")

    with other_site(f"<a id=x href={real_page.url}/web/t/{real_page.task}>x</a>") as elsewhere:
        tab.go(elsewhere)
        tab.until(lambda: tab.run("document.getElementById('x') && (document.getElementById('x').click(), true)"))
        tab.shows("pass ship.approve?")


@pytest.mark.parametrize("task", ["%1b%5b2J", "no.such.task", "..%2f..%2fx", "x" * 80])
def test_a_link_to_nothing_says_so_and_hurts_nobody(browser: Browser, real_page: Page, task: str) -> None:
    tab = real_page.tab(browser, f"{real_page.url}/web/t/{task}")
    tab.until(lambda: "needs you" in tab.screen() or "is no name" in tab.text() or "there is nothing" in tab.text())
    assert tab.said("Runtime.exceptionThrown") == []


def test_a_line_that_is_cut_is_opened_again_on_the_same_view_and_shows_what_happened_meanwhile(
    browser: Browser,
) -> None:
    with bad_way() as way, served(public=(way.url,), cost=LEAST_COST) as page:
        way.target = page.port
        tab = page.tab(browser, f"{way.url}/web/t/{page.task}")
        tab.shows("pass ship.approve?")
        tab.press("Escape")
        tab.until(lambda: "pass ship.approve?" not in tab.screen())
        tab.press("4")
        tab.shows("[4 Agents]")
        (app,) = page.apps()

        way.target = 1
        way.cut()
        tab.until(lambda: "trying again" in tab.text())
        assert float(tab.run("getComputedStyle(document.getElementById('terminal')).opacity")) < 0.5
        tab.run("onloopDesk.terminal.write('\\x1b[2J')")
        way.target = page.port

        tab.shows("[4 Agents]", "? keys")
        assert page.apps() == [app]
        assert tab.run("getComputedStyle(document.getElementById('terminal')).opacity") == "1"
        tab.until(lambda: tab.run("document.getElementById('notice').hidden"))
        tab.press("1")
        tab.shows("[1 Inbox]")


def test_a_dashboard_that_was_left_is_opened_again_by_a_key(browser: Browser, real_page: Page) -> None:
    tab = real_page.tab(browser)
    tab.shows("▶ ◆ approve")
    tab.press("q")
    tab.until(lambda: "press a key to open it again" in tab.text())
    wait_for(lambda: real_page.apps() == [], lambda: "it still draws")
    tab.press("x")
    tab.shows("▶ ◆ approve")


def test_two_people_and_two_tabs_share_nothing(browser: Browser, real_page: Page) -> None:
    ana, ben = real_page.tab(browser), real_page.tab(browser, name="ben")
    other = browser.tab(
        f"{real_page.url}/web",
        browser.call("Target.getTargetInfo", targetId=ana.target)["targetInfo"]["browserContextId"],
    )
    for tab in (ana, ben, other):
        tab.shows("▶ ◆ approve")
    wait_for(lambda: len(real_page.apps()) == 3, lambda: str(real_page.apps()))
    ana.press("5")
    ben.press("3")
    ana.shows("[5 Log]")
    ben.shows("[3 Fleet]")
    assert "[1 Inbox]" in other.screen()
    assert [tab.run("document.getElementById('person').textContent") for tab in (ana, ben, other)] == [
        "ana",
        "ben",
        "ana",
    ]

    stolen = ana.run("onloopDesk.name")  # knowing the name of another's dashboard gives nobody a look at it
    ben.run(f"onloopDesk.name = {stolen!r}; onloopDesk.socket.close()")
    ben.until(lambda: ben.run(f"onloopDesk.name !== {stolen!r}"))
    ben.shows("[1 Inbox]")
    assert "[5 Log]" in ana.screen()


def test_another_site_can_open_no_line_ask_nothing_and_frame_nothing(browser: Browser, real_page: Page) -> None:
    tab = real_page.tab(browser)
    tab.shows("▶ ◆ approve")
    before = real_page.apps()
    with other_site(f"<iframe src={real_page.url}/web></iframe>") as elsewhere:
        tab.go(elsewhere)
        assert tab.run(_FOREIGN % real_page.url) == ["closed", "failed", "failed"]
        said = str(tab.said("Log.entryAdded")) + str(tab.said("Network.loadingFailed"))
        tab.until(lambda: "frame-ancestors" in said or "blocked" in said.lower())
    wait_for(lambda: set(real_page.apps()) <= set(before), lambda: "a foreign page began a dashboard")


_FOREIGN = """(async () => {
  const url = "%s";
  const line = await new Promise((done) => {
    const socket = new WebSocket(url.replace("https", "wss") + "/web/line");
    socket.onopen = () => done("open");
    socket.onclose = () => done("closed");
  });
  const asked = (path, how) =>
    fetch(url + path, {credentials: "include", ...how}).then((got) => got.text(), () => "failed");
  return [line, await asked("/web/session"), await asked("/web/session/end", {method: "POST", body: "{}"})];
})()"""


def test_on_a_phone_one_taps_reads_and_has_the_keys_that_a_phone_lacks(browser: Browser, real_page: Page) -> None:
    tab = real_page.tab(browser, size=(390, 760))
    tab.resize(390, 760, phone=True)
    tab.go(f"{real_page.url}/web")
    tab.shows("▶ ◆ approve")
    assert tab.run("onloopDesk.terminal.cols") >= 40

    tab.tap(*tab.cell("2 Tree"))
    tab.shows("[2 Tree]")
    tab.tap(*tab.cell("1 Inbox"))
    tab.shows("[1 Inbox]")
    tap_key(tab, "enter")
    tab.shows("pass ship.approve?", "a approve")
    assert "── base" not in tab.screen()
    tab.drag((200, 500), (200, 60))
    tab.until(lambda: "May e883" not in tab.screen())
    tap_key(tab, "escape")
    tab.until(lambda: "pass ship.approve?" not in tab.screen())
    assert tab.run(
        "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
    )


def tap_key(tab: Tab, key: str) -> None:
    box = tab.run(f"document.querySelector('[data-key={key}]').getBoundingClientRect().toJSON()")
    tab.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_what_agents_wrote_becomes_neither_markup_nor_commands_of_the_terminal(browser: Browser) -> None:
    bad = '<img src=x onerror="document.title=1">\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[2J\x1b]8;;https://evil\x1b\\x\x9b31m'
    with served(repositories=["cart"], summary=bad, cost=LEAST_COST) as page:
        tab = page.tab(browser, f"{page.url}/web/t/{page.task}")
        tab.shows("pass ship.approve?")
        tab.run(_NOTED)
        tab.press("n", "]", "]", "]")
        tab.until(lambda: "<img src=x" in tab.screen())
        assert tab.run("[written.length, document.querySelectorAll('img').length, document.title]") == [
            0,
            0,
            tab.run("document.title"),
        ]
        assert "owned" not in tab.run("document.title")


def test_one_approves_by_the_passphrase_typed_in_the_dashboard_and_nothing_else(browser: Browser) -> None:
    with served(cost=LEAST_COST) as page:
        tab = page.tab(browser, f"{page.url}/web/t/{page.task}")
        tab.shows("pass ship.approve?", "a approve")
        tab.insist("a", "Who decides?")
        tab.type(PASSPHRASE)
        assert PASSPHRASE not in tab.screen()
        assert page.decided() == []
        tab.insist("Enter", "Enter send")
        tab.insist("Enter", "nothing needs you")
        assert page.decided() == ["human:ana"]


def test_the_page_asks_nobody_else_and_breaks_no_rule_of_its_own(browser: Browser, real_page: Page) -> None:
    tab = real_page.tab(browser)
    tab.shows("▶ ◆ approve")
    asked = {each["request"]["url"] for each in tab.said("Network.requestWillBeSent")}
    assert len(asked) >= 8
    assert {url for url in asked if not url.startswith((real_page.url, "about:"))} == set()
    tab.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran=1\">')")
    tab.run("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran=1'}))")
    before = [each for each in tab.said("Log.entryAdded") if "Security Policy" in each["entry"]["text"]]
    assert tab.run("window.ran") is None
    assert [each["entry"]["text"] for each in before if "onerror" not in str(each) and "inline" not in str(each)] == []


_NOTED = """window.written = [];
navigator.clipboard.writeText = (text) => { written.push(text); return Promise.resolve(); };"""


def _differs(tab: Tab, shown: str) -> bool:
    return tab.screen() != shown


@contextmanager
def other_site(body: str) -> Iterator[str]:
    """The URL of a page of somebody else on this machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<!doctype html><body>{body}</body>".encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_sixty_hostile_strings_of_agents_do_nothing_to_the_page(browser: Browser) -> None:
    strings = hostile_strings(60)
    with served(repositories=["cart"], cost=LEAST_COST) as page:
        scene = Scene(store=open_file(page.home).gateway.store)
        tasks = scene.fleet([f"repo-{number}" for number in range(len(strings))], run="h0st1")
        for task, said in zip(tasks, strings, strict=True):
            scene.wants_approval(task, what=commit(task, fitting(said, Statement)))
        scene.store.close()
        tab = page.tab(browser)
        tab.shows("approve release")
        tab.run(_NOTED)
        tab.insist("Enter", "pass ship.approve?")
        for number in range(len(strings)):
            shown = tab.screen()
            tab.press("n")
            tab.until(partial(_differs, tab, shown))
            if number % 10 == 0:
                tab.press("]", "]", "]", "]")
            assert "? keys" in tab.screen().split("\n")[-1] or "Inbox" in tab.screen().split("\n")[0]
        found = tab.run("[written.length, document.querySelectorAll('img, a, iframe').length, document.title]")
        assert found[:2] == [0, 0]
        assert "owned" not in found[2] and "evil" not in found[2]
        assert tab.said("Runtime.exceptionThrown") == []
