-- What confirmed rows were as the last accepted run named them, while a run that isn't accepted yet names them otherwise:
-- a roster that is refused in the end must not leave its mail addresses and presets in exports.
CREATE TABLE restaged (
    participant         INTEGER PRIMARY KEY REFERENCES participants,
    roster              INTEGER NOT NULL REFERENCES rosters,
    line                INTEGER NOT NULL,
    extra               TEXT,
    wanted              TEXT,
    difference_accepted INTEGER NOT NULL,
    person              BLOB
) STRICT;
