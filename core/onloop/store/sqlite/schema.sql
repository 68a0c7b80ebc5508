-- The log is the truth; every other table is a fold of it, or a row that is outside the fold (leases, what lives with them, tokens, jobs, timers, keys).
-- A seal is a digest over a row's other columns; a tally counts a table's rows and sums their seals.
CREATE TABLE event (
    seq       INTEGER PRIMARY KEY,
    run       TEXT NOT NULL,
    run_seq   INTEGER NOT NULL,
    task      TEXT NOT NULL,
    version   INTEGER NOT NULL,
    name      TEXT NOT NULL,
    data      TEXT NOT NULL,
    at        INTEGER NOT NULL,
    principal TEXT NOT NULL,
    key       TEXT NOT NULL,
    hash      TEXT NOT NULL,
    UNIQUE (run, run_seq),
    UNIQUE (task, version)
) STRICT;
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event WHEN NOT EXISTS (SELECT 1 FROM archived WHERE run = OLD.run)
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;

CREATE TABLE task (
    id         TEXT PRIMARY KEY,
    run        TEXT NOT NULL,
    parent     TEXT,
    state      TEXT NOT NULL,
    wanted     TEXT,               -- role or agent that may claim it, while it waits for one
    held       INTEGER NOT NULL,   -- 1 while somebody holds it
    not_before INTEGER NOT NULL,
    seq        INTEGER NOT NULL,   -- newest event of it
    ordinal    INTEGER NOT NULL,   -- first event of it: the order of creation
    data       TEXT NOT NULL,
    seal       TEXT NOT NULL
) STRICT;
CREATE INDEX task_by_run ON task (run, ordinal);
CREATE INDEX task_by_parent ON task (parent, ordinal) WHERE parent IS NOT NULL;
CREATE INDEX task_by_state ON task (state, wanted, ordinal);
CREATE INDEX task_held ON task (run) WHERE held = 1;

