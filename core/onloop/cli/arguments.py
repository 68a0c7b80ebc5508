"""What each verb takes, as a record with a type for every argument; its row says how a command line gives it."""

from __future__ import annotations

from onloop.records import Record


class Arguments(Record, frozen=True, kw_only=True):
    """What every verb takes, and all that some of them take."""

    store: str | None = None
    as_json: bool = False


class PersonArguments(Arguments, frozen=True, kw_only=True):
    """Of whoever decides: who they say they are, and where their passphrase is read."""

    person: str | None
    passphrase_fd: int | None


class KeyArguments(Arguments, frozen=True, kw_only=True):
    """Of a verb of agents or launchers that acts once under a key."""

    key: str


class DashboardArguments(Arguments, frozen=True, kw_only=True):
    """Of `onloop` alone."""

    version: bool
    read_only: bool
    person: str | None
    role: str | None
    plain: bool
    settings: str | None
    workflows: tuple[str, ...]


class ClaimArguments(KeyArguments, frozen=True, kw_only=True):
    """Of claim."""

    task: str | None
    role: str
    name: str | None
    lease: str
    branch: str
    token_fd: int | None


class JoinArguments(Arguments, frozen=True, kw_only=True):
    """Of join."""

    task: str
    role: str | None
    name: str | None
    lease: str
    shell: bool


class LeaveArguments(Arguments, frozen=True, kw_only=True):
    """Of leave."""

    reason: str


class LogsArguments(PersonArguments, frozen=True, kw_only=True):
    """Of logs."""

    task: str
    follow: bool
    lines: int
    agent: bool
    gate: str | None
    effect: bool
    attempt: int | None


class SubmitArguments(KeyArguments, frozen=True, kw_only=True):
    """Of submit."""

    ref: str
    statement: str
    wait: str


class AskArguments(KeyArguments, frozen=True, kw_only=True):
    """Of ask."""

    question: str


class ReviewArguments(KeyArguments, frozen=True, kw_only=True):
    """Of review."""

    verdict: str
    reason: str


class SpawnArguments(KeyArguments, frozen=True, kw_only=True):
    """Of spawn."""

    title: str
    brief: str
    after: tuple[str, ...] | None
    environment: str | None


class TellArguments(KeyArguments, frozen=True, kw_only=True):
    """Of tell."""

    text: str
    to: str
    kind: str


class CheckpointArguments(KeyArguments, frozen=True, kw_only=True):
    """Of checkpoint."""

    stdin: str | None
    file: str


class HandoffArguments(KeyArguments, frozen=True, kw_only=True):
    """Of handoff."""

    to: str
    why: str
    open: tuple[str, ...] | None


class HeartbeatArguments(Arguments, frozen=True, kw_only=True):
    """Of heartbeat."""

    context: str | None
    sub_agent: str | None
    kind: str
    doing: str
    ended: tuple[str, ...] | None
    tokens_in: int | None
    tokens_cached: int | None
    tokens_out: int | None
    cost: str | None
    model: str


class ReasonArguments(KeyArguments, frozen=True, kw_only=True):
    """Of fail."""

    reason: str


class ReleaseArguments(ReasonArguments, frozen=True, kw_only=True):
    """Of release."""

    until: str | None
    why: str


class GivingArguments(KeyArguments, frozen=True, kw_only=True):
    """Of a verb that begins a run: what comes with it."""

    brief: str | None
    attach: tuple[str, ...] | None
    label: tuple[str, ...] | None
    budget: str | None


class StartArguments(GivingArguments, frozen=True, kw_only=True):
    """Of start."""

    workflow: str | None
    repo: str | None
    branch: str | None
    title: str | None
    dry_run: bool
    no_base_check: bool
    wait: str
    from_branch: str | None
    from_pull_request: str | None
    ticket: str | None


class RunArguments(Arguments, frozen=True, kw_only=True):
    """Of a verb that looks at one run, or at all."""

    run: str | None


