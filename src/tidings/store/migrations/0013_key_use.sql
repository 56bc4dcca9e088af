-- When a key was last used, so that whoever keeps keys can tell which may go.

ALTER TABLE token ADD COLUMN used_at BIGINT;
CREATE INDEX token_key ON token (connector, created_at, hash) WHERE purpose = 'static';
