-- What is fetched at intervals from other systems.

-- `secret`, `refresh_token` and `access_token` are sealed. `cursor` is the dialect's, JSON, empty before the first time.
-- `held_until` is when the process `holder` has lost its hold, 0 if nobody has one.
CREATE TABLE pull (
    name TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    remote TEXT NOT NULL,
    application TEXT NOT NULL,
    secret TEXT NOT NULL,
    refresh_token TEXT NOT NULL,
    access_token TEXT NOT NULL DEFAULT '',
    access_until BIGINT NOT NULL DEFAULT 0,
    group_id TEXT NOT NULL,
    every_ms BIGINT NOT NULL,
    cursor TEXT NOT NULL DEFAULT '',
    next_at BIGINT NOT NULL,
    holder TEXT NOT NULL DEFAULT '',
    held_until BIGINT NOT NULL DEFAULT 0,
    succeeded_at BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    pulled BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX pull_next ON pull (next_at) WHERE ended_at IS NULL;
