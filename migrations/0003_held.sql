-- Rows that are held back, since the person they name seems to be in the meeting under another id.
ALTER TABLE participants ADD COLUMN person BLOB; -- a hash of name and e-mail, the same whatever the id; NULL without e-mail

-- Whom a held row seems to be.
CREATE TABLE twins (
    participant INTEGER PRIMARY KEY REFERENCES participants, -- held
    twin        INTEGER NOT NULL REFERENCES participants     -- maybe in the meeting, and not named by the roster any more
) STRICT;

-- A CHECK that allows more than before holds for every row that is there, so that the table needs no copy: the way of
-- https://www.sqlite.org/lang_altertable.html#otheralter for changes that don't touch what is stored.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'WHEN ''removed'' THEN confirmation IS NULL',
    'WHEN ''held'' THEN confirmation IS NULL AND sends = 0
        WHEN ''removed'' THEN confirmation IS NULL')
WHERE type = 'table' AND name = 'participants';
PRAGMA writable_schema = RESET;
