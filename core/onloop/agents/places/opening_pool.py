"""Opens a worker's environments: what makes them, how those inside reach the gateway, and what was left before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from onloop.access.opening import GatewayHandle, gateway_socket
from onloop.agents.places.environment_settings import EnvironmentSettings
from onloop.agents.places.left_environments import tidy_environments
from onloop.agents.places.place_makers import every_maker, maker_of
from onloop.agents.places.place_pool import PlacePool
from onloop.agents.places.resident_gateway import ResidentGateway
from onloop.environments.templates.template_file import template_named
from onloop.errors import Unavailable
from onloop.home import Home
from onloop.machine.agent_environment import EnvironmentKind
from onloop.records import replace
from onloop.remote.client_credentials import Credentials
from onloop.remote.connection import Connection
from onloop.remote.line import Line
from onloop.views.queries.reads import ReadStoreState


def opened_pool(
    opened: GatewayHandle,
    settings: EnvironmentSettings,
    reopen: Callable[[], GatewayHandle],
    made_line: Callable[[], Callable[[], Line]],
    say: Callable[[str], None],
) -> PlacePool | None:
    """The environments of a worker, None where its agents work in clones; Unavailable where none can be made here.

    `made_line` gives, once it is needed, what makes a line to the gateway for whoever is inside.
    """
    home, store = opened.home, opened.gateway.perform(ReadStoreState()).id
    if settings.is_enclosed or home.rooms.is_dir():
        for words in tidy_environments(opened, store, every_maker(home)):
            say(words)
    if settings.offer is None or not settings.is_enclosed:
        return None
    maker = maker_of(settings.offer.kind, home)
    if problem := maker.problem():
        words = f"no {settings.offer.kind.value} can be made here: {problem}"
        raise Unavailable(words, hint="onloop doctor says what this machine has; onloop help environments")
    return PlacePool(home, store, settings, maker, reopen, made_line(), say, opened.gateway.clock)


def with_template(home: Home, settings: EnvironmentSettings) -> EnvironmentSettings:
    """The settings, with the isolation that the file of a template says; BadInput where there is no such template."""
    offer = settings.offer
    if offer is None or offer.kind is not EnvironmentKind.TEMPLATE:
        return settings
    isolation = template_named(home.environment_templates, offer.name).isolation
    return replace(settings, offer=replace(offer, isolation=isolation))


def lines_here(
    opened: GatewayHandle, leaving: ExitStack, say: Callable[[str], None]
) -> Callable[[], Callable[[], Line]]:
    """Lines to the resident gateway of this machine, which is started where none serves a store of our own."""

    def made() -> Callable[[], Line]:
        if opened.home.is_ours and not opened.home.database:
            return leaving.enter_context(ResidentGateway(opened.home, say)).line
        return lambda: Connection(gateway_socket(opened.home), None, Credentials())

    return made
