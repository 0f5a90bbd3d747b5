-- The journal: what was intended, what came of it. GUARANTEE.md sections 3 and 4.
-- Times are milliseconds since 1970 UTC unless a column says otherwise.

-- One row: whose journal it is, and the fence between runs.
CREATE TABLE journal (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    api_origin TEXT,                        -- scheme, host and port of the API; bound by the first run
    run        INTEGER NOT NULL DEFAULT 0,  -- raised by whoever takes the lock; every claim and record checks it
    gate_until INTEGER,                     -- until when the server asked us to wait
    CHECK (run >= 0)
) STRICT;
INSERT INTO journal (id) VALUES (1);

CREATE TABLE runs (
    run         INTEGER PRIMARY KEY,
    command     TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    accepted_at INTEGER,                    -- its last row was validated: its rows may be sent
    finished_at INTEGER,
    exit_code   INTEGER,
    invalid     INTEGER NOT NULL DEFAULT 0, -- roster rows that never became participants
    left_out    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A file that a run read.
CREATE TABLE rosters (
    roster        INTEGER PRIMARY KEY,
    run           INTEGER NOT NULL REFERENCES runs,
    file          TEXT NOT NULL,
    extra_columns TEXT NOT NULL DEFAULT '[]' -- JSON array: names of the columns that we only carry along
) STRICT;

CREATE TABLE meetings (
    meeting    INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL,
    app_id     TEXT NOT NULL,
    meeting_id TEXT NOT NULL,
    id_source  TEXT,                        -- where custom_participant_ids come from; bound by the first accepted run
    listed_at  INTEGER,                     -- a complete listing came before the first create of this run
    UNIQUE (account_id, app_id, meeting_id)
) STRICT;

-- The meetings that a run's rows are in.
CREATE TABLE run_meetings (
    run       INTEGER NOT NULL REFERENCES runs,
    meeting   INTEGER NOT NULL REFERENCES meetings,
    id_source TEXT NOT NULL,                -- what the meeting is bound to once the run is accepted
    PRIMARY KEY (run, meeting)
) STRICT, WITHOUT ROWID;

-- What the server said of an added or present participant; only ever appended to, since tokens are the bulk of a journal.
CREATE TABLE confirmations (
    confirmation     INTEGER PRIMARY KEY,
    participant      INTEGER NOT NULL, -- whose it is: the other end of participants.confirmation
    participant_id   TEXT NOT NULL CHECK (participant_id <> ''), -- the API's
    created_at       TEXT NOT NULL,    -- as the API wrote it
    updated_at       TEXT NOT NULL,
    token            TEXT,
    token_expires_at INTEGER           -- seconds since 1970, from the token's payload
) STRICT;
CREATE INDEX confirmations_without_token ON confirmations (participant) WHERE token IS NULL;

-- The rows. An added row was created by our answer; a present one was found in a listing: by one of our creates in
-- doubt if there was one (sends > 0, reconciled), else it was there before us (found).
CREATE TABLE participants (
    participant           INTEGER PRIMARY KEY,
    meeting               INTEGER NOT NULL REFERENCES meetings,
    custom_participant_id TEXT NOT NULL,
    state                 TEXT NOT NULL DEFAULT 'planned',
    run                   INTEGER NOT NULL,            -- the last run whose roster names it
    roster                INTEGER NOT NULL,            -- where it stands there
    line                  INTEGER NOT NULL,
    sends                 INTEGER NOT NULL DEFAULT 0 CHECK (sends >= 0), -- creates that may have reached the server
    sent_run              INTEGER NOT NULL DEFAULT -1, -- the run whose create was answered or lost last; -1, as wide as a run: none
    confirmation          INTEGER REFERENCES confirmations,
    name                  TEXT NOT NULL,               -- what was or will be sent, or was found
    preset_name           TEXT NOT NULL,
    picture               TEXT,
    extra                 TEXT,                        -- JSON array, aligned with rosters.extra_columns
    wanted                TEXT,                        -- JSON: the roster's fields where they differ from the above
    difference_accepted   INTEGER NOT NULL DEFAULT 0 CHECK (difference_accepted IN (0, 1)),
    UNIQUE (meeting, custom_participant_id),
    -- A CASE, since SQLite builds a temporary table for every IN of three or more.
    CHECK (CASE state
        WHEN 'planned' THEN confirmation IS NULL
        WHEN 'sending' THEN confirmation IS NULL AND sends > 0
        WHEN 'added' THEN confirmation IS NOT NULL AND sends > 0
        WHEN 'present' THEN confirmation IS NOT NULL
        WHEN 'rejected' THEN confirmation IS NULL
        WHEN 'uncertain' THEN confirmation IS NULL AND sends > 0
        WHEN 'conflict' THEN confirmation IS NULL
        WHEN 'removed' THEN confirmation IS NULL
        ELSE FALSE END)
) STRICT;
-- The queue and what is unsettled. A row stays in it from planned over sending to its end, so that a claim costs nothing.
CREATE INDEX participants_open ON participants (meeting, participant) WHERE confirmation IS NULL;

-- What is known of an uncertain row.
CREATE TABLE doubts (
    participant INTEGER PRIMARY KEY REFERENCES participants,
    since       INTEGER NOT NULL,   -- when we stopped waiting for the answer
    proof       TEXT NOT NULL CHECK (proof IN ('none', 'applied', 'refused')),
    cause       TEXT NOT NULL,
    remote_id   TEXT,
    absences    INTEGER NOT NULL DEFAULT 0 CHECK (absences BETWEEN 0 AND 2) -- complete scans that didn't show it
) STRICT;

-- Why the API refused a rejected row.
CREATE TABLE refusals (
    participant INTEGER PRIMARY KEY REFERENCES participants,
    status      INTEGER NOT NULL,
    code        INTEGER,
    message     TEXT NOT NULL
) STRICT;

-- The participants that share the id of a row in conflict.
CREATE TABLE conflicts (
    participant    INTEGER NOT NULL REFERENCES participants,
    participant_id TEXT NOT NULL,
    PRIMARY KEY (participant, participant_id)
) STRICT, WITHOUT ROWID;
