-- Tokens that were removed on purpose (`journal purge-tokens`): no run asks for new ones by itself, since those may end
-- the links in people's mail.
ALTER TABLE confirmations ADD COLUMN token_purged_at INTEGER; -- NULL: it is there, or there never was one
DROP INDEX confirmations_without_token;
CREATE INDEX confirmations_without_token ON confirmations (participant, token_purged_at) WHERE token IS NULL;
