-- The console: who is signed in, what each person may do there, links that let somebody in, and what happened a minute.

-- `hash` is of the token in the cookie. `expires_at` moves with use, up to `ends_at`.
CREATE TABLE session (
    hash TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL
);
CREATE INDEX session_person ON session (person, created_at, id);
CREATE INDEX session_expires_at ON session (expires_at);

-- Whoever is not here sees only their own groups.
CREATE TABLE console_role (
    person TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    given_at BIGINT NOT NULL
);

-- Good once. `person` is who is signed in by it; empty for one that makes an owner.
CREATE TABLE console_link (
    hash TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX console_link_expires_at ON console_link (expires_at);

-- How much happened in each minute, by the instant at which it began.
CREATE TABLE pace_of_minute (
    minute BIGINT PRIMARY KEY,
    kept BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    received BIGINT NOT NULL
);
