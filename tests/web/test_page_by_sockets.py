"""The page as any program may ask it: what it refuses, what it says in headers, and what of a secret is where."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import itertools
import os
import signal
import ssl
import stat
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from importlib.resources import files
from pathlib import Path

import httpx
import pytest

from gateway.over_http import certified
from onloop.guides.catalogue import guide
from onloop.records import replace
from onloop.remote.http.door_settings import DoorSettings
from onloop.remote.http.web import person_cookie
from onloop.remote.http.web.app_packets import APART
from onloop.remote.http.web.app_start import app_user, check_starts
from onloop.remote.http.web.browser_app import AppOrder, BrowserApp
from onloop.remote.http.web.browser_connection import BrowserConnection
from onloop.remote.http.web.page_files import NAMES
from onloop.remote.http.web.web_settings import WebLimits, WebSettings
from remote_http.conftest import opened
from remote_http.scripted_gateway import ScriptedGateway
from support.other_users import readable_python, why_not
from support.page_line import PageLine
from support.waiting import DEADLINE_S, wait_for
from web.conftest import PASSPHRASES, Page, served

_OPENED = ExitStack()
XTERM = {
    "addon-canvas.js": "47a9a1a3266bc06d2c9f63aaa2716a36f5fd7fe509a1995b0d8748b0251f91d1",
    "addon-fit.js": "3e9ae6f6965ee1269d5574b905cf1bf559c2f44c784255b0034a71387e7719c9",
    "addon-unicode11.js": "8b4cf98934f1d9508d96a12d7a43d07d3a5bc7c824048070420f902876a566de",
    "xterm.css": "ba8e6985669488981ccf40c0cefe3aba80722cb6c92de7ad628b0bd717faf2b6",
    "xterm.js": "7a88e46a58847d3f17109e3d48cc8aa056a01997d00ceb76035f63370712d858",
}
"""The digests of xterm.js as npm has it, but for the lines that name source maps."""


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """What a test opened is closed behind it."""
    yield
    _OPENED.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder in which every user may read."""
    with tempfile.TemporaryDirectory(prefix="onloop-open-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def client(page: Page, **headers: str) -> httpx.Client:
    return _OPENED.enter_context(asking(page.url, headers))


def asking(url: str, headers: Mapping[str, str] | None = None) -> httpx.Client:
    trusted = ssl.create_default_context(cafile=certified().ca)
    return httpx.Client(base_url=url, verify=trusted, headers=headers, trust_env=False, timeout=DEADLINE_S)


def cookie(secret: str) -> str:
    return f"__Secure-onloop={secret}"


def line(page: Page, secret: str, **more: str) -> PageLine:
    """A line as the page itself opens one, but for what is said otherwise."""
    return opened_line(page.port, {"Origin": page.url, "Cookie": cookie(secret), **more})


def opened_line(port: int, headers: Mapping[str, str], host: str = "") -> PageLine:
    made = PageLine.opened(port, headers, host=host)
    _OPENED.callback(made.close)
    return made


def drawing(page: Page, secret: str, **more: object) -> tuple[PageLine, int]:
    """A line at which a dashboard has drawn, and the number of its process."""
    before = set(page.apps())
    made = line(page, secret)
    made.begin(**more)
    assert made.shows("needs you", "approve release"), (made.told, made.closed)
    (app,) = set(page.apps()) - before
    return made, app


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """One gateway for what changes nothing of it."""
    with served(WebLimits(kept_s=0.2)) as made:
        yield made


@pytest.mark.parametrize("path", ["/web", "/web/", "/web/t/r7k2m.1", *(f"/web/static/{name}" for name in NAMES)])
def test_every_file_of_the_page_may_reach_nothing_else_and_be_framed_by_nobody(page: Page, path: str) -> None:
    answer = client(page).get(path)
    assert answer.status_code == 200
    policy = dict(each.split(" ", 1) for each in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src", "worker-src")} == {"'self'"}
    expected = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    assert {name: answer.headers.get(name) for name in expected} == expected
    assert "set-cookie" not in answer.headers
    again = client(page).get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_holds_no_inline_script_and_nothing_from_elsewhere(page: Page) -> None:
    text = client(page).get("/web").text
    assert "<style" not in text and "style=" not in text and " on" not in text.split("<body>")[1].replace(" onloop", "")
    assert text.count("<script") == text.count('src="/web/static/') > 4
    assert "http:" not in text and "https:" not in text


@pytest.mark.parametrize(
    "name", ["../page_files.py", "..%2fpage_files.py", "xterm/LICENSE", "", "xterm", "page.html%00"]
)
def test_no_other_file_is_served(page: Page, name: str) -> None:
    assert client(page).get(f"/web/static/{name}").status_code in {400, 404}


def test_without_the_option_there_is_no_page_and_no_line() -> None:
    with opened(ScriptedGateway().adopt, settings=replace(DoorSettings("127.0.0.1", 0), tls=certified().files)) as door:
        with asking(door.url) as made:
            assert made.get("/web").status_code == 404
        headers = {"Origin": door.url, "Cookie": cookie("onl_ses_x")}
        assert opened_line(door.door.port, headers).status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Cookie": ""}, 401),
        ({"Cookie": "__Secure-onloop=onl_ses_wrong"}, 401),
        ({"Cookie": "onloop=onl_ses_wrong"}, 401),
        ({"Cookie": "__Secure-onloop=onl_agt_wrong"}, 401),
    ],
)
def test_a_line_that_no_page_of_ours_opens_for_a_person_is_refused(
    page: Page, headers: dict[str, str], status: int
) -> None:
    before = page.apps()
    made = line(page, page.session(), **headers)
    assert made.status == status, made.why
    assert page.apps() == before


