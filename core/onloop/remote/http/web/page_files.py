"""The files of the page: loaded once, named one by one, and sent with headers that let them reach nothing else."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from onloop.records import Record

HTML = "page.html"
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
NAMES = (
    HTML,
    "icon.svg",
    "page.css",
    "page.js",
    "passphrase.js",
    "scrypt.js",
    "terminal.js",
    "xterm/addon-canvas.js",
    "xterm/addon-fit.js",
    "xterm/addon-unicode11.js",
    "xterm/xterm.css",
    "xterm/xterm.js",
)
"""Every file that is served, and no other."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-cache",
}


class PageFile(Record):
    """One file, and the tag by which a browser asks whether it is still the same."""

    content: bytes
    media_type: str
    tag: str


@cache
def page_files() -> dict[str, PageFile]:
    """All of them by name."""
    folder = files("onloop.remote.http.web") / "static"
    return {name: _loaded(folder.joinpath(*name.split("/")).read_bytes(), name) for name in NAMES}


def _loaded(content: bytes, name: str) -> PageFile:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return PageFile(content, _TYPES[name.rpartition(".")[2]], tag)
