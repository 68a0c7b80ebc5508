"""Starts an agent for one round: which one, in which session, with which brief, variables and folders."""

from __future__ import annotations

import os
from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.agents.acp.acp_command import acp_command, acp_name, vendor_of
from onloop.agents.agent_command import (
    AgentCommand,
    AgentFolders,
    VendorProgram,
    VendorPrograms,
    command_of,
    named_agent,
    write_hook_file,
)
from onloop.agents.agent_process import AgentProcess
from onloop.agents.places.lent_place import LentPlace
from onloop.agents.places.place_variables import (
    HOOK_FILE,
    inside_environment,
    lend_login,
    take_back_logins,
    task_folders,
)
from onloop.agents.session_memory import KnownSession, SessionMemory
from onloop.agents.vendors.known_vendors import VENDORS
from onloop.agents.vendors.vendor import Vendor
from onloop.agents.workplace import agent_environment, fill_given, written
from onloop.environments.port import InsideOrder
from onloop.gates.repository.folders import private, remove_tree
from onloop.machine.definition import Step
from onloop.machine.fan_out_parts import values_among
from onloop.machine.task import Task
from onloop.records import Record, replace
from onloop.text import safe
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.agent_reads import ReadStepBrief
from onloop.workflow.agent_file import AgentSpec


class SessionSettings(Record):
    """The agent of a session, and how long its lease lasts and it may be silent, in ms (`stall_ms` 0: for ever).

    The agent is the command `argv`, or the one called `agent` with `flags` added. `agent_env` names variables of the
    worker that it gets beside the usual ones and those of its workflow. `beside` is how many agents its worker runs;
    `url` is where they find the gateway, if not where the worker does. With `acp` the command is an agent that speaks
    ACP, whose loop `onloop acp` owns; `permit` are the kinds of calls that it need not ask about.
    """

    argv: tuple[str, ...] = ()
    lease_ms: int = 60_000
    stall_ms: int = 0
    agent_env: tuple[str, ...] = ()
    agent: str = ""
    flags: tuple[str, ...] = ()
    beside: int = 1
    url: str = ""
    acp: bool = False
    permit: tuple[str, ...] = ()


class Started(Record):
    """An agent that was started, and under which `name` its session is remembered: none for a plain command's."""

    running: AgentProcess
    command: AgentCommand
    name: str
    silent_ms: int


