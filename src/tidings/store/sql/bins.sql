-- name: bin_made
-- A bin of that name, unless somebody else's is alive; one's own lives longer, under a new viewer.
INSERT INTO bin (name, connector, address, viewer, created_at, expires_at)
VALUES (:name, :connector, :address, :viewer, :now, :expires_at)
ON CONFLICT (name) DO UPDATE
SET connector = excluded.connector, address = excluded.address, viewer = excluded.viewer,
    expires_at = excluded.expires_at,
    captured = CASE WHEN bin.expires_at <= excluded.created_at THEN 0 ELSE bin.captured END,
    replies = CASE WHEN bin.expires_at <= excluded.created_at THEN '' ELSE bin.replies END
WHERE bin.connector = excluded.connector OR bin.expires_at <= excluded.created_at
RETURNING name;

-- name: bin_cleared
-- What a bin caught goes, if the bin has run out: its name may become somebody else's.
DELETE FROM capture
WHERE bin = :name AND EXISTS (SELECT 1 FROM bin WHERE name = :name AND expires_at <= :now);

-- name: bin
-- A bin that is alive.
SELECT name, connector, address, viewer, captured, replies, expires_at
FROM bin WHERE name = :name AND expires_at > :now;

-- name: bins_of
-- A connector's bins that are alive, by name.
SELECT name, connector, address, viewer, captured, replies, expires_at
FROM bin WHERE connector = :connector AND name > :after AND expires_at > :now ORDER BY name LIMIT :most;

-- name: bins_counted
-- How many bins a connector has that are alive, in all and from one address, besides the one of that name.
SELECT COUNT(*) AS in_all, COALESCE(SUM(CASE WHEN address = :address THEN 1 ELSE 0 END), 0) AS from_address
FROM bin WHERE connector = :connector AND expires_at > :now AND name <> :name;

-- name: bin_replies
-- A bin answers otherwise from now on.
UPDATE bin SET replies = :replies WHERE name = :name AND expires_at > :now;

-- name: bin_counted
-- One more request came to a bin that is alive.
UPDATE bin SET captured = captured + 1 WHERE name = :name AND expires_at > :now;

-- name: capture_added
-- The request that was just counted.
INSERT INTO capture (
    bin, number, at, method, path, query, headers, body, peer, client, http_version, is_tls, tls_version, tls_cipher,
    took_ms, status
)
VALUES (
    :name, (SELECT captured FROM bin WHERE name = :name),
    :at, :method, :path, :query, :headers, :body, :peer, :client, :http_version, :is_tls, :tls_version,
    :tls_cipher, :took_ms, :status
);

-- name: captures_trimmed
-- A bin keeps its newest requests only.
DELETE FROM capture
WHERE bin = :name AND number <= (SELECT captured FROM bin WHERE name = :name) - :most;

-- name: captures_emptied
-- What a bin caught is forgotten at once.
DELETE FROM capture WHERE bin = :name;

-- name: captures
-- What a bin caught after a number, oldest first.
SELECT number, at, method, path, query, headers, body, peer, client, http_version, is_tls, tls_version, tls_cipher,
    took_ms, status
FROM capture WHERE bin = :name AND number > :after ORDER BY number LIMIT :most;

-- name: captures_newest
-- What a bin caught before a number, newest first.
SELECT number, at, method, path, query, headers, body, peer, client, http_version, is_tls, tls_version, tls_cipher,
    took_ms, status
FROM capture WHERE bin = :name AND number < :before ORDER BY number DESC LIMIT :most;

-- name: capture
-- One request that a bin caught.
SELECT number, at, method, path, query, headers, body, peer, client, http_version, is_tls, tls_version, tls_cipher,
    took_ms, status
FROM capture WHERE bin = :name AND number = :number;

-- name: glimpses
-- What a bin caught after a number, oldest first, without headers and bodies.
SELECT number, at, method, path, query, status, LENGTH(body) AS size
FROM capture WHERE bin = :name AND number > :after ORDER BY number LIMIT :most;

-- name: glimpses_newest
-- What a bin caught before a number, newest first, without headers and bodies.
SELECT number, at, method, path, query, status, LENGTH(body) AS size
FROM capture WHERE bin = :name AND number < :before ORDER BY number DESC LIMIT :most;

-- name: bin_ended
-- A bin is alive no more.
UPDATE bin SET expires_at = :now WHERE name = :name AND expires_at > :now;

-- name: captures_forgotten
-- Some requests that are too old.
DELETE FROM capture
WHERE (bin, number) IN (SELECT bin, number FROM capture WHERE at < :before ORDER BY at LIMIT :most)
RETURNING number;

-- name: bins_forgotten
-- Bins that have run out and hold nothing any more.
DELETE FROM bin
WHERE expires_at <= :now AND NOT EXISTS (SELECT 1 FROM capture WHERE capture.bin = bin.name);

-- name: bins_standing
-- All bins that are alive, by name, with when the last request came.
SELECT bin.name, bin.address, bin.captured, bin.created_at, bin.expires_at,
    COALESCE(connector.name, bin.connector) AS connector,
    COALESCE((SELECT at FROM capture WHERE capture.bin = bin.name ORDER BY number DESC LIMIT 1), 0) AS last_at
FROM bin LEFT JOIN connector ON connector.id = bin.connector
WHERE bin.name > :after AND bin.expires_at > :now ORDER BY bin.name LIMIT :most;
