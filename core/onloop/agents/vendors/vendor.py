"""What is known of one vendor's agent, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from onloop.records import Record, field

if TYPE_CHECKING:
    from onloop.machine.digest import Json  # here: it brings the records of tasks along, and each tool waits for us

STOP = "Stop"
"""The event at the end of a turn, as most vendors call it."""
SUB_AGENT_BEGINS, SUB_AGENT_ENDS = "SubagentStart", "SubagentStop"
"""A sub-agent in the agent's own process begins and ends, as vendors call it that have such an event."""
BEFORE_TOOL = "PreToolUse"
"""The event before a tool is used, as most vendors call it."""
TOOL_TIMEOUT_S = 15
"""How long a vendor waits for our hook before a tool: it decides from a list, and asks the gateway where it must."""
FAILS_CLOSED = '|| test -z "$ONLOOP_TOKEN" || exit 2'
"""Behind the command of a hook before a tool: where onloop is missing or broken, an agent inside of a task is refused
the tool, and everybody else goes on."""
TIMEOUT_S = 600
"""How long a vendor waits for our hook: it submits the commit, which may take a while in a large repository."""


Counts = tuple[int | None, int | None, int | None, int | None]
"""Tokens in, those of them from a cache, tokens out, and the cost in millionths of a dollar; None where not told."""
NO_COUNTS: Counts = (None, None, None, None)


class UsedBy(Enum):
    """What figures of tokens and cost are of."""

    MESSAGE = auto()
    """Of one message alone, which may be told several times."""
    RUN = auto()
    """Of everything since the program started."""
    SESSION = auto()
    """Of everything since its session began, which may have been in an earlier run."""


class Heard(Record):
    """What one line of a vendor's output says: words for the log, its session, and how full its context is.

    `works` says that the agent's model has answered, so that its session is a good one. `used` is what it says of
    tokens and cost: of `by`, and of that message; a message without a name is told once.
    """

    words: str = ""
    session: str = ""
    tokens: int = 0
    window: int = 0
    works: bool = False
    used: Counts = NO_COUNTS
    by: UsedBy = UsedBy.MESSAGE
    message: str = ""
    model: str = ""


Fields = Mapping[str, Any]
"""One JSON object of a vendor's output: foreign, so of any shape."""
Hear = Callable[[Fields], Iterator[Heard]]


MOST_COUNTED = 10**12
MOST_DOLLARS = 10_000_000
"""The most that is believed of an amount."""


class HookWay(Enum):
    """How a worker gives an agent its hook without writing into the repository."""

    JSON_ARGUMENT = auto()
    TOML_ARGUMENT = auto()
    SETTINGS_FILE = auto()


class HookForm(Record):
    """Where a vendor reads hooks, which of its events we answer, and `stop`, the one at the end of a turn.

    `project_file` is below the project, `user_file` below the home folder. Timeouts are in the vendor's own unit.
    Before a tool whose name fits `tools`, it sends `tool_event`.
    """

    project_file: str
    user_file: str
    events: tuple[str, ...]
    way: HookWay
    tools: str
    stop: str = STOP
    timeout: int = TIMEOUT_S
    tool_event: str = BEFORE_TOOL
    tool_timeout: int = TOOL_TIMEOUT_S


class OwnFile(Record):
    """A file of ours alone from which a vendor reads our hook: below the project, and below the home folder."""

    project_file: str
    user_file: str


class Launch(Record):
    """The words that start an agent headless, brief on standard input, from version `since` on.

    `resumed` goes on with `{session}`; without it every round begins a new session. `{hook}` is the hook as one word,
    `{settings}` the file that holds it, `{state}` the folder that `onloop` writes to, `{out}` and `{given}` the folders
    of artefacts, `{temporary}` one for temporary files. `{flags}` becomes the model and what a person or an agent file
    adds.
    """

    since: tuple[int, ...]
    fresh: tuple[str, ...]
    resumed: tuple[str, ...] = ()