class AgentStart(Record):
    """Starts agents on the tasks of one session's worker."""

    opened: GatewayHandle
    settings: SessionSettings
    programs: VendorPrograms
    say: Callable[[str], None]
    place: LentPlace | None = None

    def start(self, task: Task, secret: str) -> Started:
        """Start the agent that the task's step or the worker names; OnloopError says why it cannot be started."""
        home, step = self.opened.home, self._step(task)
        spec = self._spec(task, step)
        command = self._plain(task, step) if spec is None else self._command(task, step, spec)
        asked = self.opened.gateway.perform(ReadStepBrief(task.id, step.id))
        fill_given(self.opened, task)
        brief = home.logs / f"{task.id}.brief.md"
        with written(brief):
            brief.write_text(_told(asked.text, spec, command), encoding="utf-8")
        named = (*self.settings.agent_env, *asked.agent_env, *command.inherits)
        values = values_among(asked.variables)
        order = self._order(task, secret, replace(command, environment=values | dict(command.environment)), named, spec)
        running = AgentProcess.start(
            order.argv,
            brief=brief,
            folder=order.folder,
            environment=order.environment,
            box=order.box,
            log=home.agent_log(task.id),
            record=home.logs / f"{task.id}.pid",
            output=command.output,
            heading=f"{self.opened.gateway.clock()} {task.attempt} {task.round} {task.holder or ''} {step.id}",
        )
        self._report(task, spec, command)
        name = spec.name if spec is not None else acp_name(self.settings.argv) if self.settings.acp else ""
        return Started(running, command, name, (spec.silent_ms if spec else 0) or self.settings.stall_ms)

    def _order(
        self, task: Task, secret: str, command: AgentCommand, named: tuple[str, ...], spec: AgentSpec | None
    ) -> InsideOrder:
        """How the agent is started: as the worker's own process in the clone, or in the environment that it has."""
        home, place = self.opened.home, self.place
        if place is None:
            found = agent_environment(os.environ, home, task, secret, named, self.settings.url)
            return InsideOrder(command.argv, home.environment(task.id), found | dict(command.environment))
        vendor = self._whose(spec)
        if vendor is not None:
            lend_login(vendor, home.agent_home(task.id))
        if spec is not None:
            with written(home.given(task.id)):  # the folder was made anew: nothing in it is an agent's
                write_hook_file(spec, home.given(task.id) / HOOK_FILE)
        place.enter(task_folders(home, task.id))
        found = inside_environment(os.environ, home, task, secret, named, place.live)
        return place.live.order(command.argv, found | dict(command.environment))

    def remember(self, task: Task, started: Started, begun: int) -> None:
        """Remember the session of an agent that has ended, whose run began at `begun` (ms), for the next round."""
        memory, session = self._memory(task), started.command.output.session
        if started.name and session and started.command.output.works:
            memory.remember(KnownSession(started.name, task.step or "", session, begun))

    def tidy(self, task: Task) -> None:
        """Remove the temporary files of an agent that has ended, and what was lent to it of its vendor's login."""
        remove_tree(self.opened.home.temporary(task.id))
        take_back_logins(self.opened.home.agent_home(task.id))

    def forget(self, task: Task) -> None:
        """Let whoever works on the task next begin a fresh session."""
        self._memory(task).forget()

    def _memory(self, task: Task) -> SessionMemory:
        return SessionMemory(self.opened.home.logs / f"{task.id}.session")

    def _step(self, task: Task) -> Step:
        return self.opened.gateway.perform(ReadDefinition(task.definition)).step(task.step or "")

    def _spec(self, task: Task, step: Step) -> AgentSpec | None:
        """The agent by name: the step's, else the worker's. A worker that was given a command runs that."""
        if self.settings.argv:
            return None
        mirror = self.opened.mirror(task.origin) if task.origin is not None else None
        commit = mirror.git.text("rev-parse", "--verify", f"refs/heads/{task.target}") if mirror is not None else ""
        return named_agent(step.agent or self.settings.agent, mirror, commit)

    def _whose(self, spec: AgentSpec | None) -> Vendor | None:
        """The vendor whose login the agent needs, where that is known."""
        if spec is not None:
            return VENDORS[spec.vendor]
        return vendor_of(self.settings.argv) if self.settings.acp else None

    def _plain(self, task: Task, step: Step) -> AgentCommand:
        """The command that the worker was given, by itself or in the loop that we own."""
        words = self.settings.argv
        if not self.settings.acp:
            return AgentCommand(words)
        session = "" if step.review_gates else self._memory(task).session_for(task, acp_name(words))
        return acp_command(words, self.settings.permit, session)

    def _command(self, task: Task, step: Step, spec: AgentSpec) -> AgentCommand:
        folders = self._folders(task)
        if self.place is None:
            with written(folders.temporary):
                private(folders.temporary)
            with written(folders.settings):
                write_hook_file(spec, folders.settings)
        # whoever reviews judges afresh
        session = "" if step.review_gates else self._memory(task).session_for(task, spec.name)
        program = self._program(spec.vendor)
        return command_of(spec, program, folders, flags=self.settings.flags, session=session)

    def _folders(self, task: Task) -> AgentFolders:
        """The folders that the agent's command names, as they are called where it works."""
        home, place = self.opened.home, self.place
        if place is None:
            settings, temporary = home.logs / f"{task.id}.hook.json", home.temporary(task.id)
            return AgentFolders(home.handed_over.parent, home.out(task.id), home.given(task.id), settings, temporary)
        inside = place.live.inside()
        return AgentFolders(inside.clone.parent, inside.out, inside.given, inside.given / HOOK_FILE, inside.temporary)

    def _program(self, vendor: str) -> VendorProgram:
        """The vendor's program where the agent works: this machine's, or that of the image."""
        if self.place is None or self.place.live.sees_host_programs:
            return self.programs.of(vendor)
        return VendorProgram(VENDORS[vendor].program, "")

    def _report(self, task: Task, spec: AgentSpec | None, command: AgentCommand) -> None:
        if spec is None:
            return
        version = self._program(spec.vendor).version or "of unknown version"
        session = ", in its session of before" if command.resumes else ""
        what = f"{spec.name}: " if spec.name != spec.vendor else ""
        where = f" ({spec.source})" if spec.name != spec.vendor else ""
        self.say(safe(f"{task.id} runs {what}{spec.vendor} {version}{session}{where}"))
        if command.remark and not command.resumes:
            self.say(safe(f"{task.id} mind: {command.remark}"))


def _told(brief: str, spec: AgentSpec | None, command: AgentCommand) -> str:
    """The brief, below the standing brief of an agent that has one and does not know it from its session."""
    if spec is None or not spec.brief or command.resumes:
        return brief
    return f"# How you work: agent {spec.name}, {spec.source}\n\n{spec.brief}\n\n{brief}"
