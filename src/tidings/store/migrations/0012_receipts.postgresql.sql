-- Received callbacks, and where they come from.

-- `secret` is sealed; `addresses` are blocks, separated by commas, empty for any.
CREATE TABLE source (
    name TEXT PRIMARY KEY,
    dialect TEXT NOT NULL,
    secret TEXT NOT NULL,
    addresses TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);

-- `headers` is JSON, [[name, value], …] as they came; `once` is equal for repetitions alone, empty until it is understood.
CREATE TABLE receipt (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source TEXT NOT NULL,
    at BIGINT NOT NULL,
    query TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    peer TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'kept',
    claimed_at BIGINT NOT NULL DEFAULT 0,
    type TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    once TEXT NOT NULL DEFAULT ''
);
CREATE INDEX receipt_kept ON receipt (id) WHERE state = 'kept';
CREATE INDEX receipt_source ON receipt (source, id);
CREATE INDEX receipt_unreadable ON receipt (source, id) WHERE state = 'unreadable';
CREATE INDEX receipt_once ON receipt (source, once, id) WHERE once <> '';
CREATE INDEX receipt_at ON receipt (at);
