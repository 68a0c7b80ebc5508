"""`python -m onloop_tui.browser_dashboard FD`: the dashboard of somebody at the page, drawn for their browser.

It reads with their session and through the gateway alone; what it decides, it decides with the passphrase typed in it.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
from functools import partial

from textual.drivers import web_driver

from onloop.errors import Exit, OnloopError
from onloop.home import addressed, find_home
from onloop.identity.process_privacy import keep_others_out
from onloop.records import replace
from onloop.remote.client_credentials import Credentials
from onloop.remote.http.web.app_channel import LentSockets
from onloop.remote.http.web.app_handover import AppHandover, read_handover
from onloop.remote.http.web.app_packets import APART
from onloop.remote.http_client.carriers import PooledCarrier
from onloop.remote.http_client.far_place import FarPlace
from onloop.remote.http_client.lent_connections import Lend
from onloop_tui.app import Dashboard
from onloop_tui.session import Session
from onloop_tui.store_access import access_far
from onloop_tui.terminal_input import TerminalInput

_MIB = 1_048_576
LIMITS = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_FSIZE: _MIB,
    resource.RLIMIT_NOFILE: 128,
    resource.RLIMIT_AS: 1_536 * _MIB,
}
"""What a dashboard may take of the machine: no core, hardly a file, and no more memory than the largest one needs."""
RARELY = (10_000, 20, 20)


def limit_itself() -> None:
    """Take no more of the machine than a dashboard needs, and let no other process look into this one."""
    os.umask(0o077)
    for kind, most in LIMITS.items():
        hard = resource.getrlimit(kind)[1]
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (wanted, wanted))
    keep_others_out()


def dashboard_of(told: AppHandover, lend: Lend) -> Dashboard:
    """The dashboard of whoever a session was handed over for; it asks the gateway by the sockets that it is lent."""
    place = FarPlace(told.url, PooledCarrier(told.url, lend=lend))
    os.environ["ONLOOP_URL"] = told.url  # commands that are shown are to be typed at this gateway
    home = find_home(None)
    far = access_far(place, Credentials(bearer=told.session))
    access = replace(far, name=home.name, addressed=partial(addressed, home))
    return Dashboard(Session(access, access.clock, person_name=told.person, has_files=False), task=told.task)


def main() -> int:
    """Draw until the person leaves, the gateway ends it, or the gateway is gone."""
    limit_itself()
    descriptor = int(sys.argv[1])
    os.write(sys.stdout.fileno(), APART)
    try:
        told = read_handover(descriptor)
        lend = LentSockets(descriptor, lambda: os._exit(0))  # it holds the other end, even where it is killed
        web_driver.XTermParser = TerminalInput  # type: ignore[attr-defined]  # the driver makes its parser itself
        gc.set_threshold(*RARELY)
        app = dashboard_of(told, lend)
        app.run()
        if app.defect is not None:
            sys.stderr.write(f"onloop: the dashboard ended by a defect of ours: {type(app.defect).__name__}\n")
            return Exit.INTERNAL.value
    except OnloopError as problem:
        sys.stderr.write(f"onloop: {problem.message}\n")
        return problem.exit.value
    return 0


if __name__ == "__main__":
    sys.exit(main())
