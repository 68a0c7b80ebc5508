r"""A forge of our own for tests: a real HTTP server over real bare repositories that behaves as GitHub documents.

    with TestForge(folder) as forge:
        forge.repository("acme/app", {"README.md": "hello\n"})
        forge.declare(store)              # forges.toml in a store's folder, with the bot's token, or as onloop's App

The fixture `forge` (tests/conftest.py) is one with acme/app in it, in the test's own folder.

Its repositories are reached by their path (`forge.origin("acme/app")`), and its API over HTTP on loopback. People act
through methods (`forge.review(…)`), so do other apps; what they do is told to hooks, signed, as GitHub tells it.
Trouble comes on demand: `forge.fail("lost", "POST /repos/.*/pulls$")`.
"""

from support.forge.fault import Fault
from support.forge.forge_world import App, Repository, User
from support.forge.serving import APP, APP_ID, TestForge

__all__ = ["APP", "APP_ID", "App", "Fault", "Repository", "TestForge", "User"]
