-- Looking after people, programs and the record: who is there and when they were last seen, what they hold, who did what.

ALTER TABLE person ADD COLUMN seen_at BIGINT;
CREATE INDEX person_created_at ON person (created_at, id) WHERE is_bot = 0 AND erased_at IS NULL;

-- A connector's tokens of one purpose by age, and when it was last heard of.
CREATE INDEX token_purpose ON token (connector, purpose, created_at, hash);
CREATE INDEX token_used_at ON token (connector, used_at);

CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE INDEX audit_about ON audit (about, id);
