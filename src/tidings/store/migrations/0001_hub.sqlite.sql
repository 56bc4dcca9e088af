-- The hub on SQLite: who is owed what, what happened, and who wants to hear of it.

CREATE TABLE owner (
    -- AUTOINCREMENT: the number of a dead owner is never given again.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    beat BIGINT NOT NULL
);

-- Unfinished deliveries. `owner` is 0 for a debt that nobody works on. In an order, a debt that was found to wait behind
-- an older one is due never (9223372036854775807), so that a claim does not meet it again and again.
CREATE TABLE owed (
    event BIGINT NOT NULL,
    subscription BIGINT NOT NULL,
    due BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    first_at BIGINT NOT NULL DEFAULT 0,
    owner BIGINT NOT NULL DEFAULT 0,
    order_key TEXT,
    PRIMARY KEY (subscription, event)
) WITHOUT ROWID;
CREATE INDEX owed_due ON owed (subscription, due, event) WHERE owner = 0;
CREATE INDEX owed_order ON owed (subscription, order_key, event) WHERE order_key IS NOT NULL;

-- Whatever removes the head of an order makes the next one due, as it was when it was made.
CREATE TRIGGER owed_order_goes_on AFTER DELETE ON owed WHEN OLD.order_key IS NOT NULL
BEGIN
    UPDATE owed SET due = coalesce((SELECT at FROM event WHERE id = owed.event), 0)
    WHERE subscription = OLD.subscription AND due = 9223372036854775807 AND event = (
        SELECT min(event) FROM owed WHERE subscription = OLD.subscription AND order_key = OLD.order_key
    );
END;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    at BIGINT NOT NULL,
    source TEXT NOT NULL,
    wire_id TEXT NOT NULL,
    subjects TEXT NOT NULL,
    actor TEXT,
    -- Last, because reading a row stops at the last column that is asked for.
    data TEXT NOT NULL
);

-- What happened to deliveries. One row of a finished delivery is final: its last word.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    event BIGINT NOT NULL,
    subscription BIGINT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    state TEXT NOT NULL,
    is_final SMALLINT NOT NULL,
    is_probe SMALLINT NOT NULL,
    status BIGINT NOT NULL,
    error TEXT NOT NULL,
    address TEXT NOT NULL,
    headers TEXT NOT NULL,
    answer BLOB NOT NULL,
    timings TEXT NOT NULL,
    next_at BIGINT NOT NULL
);
CREATE INDEX attempt_delivery ON attempt (subscription, event);

CREATE TABLE publication_key (
    connector TEXT NOT NULL,
    key TEXT NOT NULL,
    hash BLOB NOT NULL,
    event BIGINT NOT NULL,
    wire_id TEXT NOT NULL,
    deliveries BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (connector, key)
) WITHOUT ROWID;
CREATE INDEX publication_key_at ON publication_key (at);

CREATE TABLE lane (
    subscription INTEGER PRIMARY KEY,
    delivered BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    succeeded_at BIGINT NOT NULL DEFAULT 0,
    refused_at BIGINT NOT NULL DEFAULT 0,
    circuit TEXT NOT NULL DEFAULT '',
    tat DOUBLE PRECISION NOT NULL DEFAULT 0
);

CREATE TABLE subscription_version (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO subscription_version (id, version) VALUES (1, 0);

-- `withheld` is 0, or a sum of reasons: 1 the owner lost the right to hear, 2 the connector was revoked.
CREATE TABLE subscription (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    types TEXT NOT NULL,
    url TEXT NOT NULL,
    token TEXT,
    context TEXT,
    format TEXT NOT NULL,
    secrets TEXT NOT NULL,
    headers TEXT NOT NULL,
    basic_auth TEXT,
    client_certificate TEXT,
    schedule TEXT,
    timeout_ms BIGINT NOT NULL,
    order_key TEXT,
    rate DOUBLE PRECISION NOT NULL,
    filters TEXT,
    state TEXT NOT NULL,
    withheld BIGINT NOT NULL DEFAULT 0,
    connector TEXT NOT NULL,
    owner TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    disabled_at BIGINT,
    disabled_why TEXT NOT NULL DEFAULT '',
    expiry_announced SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX subscription_changes ON subscription (version, number);
CREATE INDEX subscription_subject ON subscription (kind, object, number);
-- What has to end, and what must be announced before it does.
CREATE INDEX subscription_expiry ON subscription (expires_at) WHERE state <> 'ended';

-- Types that applications registered; `schema` is JSON Schema, empty for none.
CREATE TABLE event_type (
    name TEXT PRIMARY KEY,
    description TEXT NOT NULL DEFAULT '',
    schema TEXT NOT NULL DEFAULT '',
    connector TEXT NOT NULL,
    changed_at BIGINT NOT NULL
) WITHOUT ROWID;

-- Application ids, and the connector that named each first.
CREATE TABLE application (
    id TEXT PRIMARY KEY,
    connector TEXT NOT NULL,
    at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