class Login(Record):
    """Where a vendor's login is seen: files below the home folder, or variables. Their content is never read."""

    files: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


class Vendor(Record):
    """One vendor's agent. `launches` are by version, the newest first; `tried` is the version that we ran last.

    `environment` is set for it; of the worker's own it gets those of its login and those in `inherits`.
    `window` is how many tokens its context has where it does not say so itself; 0 where that depends on the model.
    Of `hook` a worker brings the content along; `own_file` is of a vendor whose hook is a file by itself. `managed` is
    the file, below the root of the file system, of which the vendor's documentation says that no user changes it.
    """

    name: str
    title: str
    program: str
    launches: tuple[Launch, ...]
    hear: Hear
    hook: HookForm | None
    login: Login
    tried: str
    trap: str
    environment: Mapping[str, str] = field(default_factory=dict)
    inherits: tuple[str, ...] = ()
    window: int = 0
    own_file: OwnFile | None = None
    managed: str = ""

    @property
    def tool_event(self) -> str:
        """The event before a tool is used, as the vendor calls it."""
        return self.hook.tool_event if self.hook is not None else BEFORE_TOOL

    def command(self, program: str = "onloop") -> str:
        """The command that the vendor's agent calls as its hook."""
        return f"{program} hook {self.name}"

    def hooks(self, program: str = "onloop") -> dict[str, Json]:
        """The hooks in the form of the vendor's file; nothing where it has no hook at the end of a turn."""
        if self.hook is None:
            return {}
        form, command = self.hook, self.command(program)
        handler: dict[str, Json] = {"type": "command", "command": command, "timeout": form.timeout}
        guard: dict[str, Json] = {
            "type": "command",
            "command": f"{command} {FAILS_CLOSED}",
            "timeout": form.tool_timeout,
        }
        hooks: dict[str, Json] = {event: [{"hooks": [handler]}] for event in form.events}
        return {**hooks, form.tool_event: [{"matcher": form.tools, "hooks": [guard]}]}


def hook_argument(vendor: Vendor) -> str:
    """The hook as one word of the vendor's command line; the content of its file where it takes no such word."""
    import json

    if vendor.hook is None or vendor.hook.way is not HookWay.TOML_ARGUMENT:
        return json.dumps({"hooks": vendor.hooks()})
    return f"hooks={inline_toml(vendor.hooks())}"


def no_hook(vendor: Vendor) -> str:
    """What stands in the place of the hook where none is brought along."""
    return "features.hooks=true" if vendor.hook is not None and vendor.hook.way is HookWay.TOML_ARGUMENT else "{}"


def inline_toml(value: Json) -> str:
    """A value as one line of TOML."""
    import json

    if isinstance(value, dict):
        return f"{{{','.join(f'{name}={inline_toml(each)}' for name, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(inline_toml(each) for each in value)}]"
    return json.dumps(value)


def text_of(value: object) -> str:
    """A value of a vendor's output as text; empty where it is none."""
    return value if isinstance(value, str) else ""


def count_of(value: object) -> int:
    """A value of a vendor's output as a count; 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def told_count(value: object) -> int | None:
    """A value of a vendor's output as a count that may be 0; None where it is none."""
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return min(value, MOST_COUNTED) if is_count and isinstance(value, int) and value >= 0 else None


def sum_of(*counts: int | None) -> int | None:
    """The sum of the counts that were told; None where none was."""
    told = [count for count in counts if count is not None]
    return sum(told) if told else None


def millionths(value: object) -> int | None:
    """A value of a vendor's output, in dollars, as millionths of one; None where it is no amount."""
    is_amount = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_amount or not isinstance(value, int | float) or not 0 <= value <= MOST_DOLLARS:
        return None
    return round(value * 1_000_000)


def fields_of(value: object) -> Fields:
    """A value of a vendor's output as an object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def items_of(value: object) -> list[Fields]:
    """The objects in a value of a vendor's output that should be a list of them."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