def test_a_line_without_an_origin_or_to_another_host_is_refused_also_with_the_right_cookie(page: Page) -> None:
    secret = page.session()
    assert opened_line(page.port, {"Cookie": cookie(secret)}).status == 403
    elsewhere = {"Origin": page.url, "Cookie": cookie(secret)}
    assert opened_line(page.port, elsewhere, host="gateway.evil.example").status == 421
    twice = {"Origin": page.url, "Cookie": f"{cookie(secret)}; {cookie('onl_ses_other')}"}
    assert opened_line(page.port, twice).status == 401


def test_the_session_in_the_cookie_opens_nothing_but_the_page(page: Page) -> None:
    answer = client(page, Cookie=cookie(page.session()), Origin=page.url).post("/v1/stamp", json={})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/web/session", "/web/session/end"])
@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
def test_signing_in_and_out_is_for_the_page_of_this_gateway(page: Page, path: str, origin: str | None) -> None:
    secret = page.session()
    headers = {"Cookie": cookie(secret), **({"Origin": origin} if origin else {})}
    assert client(page, **headers).post(path, json={}).status_code == 403
    assert client(page, Cookie=cookie(secret)).get("/web/session").json() == {"person": "ana"}


def test_signing_out_ends_the_session_and_its_dashboards_at_once(page: Page) -> None:
    secret = page.session()
    made, app = drawing(page, secret)
    mine = client(page, Cookie=cookie(secret), Origin=page.url)
    said = mine.post("/web/session/end", json={})
    assert said.headers["set-cookie"] == ("__Secure-onloop=; Path=/web; Max-Age=0; HttpOnly; SameSite=Strict; Secure")
    assert made.ended() == 4000
    assert made.told[-1] == ["ended", "signed out"]
    wait_for(lambda: app not in page.apps(), lambda: "it still draws")
    assert mine.get("/web/session").status_code == 401
    assert line(page, secret).status == 401


