-- The log is the truth: `event` holds what happened, chained per run; `seal` numbers it and chains the whole log.
-- Every other table is a fold of it, or a row outside the fold. The tables of those rows are made from their records
-- (row_tables.py). A gateway's role may only INSERT into and SELECT from event, seal and blob.
-- One row for each version that the tables had; gateways of the version `oldest` can go on with these tables.
CREATE TABLE about_store (version bigint PRIMARY KEY, oldest bigint NOT NULL, made_at timestamptz NOT NULL DEFAULT now());

CREATE TABLE event (
    run       text COLLATE "C" NOT NULL,
    run_seq   bigint NOT NULL,
    task      text COLLATE "C" NOT NULL,
    version   bigint NOT NULL,
    name      text COLLATE "C" NOT NULL,
    data      text COLLATE "C" NOT NULL,
    at        bigint NOT NULL,
    principal text COLLATE "C" NOT NULL,
    key       text COLLATE "C" NOT NULL,
    hash      text COLLATE "C" NOT NULL,
    PRIMARY KEY (run, run_seq),
    UNIQUE (task, version)
);
CREATE TABLE seal (
    seq      bigint PRIMARY KEY,
    run      text COLLATE "C" NOT NULL,
    run_seq  bigint NOT NULL,
    log_hash text COLLATE "C" NOT NULL,   -- the log's chain after this event
    UNIQUE (run, run_seq)
);
-- What is committed and has no number yet: one row for each stretch of a run's chain.
CREATE TABLE pending (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run   text COLLATE "C" NOT NULL,
    first bigint NOT NULL,
    last  bigint NOT NULL
);
-- The end of each run's chain, and of the log's under the empty name. A writer locks the rows of its runs first.
-- `turn` counts the transactions that changed anything of the run; `tally` is this run's part of the tables' tallies.
CREATE TABLE head (
    run   text COLLATE "C" PRIMARY KEY,
    count bigint NOT NULL,
    hash  text COLLATE "C" NOT NULL,
    seal  text COLLATE "C" NOT NULL,
    turn  bigint NOT NULL DEFAULT 0,
    tally text COLLATE "C" NOT NULL DEFAULT ''
) WITH (fillfactor = 50);
-- Parts of the tallies that belong to no run: whoever has something to add takes a free row.
CREATE TABLE tally (slot bigint PRIMARY KEY, sums text COLLATE "C" NOT NULL) WITH (fillfactor = 50);
INSERT INTO tally SELECT slot, '' FROM generate_series(1, 16) AS slot;

CREATE TABLE task (
    id         text COLLATE "C" PRIMARY KEY,
    run        text COLLATE "C" NOT NULL,
    parent     text COLLATE "C",
    state      text COLLATE "C" NOT NULL,
    reason     text COLLATE "C",
    wanted     text COLLATE "C",          -- role or agent that may claim it, while it waits for one
    held       bigint NOT NULL,           -- 1 while somebody holds it
    not_before bigint NOT NULL,
    data       text COLLATE "C" NOT NULL,
    seal       text COLLATE "C" NOT NULL,
    ordinal    bigint GENERATED ALWAYS AS IDENTITY  -- the order of creation
) WITH (fillfactor = 70);
CREATE INDEX task_by_run ON task (run, ordinal);
CREATE INDEX task_by_parent ON task (parent, ordinal) WHERE parent IS NOT NULL;
CREATE INDEX task_by_state ON task (state);
CREATE INDEX task_waiting ON task (wanted, ordinal) WHERE wanted IS NOT NULL AND state = 'submitted';
CREATE INDEX task_held ON task (run) WHERE held = 1;
CREATE INDEX task_in_order ON task (ordinal);

CREATE TABLE house (id text COLLATE "C" PRIMARY KEY CHECK (id = 'house'), data text COLLATE "C" NOT NULL, seal text COLLATE "C" NOT NULL);
CREATE TABLE blob (digest text COLLATE "C" PRIMARY KEY, bytes bytea NOT NULL);
ALTER TABLE blob ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only';
END $$;
CREATE TRIGGER event_is_never_changed BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seal_is_never_changed BEFORE UPDATE OR DELETE ON seal FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Number and chain what is committed and has no number: at most `most` stretches, each run's in its order. It answers how
-- many there were, or -1 where another does it now and this one does not `wait`. Locks: onloop's number, 2.
CREATE FUNCTION seal_log(most bigint, wait boolean) RETURNS bigint LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    number  bigint;
    chained text;
    item    record;
    places  bigint[];
BEGIN
    IF NOT EXISTS (SELECT FROM pending) THEN
        RETURN 0;
    END IF;
    IF wait THEN
        PERFORM pg_advisory_xact_lock(1869507696, 2);
    ELSIF NOT pg_try_advisory_xact_lock(1869507696, 2) THEN
        RETURN -1;
    END IF;
    places := ARRAY(SELECT place FROM pending ORDER BY place LIMIT most);
    IF cardinality(places) = 0 THEN
        RETURN 0;
    END IF;
    SELECT count, hash INTO number, chained FROM head WHERE run = '';
    IF NOT FOUND THEN
        number := 0;
        chained := repeat('0', 64);
        INSERT INTO head (run, count, hash, seal) VALUES ('', 0, chained, '');
    END IF;
    FOR item IN
        SELECT e.run, e.run_seq, e.hash FROM pending p JOIN event e ON e.run = p.run AND e.run_seq BETWEEN p.first AND p.last
        WHERE p.place = ANY (places) ORDER BY p.place, e.run_seq
    LOOP
        number := number + 1;
        chained := encode(sha256(convert_to(chained || number || ':' || item.hash, 'UTF8')), 'hex');
        INSERT INTO seal VALUES (number, item.run, item.run_seq, chained);
    END LOOP;
    DELETE FROM pending WHERE place = ANY (places);
    UPDATE head SET count = number, hash = chained, turn = turn + 1,
        seal = encode(sha256(convert_to('(''head'', '''', ' || number || ', ''' || chained || ''')', 'UTF8')), 'hex')
        WHERE run = '';
    PERFORM pg_notify('onloop', number::text);
    RETURN cardinality(places);
END $$;
