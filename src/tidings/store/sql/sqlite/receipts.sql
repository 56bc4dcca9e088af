-- name: receipts_kept
-- New receipts, of a JSON array.
INSERT INTO receipt (source, at, query, headers, body, peer)
SELECT
    value ->> 'source', value ->> 'at', value ->> 'query', value ->> 'headers', unhex(value ->> 'body'), value ->> 'peer'
FROM json_each(:receipts)
RETURNING id;

-- name: receipts_claimed
-- Receipts that nobody has understood yet, or is about to.
UPDATE receipt SET claimed_at = :now
WHERE id IN (
    SELECT id FROM receipt WHERE state = 'kept' AND claimed_at < :before ORDER BY id LIMIT :most
)
RETURNING id, source, at, query, headers, body, peer;

-- name: receipts_done
-- What became of receipts, of a JSON array.
UPDATE receipt SET state = done.state, type = done.type, reason = done.reason
FROM (
    SELECT
        value ->> 'id' AS id, value ->> 'state' AS state, value ->> 'type' AS type, value ->> 'reason' AS reason
    FROM json_each(:done)
) AS done
WHERE receipt.id = done.id;

-- name: receipts_told
-- What receipts say, of a JSON array, by which repetitions are known.
UPDATE receipt SET once = told.once
FROM (SELECT value ->> 'id' AS id, value ->> 'once' AS once FROM json_each(:told)) AS told
WHERE receipt.id = told.id;

-- name: receipts_repeated
-- Of those receipts, the ones that say what an earlier one of their source said, within their window, are duplicates.
UPDATE receipt SET state = 'duplicate', type = told.type
FROM (
    SELECT value ->> 'id' AS id, value ->> 'type' AS type, value ->> 'window_ms' AS window_ms FROM json_each(:told)
) AS told
WHERE receipt.id = told.id AND EXISTS (
    SELECT 1 FROM receipt AS earlier
    WHERE earlier.source = receipt.source AND earlier.once = receipt.once AND earlier.once <> '' AND earlier.id < receipt.id
    AND earlier.at >= receipt.at - told.window_ms
)
RETURNING receipt.id;