def test_nothing_of_the_session_is_in_what_others_can_read_of_the_process(page: Page) -> None:
    secret = page.session()
    made, app = drawing(page, secret)
    place = Path(f"/proc/{app}")
    words = (place / "cmdline").read_bytes().split(b"\0")
    assert words[1:5] == [b"-I", b"-B", b"-m", b"onloop_tui.browser_dashboard"]
    told = (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
    assert secret.encode() not in told and b"onl_" not in told
    variables = dict(each.split(b"=", 1) for each in (place / "environ").read_bytes().split(b"\0") if b"=" in each)
    expected = {"LANG", "HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "PATH", "TERM", "COLORTERM", "COLUMNS"}
    expected |= {"TEXTUAL_DRIVER", "TEXTUAL_FPS", "TEXTUAL_COLOR_SYSTEM", "ROWS", "LC_ALL", "LC_CTYPE", "TZ"}
    assert {name.decode() for name in variables} <= expected
    home = Path(variables[b"HOME"].decode())
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert not Path(variables[b"PATH"].decode()).exists()
    assert list(home.iterdir()) == []
    assert (place / "cwd").resolve() == home
    made.close()


async def test_the_session_is_not_in_the_channel_before_the_process_has_shut_others_out(tmp_path: Path) -> None:
    program, go_on = tmp_path / "python", tmp_path / "go-on"
    program.write_text(f"#!/bin/sh\nuntil test -e {go_on}; do :; done\necho {APART.decode().strip()}\nread _\n")
    program.chmod(0o700)
    order = AppOrder("ana", "the session", "127.0.0.1", "", 80, 24)
    app = BrowserApp(order, WebSettings("https://127.0.0.1:1", python=str(program)), lambda: 0.0)
    await app.start(lambda *_: asyncio.Protocol())

    def waiting() -> int:
        return int.from_bytes(fcntl.ioctl(app._channel.unread, termios.TIOCOUTQ, bytes(4)), "little")

    assert waiting() == 0
    go_on.touch()
    async with asyncio.timeout(DEADLINE_S):
        while not waiting():
            await asyncio.sleep(0)
    app.end()
    await app.ended.wait()


def test_a_dashboard_asks_for_its_session_once_nobody_can_look_into_it() -> None:
    seen = "import ctypes, os; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True); os._exit(0)"
    script = f"import sys; from onloop_tui import browser_dashboard as it; it.read_handover = lambda _: exec({seen!r})"
    reading, writing = os.pipe()
    ran = subprocess.run(
        [sys.executable, "-c", f"{script}; it.main()", str(reading)],
        pass_fds=(reading,),
        capture_output=True,
        check=False,
    )
    os.close(reading)
    os.close(writing)
    assert ran.stdout == APART + b"0\n"


def test_no_path_leads_to_the_gateway_in_the_name_of_somebody_else(page: Page) -> None:
    made, app = drawing(page, page.session())
    other, second = drawing(page, page.session("ben", PASSPHRASES["ben"]))
    homes = [Path(f"/proc/{each}/cwd").resolve() for each in (app, second)]
    assert len(set(homes)) == 2
    named = [row.split()[7] for row in Path("/proc/net/unix").read_text().splitlines() if len(row.split()) > 7]
    assert not [path for path in named if "onloop-web-" in path]
    held = {os.readlink(each) for pid in (app, second) for each in Path(f"/proc/{pid}/fd").iterdir()}  # noqa: PTH115
    assert not [path for path in held if path.startswith(tuple(map(str, homes)))]
    made.close()
    other.close()


def test_the_process_holds_no_file_of_the_store_is_its_own_session_and_has_limits(page: Page) -> None:
    made, app = drawing(page, page.session())
    held = [str(each.readlink()) for each in Path(f"/proc/{app}/fd").iterdir()]
    assert not [path for path in held if str(page.home.store) in path]
    assert os.getsid(app) == app
    limits = Path(f"/proc/{app}/limits").read_text()
    rows = {row[:25].strip(): row[26:].split()[0] for row in limits.splitlines()[1:]}
    assert (rows["Max core file size"], rows["Max file size"]) == ("0", str(1 << 20))
    assert int(rows["Max address space"]) <= 2 << 30
    assert int(rows["Max open files"]) <= 256
    made.close()


def test_the_process_ends_where_its_browser_does_not_come_back_and_leaves_nothing(page: Page) -> None:
    made, app = drawing(page, page.session())
    home = (Path(f"/proc/{app}/cwd")).resolve()
    made.close()
    wait_for(lambda: app not in page.apps(), lambda: "it still draws")
    wait_for(lambda: not home.exists(), lambda: f"{home} is still there")


def test_a_dashboard_that_is_killed_is_said_to_have_ended(page: Page) -> None:
    made, app = drawing(page, page.session())
    os.kill(app, signal.SIGKILL)
    assert made.ended() == 4000
    wait_for(lambda: app not in page.apps(), lambda: "it is still there")


@pytest.mark.parametrize(
    "said",
    [
        "no json",
        "[]",
        "{}",
        '["run", "sh"]',
        '["stdin", "x"]',
        '["begin", {"width": "80", "height": 24}]',
        '["begin", {"width": 80, "height": 24, "task": "\\u001b[2J"}]',
        '["begin", {"width": 80, "height": 24, "line": 7}]',
    ],
)
def test_what_is_no_beginning_of_a_page_is_refused_in_words_and_begins_nothing(page: Page, said: str) -> None:
    before = page.apps()
    made = line(page, page.session())
    made.send(said)
    assert made.ended() == 4003
    assert made.told[0][0] == "refused"
    assert page.apps() == before


@pytest.mark.parametrize("said", ['["begin", {"width": 80, "height": 24}]', '["stdin", 7]', "[" * 30_000])
def test_what_is_no_message_later_ends_the_line(page: Page, said: str) -> None:
    made, _ = drawing(page, page.session())
    made.send(said)
    assert made.ended() == 4003


def test_too_much_at_once_ends_the_line(page: Page) -> None:
    made, _ = drawing(page, page.session())
    made.say("stdin", "x" * 70_000)
    assert made.ended() == 1009


def test_a_size_that_cannot_be_is_taken_as_the_nearest_that_can(page: Page) -> None:
    made, _ = drawing(page, page.session())
    made.say("resize", {"width": 10**9, "height": -5})
    made.drawn = b""
    made.say("resize", {"width": 100, "height": 30})
    assert made.shows("needs you")
    made.close()


def test_one_person_has_so_many_dashboards_and_all_have_so_many() -> None:
    with served(WebLimits(apps=3, apps_of_one=2)) as page:
        ana, ben = page.session(), page.session("ben", PASSPHRASES["ben"])
        lines = [drawing(page, ana)[0], drawing(page, ana)[0]]
        more = line(page, ana)
        more.begin()
        assert more.ended() == 4003
        assert "ana has 2 dashboards open here" in more.told[0][1]
        lines.append(drawing(page, ben)[0])
        last = line(page, ben)
        last.begin()
        assert last.ended() == 4003
        assert "3 dashboards are open here" in last.told[0][1]

        lines[0].close()  # what waits for a browser makes room for one that is there
        wait_for(lambda: _waiting(page), lambda: "it does not notice")
        drawing(page, ben)


def _waiting(page: Page) -> bool:
    serving = page.doors[-1]._serving
    assert serving is not None and serving._page is not None
    return any(app.left_at is not None for app in serving._page.apps._apps.values())


def test_a_dashboard_at_which_nobody_types_ends() -> None:
    with served(WebLimits(idle_s=1.0)) as page:
        made = line(page, page.session())
        made.begin()
        assert made.ended() == 4000
        assert made.told[-1] == ["ended", "idle"]
        wait_for(lambda: page.apps() == [], lambda: "it still draws")


def test_a_browser_that_reads_nothing_stops_its_dashboard_and_nobody_else_and_little_waits() -> None:
    with served() as page:
        secret, others = page.session(), client(page)
        made, _ = drawing(page, secret)
        made.made.settimeout(0.5)

        def drawn_again(number: int) -> int:
            """Bytes that wait after one more wish to have everything drawn anew."""
            with suppress(OSError):  # its dashboard waits, so nothing more is taken
                made.say("resize", {"width": 300 + number % 50, "height": 100})
            return _unsent(page)

        numbers = itertools.count()
        wait_for(lambda: drawn_again(next(numbers)), lambda: "it is sent all the same")
        waiting = []
        for number in range(300):
            waiting.append(drawn_again(number))
            if number % 5 == 0:
                assert others.get("/healthz").status_code == 200
        assert 0 < max(waiting) < 256 << 10
        other, _ = drawing(page, secret)
        other.close()


def _unsent(page: Page) -> int:
    """Bytes that wait in the gateway for browsers that do not read."""
    serving = page.doors[-1]._serving
    assert serving is not None
    lines = [each for each in list(serving._shared.connections) if isinstance(each, BrowserConnection)]
    return sum(line.transport.get_write_buffer_size() for line in lines)


def test_where_the_gateway_stops_every_dashboard_ends() -> None:
    with served() as page:
        made, app = drawing(page, page.session())
        home = Path(f"/proc/{app}/cwd").resolve()
    assert made.ended() in {1012, 4000}
    assert app not in page.apps()
    assert not home.exists()


def test_a_session_that_has_ended_elsewhere_begins_nothing(page: Page) -> None:
    secret = page.session()
    answer = client(page, Authorization=f"Bearer {secret}").post("/v1/end_session", json={"token": secret})
    assert answer.status_code == 200
    assert line(page, secret).status == 401


def test_who_guesses_cookies_is_kept_waiting_and_who_is_signed_in_is_not() -> None:
    with served() as page:
        secret = page.session()
        assert line(page, secret).status == 101
        statuses = {line(page, f"onl_ses_{number}").status for number in range(40)}
        assert statuses == {401, 429}
        assert line(page, secret).status == 101


def test_a_door_that_is_asked_by_http_names_its_cookie_by_its_port_and_not_as_secure() -> None:
    assert person_cookie.cookie(WebSettings("http://127.0.0.1:8443"), "s", 60) == (
        "onloop-8443=s; Path=/web; Max-Age=60; HttpOnly; SameSite=Strict"
    )


@pytest.mark.skipif(bool(why_not()), reason=f"nobody else can be here: {why_not()}")
def test_where_the_gateway_is_roots_dashboards_are_somebody_without_rights(open_folder: Path) -> None:
    python, user = str(readable_python(open_folder / "python")), app_user(None)
    assert user is not None and user.uid != 0
    check_starts(user, python)
    with served(web={"user": user, "python": python}) as page:
        made, app = drawing(page, page.session())
        status = Path(f"/proc/{app}/status").read_text()
        rows = {name: value.split() for name, _, value in (row.partition(":") for row in status.splitlines())}
        assert set(rows["Uid"]) == {str(user.uid)}
        assert (set(rows["Gid"]), rows["Groups"], rows["CapEff"]) == ({str(user.gid)}, [], ["0" * 16])
        made.close()


def test_a_line_goes_on_only_for_the_session_that_began_it(page: Page) -> None:
    first, second = page.session(), page.session()
    made, app = drawing(page, first)
    name = made.told[0][1]["name"]
    again = line(page, first)
    again.begin(line=name)
    assert again.shows("needs you")
    assert (again.told[0][1]["is_new"], made.ended()) == (False, 4001)
    other = line(page, second)
    other.begin(line=name)
    assert other.shows("needs you")
    assert other.told[0][1]["is_new"]
    assert app in page.apps()


def test_a_session_that_ends_while_a_page_is_open_ends_its_dashboard() -> None:
    with served(WebLimits(session_s=0.2)) as page:
        secret = page.session()
        made, app = drawing(page, secret)
        ended = client(page, Authorization=f"Bearer {secret}").post("/v1/end_session", json={"token": secret})
        assert ended.status_code == 200
        assert made.ended() == 4000
        assert made.told[-1] == ["ended", "signed out"]
        wait_for(lambda: app not in page.apps(), lambda: "it still draws")


def test_the_terminal_of_the_page_is_the_one_that_was_looked_at() -> None:
    folder = files("onloop.remote.http.web") / "static" / "xterm"
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in XTERM} == XTERM
    assert "Permission is hereby granted" in (folder / "LICENSE").read_text()
    served_files = {name.removeprefix("xterm/") for name in NAMES if name.startswith("xterm/")}
    assert served_files == set(XTERM)


def test_the_guide_says_the_limits_that_hold() -> None:
    text, limits = guide("web").text, WebLimits()
    assert f"| {limits.apps}, and {limits.apps_of_one} |" in text
    assert f"| {limits.kept_s:g} s |" in text
    assert f"| {limits.message >> 10} KiB;" in text and limits.message == limits.piece
    assert limits.idle_s == 3_600 and "after an hour in which nobody types" in " ".join(text.split())
