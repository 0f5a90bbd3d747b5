-- Which run renewed a token, so that a renewal of all tokens that was interrupted goes on where it stopped.
ALTER TABLE confirmations ADD COLUMN token_run INTEGER; -- NULL: it came with the create
