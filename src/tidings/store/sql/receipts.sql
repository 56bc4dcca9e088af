-- name: source_added
-- A new source, unless there is one of that name or was.
INSERT INTO source (name, dialect, secret, addresses, created_at) VALUES (:name, :dialect, :secret, :addresses, :at)
ON CONFLICT (name) DO NOTHING;

-- name: source_ended
-- Nothing more is taken from a source.
UPDATE source SET ended_at = :at WHERE name = :name AND ended_at IS NULL;

-- name: source
-- A source that takes something, or with `ended` did.
SELECT name, dialect, secret, addresses, created_at FROM source
WHERE name = :name AND (ended_at IS NULL OR :ended = 1);

-- name: sources
-- The sources that take something, by name.
SELECT name, dialect, secret, addresses, created_at FROM source
WHERE ended_at IS NULL AND name > :after ORDER BY name LIMIT :most;

-- name: receipts
-- Receipts of a source, newest first, from before an id on.
SELECT id, source, at, query, headers, body, peer, state, type, reason FROM receipt
WHERE source = :source AND id < :before ORDER BY id DESC LIMIT :most;

-- name: receipts_unreadable
-- Receipts of a source that could not be understood, newest first, from before an id on.
SELECT id, source, at, query, headers, body, peer, state, type, reason FROM receipt
WHERE source = :source AND state = 'unreadable' AND id < :before ORDER BY id DESC LIMIT :most;

-- name: receipts_from
-- Receipts of all sources, oldest first, from after an id on; duplicates say nothing.
SELECT id, source, at, query, headers, body, peer, state, type, reason FROM receipt
WHERE id > :after AND state <> 'duplicate' ORDER BY id LIMIT :most;

-- name: receipts_counted
-- How many receipts there are that say something.
SELECT COUNT(*) FROM receipt WHERE state <> 'duplicate';

-- name: receipts_forgotten
-- Some receipts that are too old.
DELETE FROM receipt WHERE id IN (SELECT id FROM receipt WHERE at < :before ORDER BY at LIMIT :most) RETURNING id;

-- name: receipts_glimpsed
-- Receipts of a source without what they hold, newest first, from before an id on.
SELECT id, at, peer, state, type, reason, LENGTH(body) AS size FROM receipt
WHERE source = :source AND id < :before ORDER BY id DESC LIMIT :most;

-- name: receipts_glimpsed_unreadable
-- The same of those that could not be understood.
SELECT id, at, peer, state, type, reason, LENGTH(body) AS size FROM receipt
WHERE source = :source AND state = 'unreadable' AND id < :before ORDER BY id DESC LIMIT :most;

-- name: receipt_of_source
-- One receipt of a source.
SELECT id, source, at, query, headers, body, peer, state, type, reason FROM receipt
WHERE id = :id AND source = :source;