CREATE TABLE house (id TEXT PRIMARY KEY CHECK (id = 'house'), data TEXT NOT NULL, seal TEXT NOT NULL) STRICT;
CREATE TABLE blob (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

CREATE TABLE lease (
    task TEXT PRIMARY KEY, epoch INTEGER NOT NULL, agent TEXT NOT NULL, expires INTEGER NOT NULL, beat_at INTEGER NOT NULL,
    progress_at INTEGER NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_by_expiry ON lease (expires);
CREATE TABLE subagent (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, epoch INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, doing TEXT NOT NULL,
    since INTEGER NOT NULL, said_at INTEGER NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX subagent_by_task ON subagent (task);
CREATE TABLE token (
    digest TEXT PRIMARY KEY, agent TEXT NOT NULL, task TEXT NOT NULL, epoch INTEGER NOT NULL, step TEXT NOT NULL,
    uid INTEGER, launcher TEXT NOT NULL, address TEXT NOT NULL, until INTEGER NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_by_task ON token (task);
CREATE TABLE launcherslot (
    id TEXT PRIMARY KEY, launcher TEXT NOT NULL, lease TEXT NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX launcherslot_by_lease ON launcherslot (lease) WHERE lease <> '';
CREATE INDEX launcherslot_by_launcher ON launcherslot (launcher, lease);
CREATE TABLE launcheruse (launcher TEXT PRIMARY KEY, at INTEGER NOT NULL, seal TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE readingsession (
    digest TEXT PRIMARY KEY, person TEXT NOT NULL, keys TEXT NOT NULL, since INTEGER NOT NULL, expires INTEGER NOT NULL,
    seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX readingsession_by_person ON readingsession (person);
CREATE TABLE workslot (id TEXT PRIMARY KEY, scope TEXT NOT NULL, lease TEXT NOT NULL, seal TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX workslot_by_lease ON workslot (lease) WHERE lease <> '';
CREATE INDEX workslot_by_scope ON workslot (scope, lease);
CREATE TABLE worker (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, launcher TEXT NOT NULL, host TEXT NOT NULL, role TEXT NOT NULL,
    slots INTEGER NOT NULL, told TEXT NOT NULL, since INTEGER NOT NULL, said_at INTEGER NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE lasthour (person TEXT PRIMARY KEY, decided TEXT NOT NULL, seal TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE environment (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, run TEXT NOT NULL, kind TEXT NOT NULL, host TEXT NOT NULL, launcher TEXT NOT NULL,
    made_at INTEGER NOT NULL, used_at INTEGER NOT NULL, details TEXT NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX environment_by_task ON environment (task);
CREATE TABLE fleetmember (
    task TEXT PRIMARY KEY, fleet TEXT NOT NULL, wave INTEGER NOT NULL, standing TEXT NOT NULL, cause TEXT NOT NULL,
    words TEXT NOT NULL, retries INTEGER NOT NULL, priority INTEGER NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX fleetmember_by_wave ON fleetmember (fleet, wave, standing, retries);
CREATE INDEX fleetmember_by_priority ON fleetmember (standing, priority) WHERE priority <> 0;
CREATE TABLE firing (
    id TEXT PRIMARY KEY, schedule TEXT NOT NULL, planned INTEGER NOT NULL, state TEXT NOT NULL, run TEXT NOT NULL,
    words TEXT NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL, leased_by TEXT NOT NULL,
    leased_until INTEGER NOT NULL, done_at INTEGER NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX firing_by_schedule ON firing (schedule, planned);
CREATE TABLE call (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, cause TEXT NOT NULL, level INTEGER NOT NULL, recipient TEXT NOT NULL,
    channel TEXT NOT NULL, state TEXT NOT NULL, since INTEGER NOT NULL, due_at INTEGER NOT NULL, sent_at INTEGER NOT NULL,
    over_at INTEGER NOT NULL, message TEXT NOT NULL, attempts INTEGER NOT NULL, leased_until INTEGER NOT NULL,
    words TEXT NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE delivery (
    id TEXT PRIMARY KEY, hook TEXT NOT NULL, told TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL,
    state TEXT NOT NULL, due INTEGER NOT NULL, tries INTEGER NOT NULL, times INTEGER NOT NULL, outcome TEXT NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_by_state ON delivery (state, due);
CREATE TABLE deliverybody (
    delivery TEXT PRIMARY KEY, headers TEXT NOT NULL, content TEXT NOT NULL, seal TEXT NOT NULL
) STRICT;
CREATE TABLE triggersubject (
    id TEXT PRIMARY KEY, subject TEXT NOT NULL, owner TEXT NOT NULL, work TEXT NOT NULL, revision TEXT NOT NULL,
    at INTEGER NOT NULL, delivery TEXT NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE link (key TEXT PRIMARY KEY, task TEXT NOT NULL, kind TEXT NOT NULL, seal TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX link_by_task ON link (task);
CREATE TABLE pinned (
    digest TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL, compiled TEXT NOT NULL, seal TEXT NOT NULL
) STRICT;
CREATE TABLE job (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, gate TEXT, created_at INTEGER NOT NULL, leased_by TEXT, leased_until INTEGER NOT NULL,
    seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX job_by_task ON job (task);
CREATE TABLE due (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, kind TEXT NOT NULL, token TEXT NOT NULL, at INTEGER NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX due_by_time ON due (at);
CREATE INDEX due_by_task ON due (task);
CREATE TABLE remembered (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, reply TEXT NOT NULL, at INTEGER NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX remembered_by_time ON remembered (at, key);
CREATE TABLE head (run TEXT PRIMARY KEY, count INTEGER NOT NULL, hash TEXT NOT NULL, seal TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE glance (
    task TEXT PRIMARY KEY, epoch INTEGER NOT NULL, commit_id TEXT NOT NULL, exit INTEGER NOT NULL, text TEXT NOT NULL,
    json TEXT NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE brief (
    task TEXT PRIMARY KEY, text TEXT NOT NULL, json TEXT NOT NULL, seal TEXT NOT NULL
) STRICT;
CREATE TABLE archived (
    run TEXT PRIMARY KEY, count INTEGER NOT NULL, hash TEXT NOT NULL, first_seq INTEGER NOT NULL, at INTEGER NOT NULL,
    log_seq INTEGER NOT NULL, log_hash TEXT NOT NULL, seal TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE baseresult (
    key TEXT PRIMARY KEY, base TEXT NOT NULL, gate TEXT NOT NULL, result TEXT NOT NULL, at INTEGER NOT NULL, seal TEXT NOT NULL
) STRICT;
CREATE TABLE tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID;
