"""The address of a team's database: a URL as libpq takes it, its public form, and what tells one database from another.

Imports nothing of the house but its errors, and little else: `store_folder` asks it where a store's local folder is.
"""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from onloop.errors import BadInput

SCHEMES = ("postgresql://", "postgres://")
LONGEST_URL = 2_000
EXAMPLE = "postgresql://USER@HOST/DATABASE"

_SECRET = frozenset({"password", "sslpassword"})
_PLACING = ("service", "host", "hostaddr", "port", "dbname", "options")
"""The parameters that choose a database, of those that a URL may carry behind its question mark."""


def is_database(store: str) -> bool:
    """Whether what `--store` or `$ONLOOP_STORE` names is a database, not a folder."""
    return store.startswith(SCHEMES)


def public_url(url: str) -> str:
    """The URL without its passwords: what may be printed, logged and given on a command line."""
    parts = urlsplit(_checked(url))
    user, at, hosts = parts.netloc.rpartition("@")
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in _SECRET]
    query = f"?{urlencode(kept, safe='/:,@')}" if kept else ""
    return f"postgresql://{user.partition(':')[0]}{at}{hosts}{parts.path}{query}"


def bare_url(url: str) -> str:
    """The URL without user and password: it says which database, and not as whom."""
    scheme, _, rest = public_url(url).partition("://")
    hosts, slash, more = rest.partition("/")
    return f"{scheme}://{hosts.rpartition('@')[2]}{slash}{more}"


def has_password(url: str) -> bool:
    """Whether the URL itself carries a secret."""
    parts = urlsplit(_checked(url))
    is_in_user = ":" in parts.netloc.rpartition("@")[0]
    return is_in_user or any(name in _SECRET for name, _ in parse_qsl(parts.query))


def folder_name(url: str) -> str:
    """The name of the local folder that goes with a database: the same for every user and password at it."""
    parts = urlsplit(_checked(url))
    given = dict(parse_qsl(parts.query))
    name = given.get("dbname") or unquote(parts.path.lstrip("/"))
    if not name and not given.get("service"):
        raise BadInput(f"{public_url(url)} names no database", hint=EXAMPLE)
    placing = [given.get(each, "") for each in _PLACING]
    hosts = ",".join(each.removesuffix(":5432") for each in parts.netloc.rpartition("@")[2].lower().split(","))
    return sha256(repr((hosts, name, placing)).encode()).hexdigest()[:24]


def _checked(url: str) -> str:
    """The URL, if it can be one; nothing of one that cannot is repeated, because it may hold a password."""
    if not is_database(url) or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise BadInput("the database's URL is not one", hint=f"{EXAMPLE}, other characters as %XX")
    try:
        urlsplit(url)
    except ValueError:
        raise BadInput("the database's URL is not one", hint=f"{EXAMPLE}, an IPv6 address in [ ]") from None
    return url
