"""What a verb works with: its arguments, the store, and the caller's identity."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Generic, TypeVar

from onloop.access.opening import GatewayHandle, open_far, open_file, open_home
from onloop.cli.arguments import Arguments, PersonArguments
from onloop.cli.json_models.envelope import LogHeadJson
from onloop.errors import BadInput, Ground, NotAllowed, OnloopError
from onloop.gates.repository.head import head as head_of
from onloop.gates.repository.head import head_apart
from onloop.gates.repository.ref_names import is_task
from onloop.gateway.upkeep import CountDenial, RecogniseAgent
from onloop.home import Home, find_home, is_its_own
from onloop.identity.process_privacy import keep_others_out
from onloop.identity.resolution import this_process
from onloop.machine.commands import Voice
from onloop.machine.principal import NOBODY, Principal
from onloop.machine.store_state import StoreState
from onloop.records import MutableRecord
from onloop.views.queries.reads import ReadStoreState

LONGEST_PASSPHRASE = 1024
LARGEST_DESCRIPTOR = 2**31 - 1


ArgsT_co = TypeVar("ArgsT_co", bound=Arguments, covariant=True)


class Context(MutableRecord, Generic[ArgsT_co]):
    """One call of the command line: the arguments of its verb, and the verb's name."""

    args: ArgsT_co
    verb: str
    _opened: GatewayHandle | None = None
    _head: str | None = None
    _is_closed: bool = False

    @property
    def home(self) -> Home:
        """Where the store is."""
        return find_home(self.args.store)

    def check_file(self) -> None:
        """BadInput where `$ONLOOP_URL` names the gateway of a store whose file is not the one that is meant here."""
        url, home = os.environ.get("ONLOOP_URL", ""), self.home
        if not url or (home.is_known and is_its_own(url, home)):
            return
        if not home.is_ours or not home.store.exists():
            words = f"onloop {self.verb} works on the store itself, and ONLOOP_URL is {url}"
            what = f"not the gateway of {home.name}" if home.is_known else "a gateway's, not a store"
            raise BadInput(f"{words}: {what}", hint="unset ONLOOP_URL, and give --store")
        open_home(home).close()

    @property
    def opened(self) -> GatewayHandle:
        """The store, opened when it is first needed."""
        if self._opened is None:
            self._head = _head_before(self.home)
            self._opened = open_home(self.home)
        return self._opened

    def open_as_launcher(self, secret: str) -> None:
        """Open the store of a gateway elsewhere as the launcher with that token."""
        if not self.home.url:
            hint = "ONLOOP_URL=https://HOST:PORT names it"
            raise BadInput("--token-fd goes with a gateway elsewhere", hint=hint)
        self._opened = open_far(self.home, secret)

    def head(self, task: str) -> str | None:
        """HEAD of the agent's clone; None if it cannot be read. An agent's file is never opened beside the database.

        Opened and closed by a process, a file that leads to the database would cost that process its locks on it.
        """
        opened = self.opened
        if opened.apart is None:
            return self._head if task == os.environ.get("ONLOOP_TASK") else head_apart(opened.home.clone_of(task))
        return head_of(opened.home.clone_of(task))

    @property
    def receipt(self) -> LogHeadJson | None:
        """The head of the log after this call's change, with which a user can recognise an old copy; else None."""
        head = self._opened.gateway.store.receipt if self._opened is not None else None
        return LogHeadJson(head.count, head.hash, head.run) if head is not None else None

    @property
    def opened_file(self) -> GatewayHandle:
        """The store's own file, even if a resident gateway serves it: for work that must run on its machine."""
        if self._opened is None:
            self._opened = open_file(self.home)
        return self._opened

    def close(self) -> None:
        """Close the store, once: a verb may do so before it looks at what others own."""
        if self._opened is not None and not self._is_closed:
            self._is_closed = True
            self._opened.close()

    def agent(self) -> Principal:
        """The agent that ONLOOP_TOKEN belongs to; NotAllowed where ONLOOP_TASK names another task than the token."""
        secret = os.environ.get("ONLOOP_TOKEN", "")
        if not secret:
            raise BadInput(
                "ONLOOP_TOKEN is not set: this is not a worker's environment",
                hint="onloop claim --role ROLE prints what to export; onloop work sets it for you",
            )
        agent = self.opened.gateway.perform(RecogniseAgent(secret))
        self._keep_joined(agent)
        named = os.environ.get("ONLOOP_TASK") or agent.task or ""
        if named != agent.task:
            self.opened.gateway.perform(CountDenial(agent, "act for another task", named, Ground.FOREIGN))
            raise NotAllowed(
                f"ONLOOP_TASK is {named}, and this ONLOOP_TOKEN is for {agent.task}",
                hint="use both as onloop claim or the worker sets them",
            )
        return agent

    def _keep_joined(self, agent: Principal) -> None:
        """Renew the lease of a session that has joined: it has no worker that does it, so that each verb of it does."""
        lease = os.environ.get("ONLOOP_LEASE_MS", "")
        if not lease.isdecimal():
            return
        from onloop.gateway.leases import Heartbeat  # here: other verbs do not need it

        with suppress(OnloopError):  # a lease that has ended is for the verb to say
            self.opened.gateway.perform(Heartbeat(agent, lease_ms=int(lease), progress=True))

    def note_denied(self, verb: str) -> None:
        """Count a denial for an agent that asked for something outside its task; errors are ignored."""
        with suppress(OnloopError):
            self.opened.gateway.perform(CountDenial(self.agent(), verb))

    def launcher(self) -> Principal:
        """The agent whose token is set (which may not start work), else the launcher of this user."""
        if os.environ.get("ONLOOP_TOKEN"):
            return self.agent()
        import getpass  # here: a verb that only reads does not need it

        return this_process(getpass.getuser())

    def person(self: Context[PersonArguments]) -> Principal:
        """Who decides: the agent if a token is set, the person if a passphrase is given, else NOBODY."""
        if os.environ.get("ONLOOP_TOKEN"):
            return self.agent()
        house = self.opened.gateway.perform(ReadStoreState())
        name = self.args.person or only_name(house)
        keep_others_out()
        passphrase, typed = read_passphrase(self.args.passphrase_fd, f"Passphrase of {name}: ")
        return NOBODY if passphrase is None else self.opened.gateway.person(name, passphrase, typed=typed)

    def check_no_agent(self, verb: str, way: str = "") -> None:
        """Refuse an agent before anything is read, so that its attempt is counted as a denial; `way` is a person's."""
        if os.environ.get("ONLOOP_TOKEN"):
            raise self._denial(self.agent(), verb, way)

    def voice(self: Context[PersonArguments], verb: str) -> tuple[Principal, Voice]:
        """The person who decides, and their voice; NotAllowed for agents and for callers without a credential."""
        person = self.person()
        if person.voice is None:
            raise self._denial(person, verb)
        return person, person.voice

    def _denial(self, asker: Principal, verb: str, way: str = "") -> NotAllowed:
        """What is raised for whoever asked for what only people may do; it is counted here."""
        who = asker.id if asker.name else "nobody (no credential was given)"
        self.opened.gateway.perform(CountDenial(asker, verb.replace("-", " "), getattr(self.args, "task", "") or ""))
        way = way or f"onloop {self.verb} … --as NAME in a terminal, or the dashboard: onloop"
        return NotAllowed(f"{who} may not {verb}", hint=f"a person must: {way}")


