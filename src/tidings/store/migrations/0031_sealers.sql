-- Processes that seal secrets, by the name of the key with which they do; whoever seals everything anew looks here first.
CREATE TABLE sealer (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
