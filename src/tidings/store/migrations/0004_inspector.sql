-- The request inspector: bins, and the requests that were caught in them.

-- `viewer` is the hash of the token that shows what is in it; `captured` counts every request that ever came.
CREATE TABLE bin (
    name TEXT PRIMARY KEY,
    connector TEXT NOT NULL,
    viewer TEXT NOT NULL,
    captured BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX bin_expiry ON bin (expires_at);

-- `headers` is JSON, [[name, value], …] as they came; `peer` the connection's other end, `client` whom a trusted proxy names.
CREATE TABLE capture (
    bin TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    peer TEXT NOT NULL,
    client TEXT NOT NULL,
    PRIMARY KEY (bin, number)
);
CREATE INDEX capture_at ON capture (at);
