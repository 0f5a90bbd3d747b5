-- What rows were as the last accepted run named them, while a run that isn't accepted yet names them otherwise: a roster
-- that is refused in the end must leave its mail addresses, presets and names neither in exports nor to be sent.
CREATE TABLE restaged (
    participant         INTEGER PRIMARY KEY REFERENCES participants,
    run                 INTEGER NOT NULL,
    roster              INTEGER NOT NULL REFERENCES rosters,
    line                INTEGER NOT NULL,
    name                TEXT NOT NULL,
    preset_name         TEXT NOT NULL,
    picture             TEXT,
    extra               TEXT,
    wanted              TEXT,
    difference_accepted INTEGER NOT NULL,
    person              BLOB,
    twin                INTEGER -- whom it was held back for
) STRICT;

-- The journal's last row when the run began: the later ones are of people whom only it has named, and go with it if it
-- isn't accepted. NULL: the run was an older version's.
ALTER TABLE runs ADD COLUMN last_row INTEGER;
-- Rows that go are looked for among the twins.
CREATE INDEX twins_by_twin ON twins (twin);

-- Whoever has the id of a removed row from now on is another one's, however often we had sent it.
UPDATE participants SET sends = 0 WHERE state = 'removed';
