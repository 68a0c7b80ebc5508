"""The page behind nginx, by the configuration that the guide shows: TLS, the line, and who is believed what."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from gateway.over_http import certified
from onloop.gateway.credential_operations import MintSession
from onloop.guides.catalogue import guide
from onloop.remote.client_credentials import Credentials
from onloop.remote.http_client.carriers import SmallCarrier
from onloop.remote.http_client.http_line import HttpLine
from support.far_machines import free_port
from support.page_line import PageLine
from support.tui_scenes import CHEAP
from support.waiting import DEADLINE_S, wait_for
from web.conftest import PASSPHRASE, Page, served

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin") or ""
STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
pytestmark = pytest.mark.skipif(not NGINX, reason="there is no nginx here: apt-get install nginx-light")


def _shown(begin: str) -> str:
    """The configuration that the guide shows, by how it begins."""
    (told,) = (each for each in guide("web").text.split("```text\n") if each.startswith(begin))
    return told.partition("```")[0]


def _of_http(port: int, door: int) -> str:
    files = certified().files
    told = (
        _shown("map ").replace("listen 443", f"listen 127.0.0.1:{port}").replace("127.0.0.1:8080", f"127.0.0.1:{door}")
    )
    told = told.replace("/etc/ssl/gateway.pem", str(files.certificate)).replace("/etc/ssl/gateway.key", str(files.key))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = " ".join(f"{kind}_temp_path tmp-{kind};" for kind in kinds)
    return f"http {{ access_log off; {places}\n{told}\n}}"


def _of_stream(port: int, door: int) -> str:
    told = (
        _shown("stream ")
        .replace("listen 443", f"listen 127.0.0.1:{port}")
        .replace("127.0.0.1:8443", f"127.0.0.1:{door}")
    )
    return f"load_module {STREAM};\n{told}"


@contextmanager
def nginx(folder: Path, port: int, told: str) -> Iterator[None]:
    """An nginx of our own with that configuration in the block."""
    load, _, rest = told.partition("\n") if told.startswith("load_module") else ("", "", told)
    user = "user root;" if os.geteuid() == 0 else ""
    head = f"{load}\n{user}\ndaemon off; pid nginx.pid; error_log error.log warn;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(f"{head}{rest}")
    command = [NGINX, "-p", str(folder), "-e", "error.log", "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def said() -> str:
        log = folder / "error.log"
        return log.read_text() if log.exists() else ""

    try:
        wait_for(lambda: process.poll() is not None or _listens(port), said)
        assert process.poll() is None, said()
        yield
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE_S)


def _listens(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


@contextmanager
def behind(folder: Path, *, ended: bool) -> Iterator[tuple[Page, str, int]]:
    """A gateway with a page behind nginx, which ends TLS or passes it through; what people type, and the port."""
    port = free_port()
    public = f"https://127.0.0.1:{port}"
    door = {"tls": None, "proxies": ("127.0.0.1",)} if ended else {}
    with served(public=(public,), door=door, web={"url": public}) as page:
        told = _of_http(port, page.port) if ended else _of_stream(port, page.port)
        with nginx(folder, port, told):
            yield page, public, port


def session(public: str) -> str:
    """A session of ana's, begun through the proxy."""
    with closing(HttpLine(public, SmallCarrier(public, certified().ca), Credentials(least_cost=CHEAP))) as line:
        return line.ask(MintSession(line.person("ana", PASSPHRASE, typed=True))).secret


@pytest.mark.parametrize("ended", [True, False], ids=["TLS ends there", "TLS passes through"])
def test_a_page_opens_signs_in_and_draws_through_nginx(tmp_path: Path, ended: bool) -> None:
    if not ended and not STREAM.exists():
        pytest.skip("this nginx has no stream module: apt-get install libnginx-mod-stream")
    with behind(tmp_path, ended=ended) as (_, public, port):
        trusted = ssl.create_default_context(cafile=certified().ca)
        with httpx.Client(base_url=public, verify=trusted, trust_env=False, timeout=DEADLINE_S) as client:
            for path in ("/web", "/web/static/page.js", "/web/t/r7k2m.1"):
                assert client.get(path).status_code == 200, path
            assert client.get("/web/session").status_code == 401
        secret = session(public)
        cookie = {"Cookie": f"__Secure-onloop={secret}"}
        with closing(PageLine.opened(port, {"Origin": public, **cookie})) as line:
            assert line.status == 101, line.why
            line.begin()
            assert line.shows("needs you", "approve release"), (line.told, line.closed)
        for origin in ("https://evil.example", public.replace("https", "http"), "null"):
            with closing(PageLine.opened(port, {"Origin": origin, **cookie})) as refused:
                assert refused.status == 403, origin


def test_what_a_browser_says_of_its_own_address_is_not_passed_on(tmp_path: Path) -> None:
    with behind(tmp_path, ended=True) as (page, public, _):
        trusted = ssl.create_default_context(cafile=certified().ca)
        forged = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "http", "Forwarded": "for=192.0.2.7"}
        with httpx.Client(base_url=public, verify=trusted, trust_env=False, timeout=DEADLINE_S) as client:
            assert client.get("/web", headers=forged).status_code == 200
            for _ in range(3):
                assert client.post("/v1/board", json={}, headers=forged).status_code == 401
        direct = {"Host": public.partition("://")[2], "X-Forwarded-Proto": "http"}
        with httpx.Client(base_url=f"http://127.0.0.1:{page.port}", trust_env=False, timeout=DEADLINE_S) as beside:
            assert beside.get("/web", headers=direct).status_code == 403, "a proxy that was asked in the clear"
            assert beside.get("/web", headers={**direct, "Host": "evil.example"}).status_code in {403, 421}
