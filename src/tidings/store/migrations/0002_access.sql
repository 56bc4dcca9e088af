-- Who may use the API: connectors, people, their tokens and PINs, and the record of what was done with rights.

CREATE TABLE connector (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    secret TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- An erased person keeps the row, without a phone number, so that what refers to it stays explainable.
CREATE TABLE person (
    id TEXT PRIMARY KEY,
    phone TEXT UNIQUE,
    name TEXT NOT NULL,
    picture TEXT NOT NULL,
    is_bot SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    signed_in_at BIGINT,
    erased_at BIGINT
);

-- `seed` makes, with the token itself, the one successor of a refresh token.
CREATE TABLE token (
    hash TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    kind TEXT NOT NULL,
    connector TEXT NOT NULL,
    person TEXT NOT NULL,
    group_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    seed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX token_connector ON token (connector, person);
CREATE INDEX token_person ON token (person);
CREATE INDEX token_expires_at ON token (expires_at);

-- Kept for unknown numbers too, so that asking for a PIN does the same work for any number.
CREATE TABLE pin (
    phone TEXT NOT NULL,
    connector TEXT NOT NULL,
    sealed TEXT NOT NULL,
    tries SMALLINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (phone, connector)
);
CREATE INDEX pin_expires_at ON pin (expires_at);

-- `tat`: the theoretical arrival time of the generic cell rate algorithm; a row is of no use once it has passed.
CREATE TABLE throttle (
    key TEXT PRIMARY KEY,
    tat BIGINT NOT NULL
);
CREATE INDEX throttle_tat ON throttle (tat);

CREATE TABLE audit (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    about TEXT NOT NULL
);

-- Raised by everything that takes a right away; whoever remembers rights forgets them when it moves.
CREATE TABLE access_version (
    id SMALLINT PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO access_version (id, version) VALUES (1, 0);