class TreeArguments(RunArguments, frozen=True, kw_only=True):
    """Of tree."""

    at: str | None


class ListArguments(TreeArguments, frozen=True, kw_only=True):
    """Of list."""

    state: str | None
    a2a: bool
    columns: str | None
    sort: str | None


class LogArguments(RunArguments, frozen=True, kw_only=True):
    """Of log."""

    task: str | None
    after: int
    limit: int


class DecisionsArguments(RunArguments, frozen=True, kw_only=True):
    """Of decisions."""

    by: str | None
    limit: int


class WorkArguments(Arguments, frozen=True, kw_only=True):
    """Of work."""

    role: str
    agent: str | None
    acp: str | None
    permit: tuple[str, ...]
    jobs: int | None
    min: int | None
    max: int | None
    run: str | None
    repo: str | None
    workflow: str | None
    label: str | None
    name: str | None
    once: bool
    lease: str
    stall: str
    agent_env: tuple[str, ...]
    environment: str | None
    reach: tuple[str, ...]
    show: tuple[str, ...]
    reuse: str
    warm: int
    memory: int | None
    token_fd: int | None
    command: tuple[str, ...]


class VerifierArguments(Arguments, frozen=True, kw_only=True):
    """Of verifier."""

    idle_exit: str
    jobs: str


class DemoArguments(Arguments, frozen=True, kw_only=True):
    """Of demo."""

    play: str | None
    dir: str | None
    unattended: bool
    tour: bool


class InitArguments(Arguments, frozen=True, kw_only=True):
    """Of init."""

    repo: str | None
    force: bool
    commit: bool
    name: str | None
    group: tuple[str, ...] | None
    email: str
    isolate: str | None
    agents: str
    runtime_role: str
    passphrase_fd: int | None


class EnrolArguments(PersonArguments, frozen=True, kw_only=True):
    """Of enrol."""

    name: str
    group: tuple[str, ...] | None
    email: str
    new_passphrase_fd: int | None
    key: str


class FilesArguments(Arguments, frozen=True, kw_only=True):
    """Of validate."""

    files: tuple[str, ...]


class HelpArguments(Arguments, frozen=True, kw_only=True):
    """Of help."""

    topic: str | None
    word: str | None


class CompletionArguments(Arguments, frozen=True, kw_only=True):
    """Of completion."""

    shell: str


class SchemaArguments(Arguments, frozen=True, kw_only=True):
    """Of schema."""

    name: str | None


class GraphArguments(Arguments, frozen=True, kw_only=True):
    """Of graph."""

    workflow: str | None
    task: str | None
    text: bool


class WorkflowArguments(Arguments, frozen=True, kw_only=True):
    """Of workflow."""

    what: str
    name: str | None
    file: str | None = None
    format: str = ""
    strict: bool = False


class PolicyArguments(PersonArguments, frozen=True, kw_only=True):
    """Of policy."""

    what: str
    names: tuple[str, ...]
    control: str | None
    control_branch: str | None
    reason: str
    key: str


class ServeArguments(Arguments, frozen=True, kw_only=True):
    """Of serve."""

    group: str | None
    jobs: str
    listen: str | None
    tls_cert: str | None
    tls_key: str | None
    public_url: tuple[str, ...] | None
    behind_proxy: tuple[str, ...] | None
    web: bool
    web_user: str | None


class DoctorArguments(Arguments, frozen=True, kw_only=True):
    """Of doctor."""

    agent: str | None
    repo: str | None
    forge: str | None


class AttestArguments(Arguments, frozen=True, kw_only=True):
    """Of attest."""

    task: str | None
    out: str | None
    verify: str | None
    key_file: str | None
    public_key: bool


class StoreArguments(PersonArguments, frozen=True, kw_only=True):
    """Of store."""

    what: str
    file: str | None
    before: str
    read: bool
    runtime_role: str
