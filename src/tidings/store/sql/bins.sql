-- name: bin_made
-- A bin of that name, unless somebody else's is alive; one's own lives longer, under a new viewer.
INSERT INTO bin (name, connector, viewer, created_at, expires_at)
VALUES (:name, :connector, :viewer, :now, :expires_at)
ON CONFLICT (name) DO UPDATE
SET connector = excluded.connector, viewer = excluded.viewer, expires_at = excluded.expires_at
WHERE bin.connector = excluded.connector OR bin.expires_at <= excluded.created_at
RETURNING name;

-- name: bin_cleared
-- What a bin caught goes, if the bin has run out: its name may become somebody else's.
DELETE FROM capture
WHERE bin = :name AND EXISTS (SELECT 1 FROM bin WHERE name = :name AND expires_at <= :now);

-- name: bin
-- A bin that is alive.
SELECT name, connector, viewer, expires_at FROM bin WHERE name = :name AND expires_at > :now;

-- name: bin_counted
-- One more request came to a bin that is alive.
UPDATE bin SET captured = captured + 1 WHERE name = :name AND expires_at > :now;

-- name: capture_added
-- The request that was just counted.
INSERT INTO capture (bin, number, at, method, path, query, headers, body, peer, client)
VALUES (
    :name, (SELECT captured FROM bin WHERE name = :name),
    :at, :method, :path, :query, :headers, :body, :peer, :client
);

-- name: captures_trimmed
-- A bin keeps its newest requests only.
DELETE FROM capture
WHERE bin = :name AND number <= (SELECT captured FROM bin WHERE name = :name) - :most;

-- name: captures
-- What a bin caught after a number, oldest first.
SELECT number, at, method, path, query, headers, body, peer, client
FROM capture WHERE bin = :name AND number > :after ORDER BY number LIMIT :most;

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