def _head_before(home: Home) -> str | None:
    """HEAD of the calling agent's clone, read before the store is opened."""
    task = os.environ.get("ONLOOP_TASK", "")
    return head_of(home.clone_of(task)) if os.environ.get("ONLOOP_TOKEN") and is_task(task) else None


def only_name(house: StoreState) -> str:
    """The name of the only person enrolled; BadInput if there is not exactly one."""
    if len(house.people) != 1:
        names = ", ".join(sorted(house.people)) or "nobody"
        raise BadInput(f"who decides is not clear; enrolled: {names}", hint="give --as NAME")
    return next(iter(house.people))


def read_passphrase(descriptor: int | None, prompt: str) -> tuple[str | None, bool]:
    """The passphrase and whether it was typed: from the descriptor, else from the terminal, else None."""
    if descriptor is not None:
        if descriptor > LARGEST_DESCRIPTOR:
            raise BadInput(f"{descriptor} is not a file descriptor", hint="--passphrase-fd 3 3<FILE")
        try:
            with os.fdopen(descriptor, "rb", closefd=False) as source:
                content = source.read(LONGEST_PASSPHRASE)
        except OSError as problem:
            raise BadInput(f"file descriptor {descriptor} cannot be read: {problem.strerror}", hint="3<FILE") from None
        return content.decode("utf-8", "replace").rstrip("\r\n"), False
    if not sys.stdin.isatty():
        return None, False
    import getpass  # here: a verb that only reads does not need it

    try:
        return getpass.getpass(prompt), True
    except (EOFError, KeyboardInterrupt):
        raise NotAllowed("no passphrase was given", hint="try again, or use the dashboard: onloop") from None
