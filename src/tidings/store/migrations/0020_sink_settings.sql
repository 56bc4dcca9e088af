-- How a sink is entered that is no webhook: sealed JSON, empty for those that are, and for those that have ended.
ALTER TABLE sink ADD COLUMN settings TEXT NOT NULL DEFAULT '';
